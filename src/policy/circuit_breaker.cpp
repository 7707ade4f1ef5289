#include "policy/circuit_breaker.hpp"

#include <algorithm>

namespace weir::policy {

bool CircuitBreaker::counts(const Error& error) noexcept {
  switch (error.kind()) {
    case errc::connect_failed:
    case errc::connection_lost:
    case errc::timeout:
    case errc::unavailable:
    case errc::server_error:
    case errc::protocol_error:
    case errc::tls_failed: return true;
    default: return false;
  }
}

bool CircuitBreaker::allow(TimePoint now) {
  if (!open_) return true;
  if (probing_ || now < open_until_) return false;
  probing_ = true;
  return true;
}

CircuitBreaker::State CircuitBreaker::state(TimePoint now) const {
  if (!open_) return State::closed;
  return probing_ || now >= open_until_ ? State::half_open : State::open;
}

void CircuitBreaker::succeeded() {
  open_ = false;
  probing_ = false;
  connect_failures_ = 0;
  other_failures_ = 0;
  openings_ = 0;
}

bool CircuitBreaker::failed(const Error& error, TimePoint now, double random) {
  if (!counts(error)) {
    abandoned();
    return false;
  }
  if (open_) {
    // Failures of requests that were under way before it opened change nothing; the probe's opens it for longer.
    if (!probing_) return false;
    open(now, random);
    return true;
  }
  auto& failures = error.kind() == errc::connect_failed ? connect_failures_ : other_failures_;
  const auto limit = error.kind() == errc::connect_failed ? options_.connect_failures() : options_.other_failures();
  if (++failures < limit) return false;
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

EndpointSet::EndpointSet(std::size_t count, BreakerOptions options) : breakers_(count, CircuitBreaker(options)) {
  if (count == 0) throw Error(errc::invalid_argument, "a store needs at least one endpoint");
}

std::size_t EndpointSet::choose(TimePoint now, std::optional<std::size_t> avoid) {
  const auto count = breakers_.size();
  for (std::size_t step = 0; step < count; ++step) {
    const auto index = (next_ + step) % count;
    if (index == avoid || !breakers_[index].allow(now)) continue;
    next_ = (index + 1) % count;
    return index;
  }
  if (avoid && breakers_[*avoid].state(now) == CircuitBreaker::State::closed) return *avoid;
  const auto earliest = std::min_element(breakers_.begin(), breakers_.end(),
                                         [](const auto& a, const auto& b) { return a.open_until() < b.open_until(); });
  return static_cast<std::size_t>(earliest - breakers_.begin());
}

bool EndpointSet::has_other(std::size_t index, TimePoint now) const {
  for (std::size_t other = 0; other < breakers_.size(); ++other)
    if (other != index && breakers_[other].state(now) == CircuitBreaker::State::closed) return true;
  return false;
}

}  // namespace weir::policy
