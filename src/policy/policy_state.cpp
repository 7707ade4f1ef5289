#include "policy/policy_state.hpp"

#include "observability/duration_text.hpp"
#include "observability/logger.hpp"
#include "observability/settings.hpp"
#include "policy/random.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace weir::policy {
namespace {

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::retry: return "retry";
    case Verdict::not_transient: return "not_transient";
    case Verdict::not_repeatable: return "not_repeatable";
    case Verdict::switched_off: return "switched_off";
    case Verdict::attempts_used_up: return "attempts_used_up";
    case Verdict::deadline_near: return "deadline_near";
    case Verdict::budget_empty: return "budget_empty";
  }
  return "unknown";
}

void log_retry(const PolicyState& state, metrics::Operation operation, const Error& error, Duration delay) {
  static auto& logger = log::component("policy");
  if (!logger.enabled(log::Level::info)) return;
  logger.write(log::Level::info, state.name + ": " + std::string(metrics::to_string(operation)) + " again in " +
                                     duration_text(delay) + " after: " + error.what());
}

void log_slow(const PolicyState& state, metrics::Operation operation, Duration duration, const Attempts& attempts,
              const std::string& tag, const Error* error) {
  static auto& logger = log::component("operation");
  const auto threshold = observability::slow_threshold.load(std::memory_order_relaxed);
  if (threshold <= 0 || duration < std::chrono::nanoseconds(threshold) || !logger.enabled(log::Level::warning)) return;
  auto text = state.name + ": " + std::string(metrics::to_string(operation)) + " took " + duration_text(duration);
  if (attempts.current() > 1) text += " in " + std::to_string(attempts.current()) + " attempts";
  if (!tag.empty()) text += ", tag " + tag;
  if (error != nullptr) text += ", and failed: " + std::string(error->what());
  logger.write(log::Level::warning, text);
}

}  // namespace

Course::Course(StatePointer state, metrics::Operation operation, CallContext context)
    : state_(std::move(state)),
      operation_(operation),
      context_(std::move(context)),
      options_(state_->retry_of(context_)),
      observed_(observability::any()) {
  if (observed_) begun_ = state_->clock->now();
}

Course::~Course() {
  if (probe_) state_->breaker->abandoned();
}

void Course::enter() {
  const auto now = state_->clock->now();
  const auto answer = state_->breaker->ask(now);
  if (answer == CircuitBreaker::Answer::refused) throw ended_with(state_->breaker->refusal(now));
  probe_ = answer == CircuitBreaker::Answer::probe;
}

void Course::count(const Error& error, const Failure& failure) {
  if (!state_->breaker->failed(error, std::exchange(probe_, false), failure.now, failure.random)) return;
  static auto& logger = log::component("policy");
  if (logger.enabled(log::Level::warning))
    logger.write(log::Level::warning, state_->name + ": the circuit breaker opens after: " + error.what());
}

awaitable<void> Course::turn() {
  const auto now = state_->clock->now();
  const auto delay = state_->rate->reserve(now);
  if (delay <= Duration{0}) co_return;
  std::optional<Error> stopped;
  if (delay >= context_.deadline - now) {
    stopped =
        Error(errc::throttled, "the store lately took so few requests that this one would be sent after its deadline");
  } else {
    try {
      co_await pause_for(*state_->clock, delay);
    } catch (const boost::system::system_error&) {
      stopped = current_error();
    }
  }
  if (!stopped) co_return;
  state_->rate->give_back();
  throw ended_with(*stopped);
}

CallContext Course::next() {
  // A backend that knows deadlines says in which phase the time ran out.
  if (needs_deadline(*state_, context_) && state_->clock->now() >= context_.deadline)
    throw ended_with(Error(errc::timeout, "the deadline passed before the store was asked"));
  if (state_->breaker) enter();
  auto context = context_;
  context.attempt = attempts_.current();
  return context;
}

awaitable<void> Course::failed(Error error, Effect effect) {
  Failure failure;
  failure.effect = effect;
  failure.now = state_->clock->now();
  if (state_->rate && is_throttling(error)) state_->rate->answered(failure.now, true);
  failure.deadline = context_.deadline;
  failure.random = random_share();
  if (state_->breaker) count(error, failure);
  if (error.context().retry_after().count() > 0) failure.server_hint = error.context().retry_after();
  const auto decision = attempts_.failed(options_, *state_->budget, error, failure);
  if (observability::on(observability::metrics_on) && error.transient())
    state_->metrics->attempt_failed(to_string(decision.verdict));
  if (decision.verdict != Verdict::retry) throw ended_with(error);
  state_->retries.fetch_add(1, std::memory_order_relaxed);
  log_retry(*state_, operation_, error, decision.delay);
  std::optional<Error> stopped;
  try {
    co_await pause_for(*state_->clock, decision.delay);
  } catch (const boost::system::system_error&) {
    stopped = current_error();
  }
  if (stopped) throw ended_with(*stopped);
}

void Course::answered() {
  if (state_->breaker) state_->breaker->succeeded(std::exchange(probe_, false));
}

void Course::succeeded() {
  answered();
  if (state_->rate) state_->rate->answered(state_->clock->now(), false);
  attempts_.succeeded(*state_->budget);
  tell(nullptr);
}

void Course::returned(std::uint64_t rows) {
  if (observed_ && observability::on(observability::metrics_on)) state_->metrics->returned_rows(operation_, rows);
}

Error Course::ended_with(const Error& error) {
  auto last = attempts_.final_error(error);
  tell(&last);
  return last;
}

void Course::tell(const Error* error) {
  if (!observed_) return;
  const auto duration = state_->clock->now() - begun_;
  if (observability::on(observability::metrics_on)) {
    if (error == nullptr)
      state_->metrics->succeeded(operation_, duration);
    else
      state_->metrics->failed(operation_, duration, *error);
  }
  if (observability::on(observability::slow_log_on))
    log_slow(*state_, operation_, duration, attempts_, context_.tag, error);
}

Error current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const boost::system::system_error& error) {
    if (error.code() != boost::asio::error::operation_aborted) throw;
    return Error(errc::cancelled, "cancelled");
  }
}

bool needs_deadline(const PolicyState& state, const CallContext& context) noexcept {
  return !state.enforces_deadline && context.deadline != TimePoint::max();
}

}  // namespace weir::policy
