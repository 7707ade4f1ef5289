#include "policy/circuit_breaker.hpp"

#include "observability/duration_text.hpp"

#include <algorithm>
#include <string>

namespace weir::policy {

bool CircuitBreaker::counts(const Error& error) noexcept {
  switch (error.kind()) {
    case errc::connect_failed:
    case errc::connection_lost:
    case errc::timeout:
    case errc::pool_timeout:  // with the server away, this is how its connections are missed
    case errc::unavailable:
    case errc::server_error:
    case errc::protocol_error:
    case errc::tls_failed: return true;
    default: return false;
  }
}

CircuitBreaker::Answer CircuitBreaker::ask(TimePoint now) {
  if (!open_) return Answer::allowed;
  if (probing_ || now < open_until_) return Answer::refused;
  probing_ = true;
  return Answer::probe;
}

CircuitBreaker::State CircuitBreaker::state(TimePoint now) const {
  if (!open_) return State::closed;
  return probing_ || now >= open_until_ ? State::half_open : State::open;
}

void CircuitBreaker::succeeded(bool probe) {
  if (open_ && !probe) return;
  open_ = false;
  probing_ = false;
  failures_ = 0;
  openings_ = 0;
}

bool CircuitBreaker::failed(const Error& error, bool probe, TimePoint now, double random) {
  if (!counts(error)) {
    if (probe) abandoned();
    return false;
  }
  if (open_ ? !probe : ++failures_ < options_.failures()) return false;
  open(now, random);
  return true;
}

void CircuitBreaker::open(TimePoint now, double random) {
  Duration span = options_.base();
  const Duration limit = options_.max();
  for (unsigned i = 0; i < openings_ && span < limit; ++i) span *= 2;
  span = std::min(span, limit);
  const auto half = span / 2;
  const auto jitter = static_cast<Duration::rep>(static_cast<double>(half.count()) * std::clamp(random, 0.0, 1.0));
  open_ = true;
  probing_ = false;
  ++openings_;
  open_until_ = now + half + Duration{jitter};
}

CircuitBreaker::Answer SharedBreaker::ask(TimePoint now) {
  if (untroubled_.load(std::memory_order_relaxed)) return CircuitBreaker::Answer::allowed;
  const std::lock_guard lock(mutex_);
  return breaker_.ask(now);
}

void SharedBreaker::succeeded(bool probe) {
  if (untroubled_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  breaker_.succeeded(probe);
  untroubled_.store(breaker_.untroubled(), std::memory_order_relaxed);
}

bool SharedBreaker::failed(const Error& error, bool probe, TimePoint now, double random) {
  if (!probe && !CircuitBreaker::counts(error)) return false;
  const std::lock_guard lock(mutex_);
  const bool opened = breaker_.failed(error, probe, now, random);
  untroubled_.store(breaker_.untroubled(), std::memory_order_relaxed);
  if (opened) last_ = error;
  return opened;
}

void SharedBreaker::abandoned() {
  const std::lock_guard lock(mutex_);
  breaker_.abandoned();
}

Error SharedBreaker::refusal(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  const auto left = std::max(Duration{0}, breaker_.open_until() - now);
  std::string text = "not asked: the store failed " + std::to_string(options_.failures()) + " times in a row, and " +
                     (left.count() == 0 ? std::string("one request is trying it out")
                                        : "is left alone for another " + duration_text(left));
  if (last_) text += "; the last failure: " + std::string(last_->what());
  // At least a millisecond: zero would say that nothing is known.
  const auto pause = std::max(std::chrono::milliseconds{1}, std::chrono::ceil<std::chrono::milliseconds>(left));
  return {errc::unavailable, text, ErrorContext().retry_after(pause)};
}

}  // namespace weir::policy
