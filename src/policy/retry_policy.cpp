#include "policy/retry_policy.hpp"

#include <algorithm>

namespace weir::policy {
namespace {

constexpr Duration hint_allowance = std::chrono::seconds{5};

bool switched_on(const RetryOptions& options, Effect effect) {
  return effect == Effect::read ? options.reads() : options.writes();
}

/// base * 2^(attempt-1), at most `limit`, without overflow.
Duration doubled(Duration base, unsigned attempt, Duration limit) {
  auto span = std::min(base, limit);
  for (unsigned i = 1; i < attempt && span < limit; ++i) span = span > limit / 2 ? limit : span * 2;
  return span;
}

Duration pause(const RetryOptions& options, const Error& error, const Failure& failure) {
  if (failure.other_endpoint && error.kind() == errc::connect_failed) return Duration{0};
  const Duration base = is_throttling(error) ? options.throttle_base() : options.base();
  const auto span = doubled(base, failure.attempt, options.max());
  const auto jittered =
      Duration{static_cast<Duration::rep>(static_cast<double>(span.count()) * std::clamp(failure.random, 0.0, 1.0))};
  return follow_hint(jittered, failure.server_hint);
}

bool passes(TimePoint now, Duration delay, TimePoint deadline) {
  return deadline != TimePoint::max() && (now >= deadline || delay >= deadline - now);
}

}  // namespace

Duration follow_hint(Duration pause, std::optional<Duration> hint) noexcept {
  return hint ? std::clamp(*hint, pause, pause + hint_allowance) : pause;
}

bool is_throttling(const Error& error) noexcept { return error.kind() == errc::throttled; }

Decision decide(const RetryOptions& options, RetryBudget& budget, const Error& error, const Failure& failure) {
  const auto no = [](Verdict verdict) {
    Decision decision;
    decision.verdict = verdict;
    return decision;
  };
  if (!error.transient() || error.kind() == errc::cancelled) return no(Verdict::not_transient);
  if (failure.effect == Effect::other_write && error.maybe_applied()) return no(Verdict::not_repeatable);
  if (!switched_on(options, failure.effect)) return no(Verdict::switched_off);
  if (failure.attempt >= options.max_attempts()) return no(Verdict::attempts_used_up);
  Decision decision;
  decision.delay = pause(options, error, failure);
  if (passes(failure.now, decision.delay, failure.deadline)) return no(Verdict::deadline_near);
  decision.cost = is_throttling(error) ? RetryBudget::throttled_cost : RetryBudget::retry_cost;
  if (!budget.take(decision.cost)) return no(Verdict::budget_empty);
  decision.verdict = Verdict::retry;
  return decision;
}

Decision Attempts::failed(const RetryOptions& options, RetryBudget& budget, const Error& error, Failure failure) {
  maybe_applied_ = maybe_applied_ || error.maybe_applied();
  failure.attempt = current_;
  const auto decision = decide(options, budget, error, failure);
  if (decision.verdict == Verdict::retry) {
    ++current_;
    last_cost_ = decision.cost;
  }
  return decision;
}

void Attempts::succeeded(RetryBudget& budget) noexcept {
  budget.refund(current_ == 1 ? RetryBudget::first_try_refund : last_cost_);
}

Error Attempts::final_error(const Error& last) const {
  auto error = last.attempts() == current_ ? last : last.with_attempts(std::max(current_, last.attempts()));
  return maybe_applied_ && !error.maybe_applied() ? error.with_maybe_applied(true) : error;
}

}  // namespace weir::policy
