#include <weir/error.hpp>
#include <weir/pool_events.hpp>
#include <weir/pool_stats.hpp>

#include <algorithm>
#include <cmath>

namespace weir {

std::size_t DurationHistogram::bucket(std::chrono::nanoseconds duration) noexcept {
  const double seconds = std::chrono::duration<double>(duration).count();
  std::size_t index = 0;
  while (index < bounds.size() && seconds > bounds[index]) ++index;
  return index;
}

std::uint64_t DurationHistogram::count() const noexcept {
  std::uint64_t total = 0;
  for (const auto n : counts) total += n;
  return total;
}

std::chrono::nanoseconds DurationHistogram::mean() const noexcept {
  const auto n = static_cast<std::int64_t>(count());
  return n == 0 ? std::chrono::nanoseconds{0} : sum / n;
}

std::chrono::nanoseconds DurationHistogram::quantile(double q) const noexcept {
  const auto total = count();
  if (total == 0) return std::chrono::nanoseconds{0};
  const double wanted = std::clamp(q, 0.0, 1.0) * static_cast<double>(total);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    if (static_cast<double>(below) >= wanted && below != 0) {
      const double end = i < bounds.size() ? bounds[i] : 2 * bounds.back();
      return std::chrono::nanoseconds(static_cast<std::int64_t>(end * 1e9));
    }
  }
  return std::chrono::nanoseconds{0};
}

DurationHistogram& DurationHistogram::operator+=(const DurationHistogram& other) noexcept {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum += other.sum;
  return *this;
}

std::string_view to_string(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::idle: return "idle";
    case CloseReason::lifetime: return "lifetime";
    case CloseReason::uses: return "uses";
    case CloseReason::stale: return "stale";
    case CloseReason::error: return "error";
    case CloseReason::validation: return "validation";
    case CloseReason::reset: return "reset";
    case CloseReason::surplus: return "surplus";
    case CloseReason::pool_closed: return "pool_closed";
    case CloseReason::drain_timeout: return "drain_timeout";
  }
  return "unknown";
}

std::string_view to_string(PoolState state) noexcept {
  switch (state) {
    case PoolState::paused: return "paused";
    case PoolState::ready: return "ready";
    case PoolState::draining: return "draining";
    case PoolState::closed: return "closed";
  }
  return "unknown";
}

std::string_view to_string(PoolEventKind kind) noexcept {
  switch (kind) {
    case PoolEventKind::pool_created: return "pool_created";
    case PoolEventKind::pool_ready: return "pool_ready";
    case PoolEventKind::pool_cleared: return "pool_cleared";
    case PoolEventKind::pool_closed: return "pool_closed";
    case PoolEventKind::connection_created: return "connection_created";
    case PoolEventKind::connection_ready: return "connection_ready";
    case PoolEventKind::connection_closed: return "connection_closed";
    case PoolEventKind::acquire_started: return "acquire_started";
    case PoolEventKind::acquire_failed: return "acquire_failed";
    case PoolEventKind::acquired: return "acquired";
    case PoolEventKind::released: return "released";
    case PoolEventKind::slow_acquire: return "slow_acquire";
    case PoolEventKind::lease_warning: return "lease_warning";
    case PoolEventKind::backoff_started: return "backoff_started";
    case PoolEventKind::endpoint_ejected: return "endpoint_ejected";
    case PoolEventKind::endpoint_restored: return "endpoint_restored";
    case PoolEventKind::server_limit: return "server_limit";
    case PoolEventKind::many_configurations: return "many_configurations";
  }
  return "unknown";
}

std::uint64_t PoolStats::closed_total() const noexcept {
  std::uint64_t total = 0;
  for (const auto n : closed) total += n;
  return total;
}

PoolStats& PoolStats::operator+=(const PoolStats& other) {
  // The sum is as far as its liveliest part.
  const bool other_is_livelier = other.state == PoolState::ready || (state != PoolState::ready && other.state < state);
  if (other_is_livelier) state = other.state;
  for (const auto member : {&PoolStats::max,
                            &PoolStats::min,
                            &PoolStats::max_idle,
                            &PoolStats::idle,
                            &PoolStats::used,
                            &PoolStats::pending,
                            &PoolStats::waiters,
                            &PoolStats::shared_leases,
                            &PoolStats::generation,
                            &PoolStats::acquires,
                            &PoolStats::acquires_immediate,
                            &PoolStats::acquires_waited,
                            &PoolStats::timeouts,
                            &PoolStats::rejected,
                            &PoolStats::cancelled,
                            &PoolStats::failed,
                            &PoolStats::connects,
                            &PoolStats::connects_failed,
                            &PoolStats::pings,
                            &PoolStats::pings_failed,
                            &PoolStats::resets,
                            &PoolStats::listener_failures,
                            &PoolStats::retries,
                            &PoolStats::memory_bytes,
                            &PoolStats::recommended_max})
    this->*member += other.*member;
  for (std::size_t i = 0; i < closed.size(); ++i) closed[i] += other.closed[i];
  for (std::size_t i = 0; i < error_kinds; ++i) connects_failed_by[i] += other.connects_failed_by[i];
  wait_time += other.wait_time;
  use_time += other.use_time;
  connect_time += other.connect_time;
  budget = std::max(budget, other.budget);  // one budget is shared by the loops of a key
  round_trip = std::max(round_trip, other.round_trip);
  oldest_lease = std::max(oldest_lease, other.oldest_lease);
  oldest_wait = std::max(oldest_wait, other.oldest_wait);
  if (last_connect_error.empty()) last_connect_error = other.last_connect_error;
  return *this;
}

unsigned recommend_pool_size(double per_second, std::chrono::duration<double> mean, double margin, unsigned low,
                             unsigned high) {
  const auto check = [](double value, const char* name) {
    if (!std::isfinite(value) || value < 0)
      throw Error(errc::invalid_argument,
                  std::string("recommend_pool_size: ") + name + " must be finite and not negative");
  };
  check(per_second, "per_second");
  check(mean.count(), "mean");
  check(margin, "margin");
  if (low > high) throw Error(errc::invalid_argument, "recommend_pool_size: low is larger than high");
  const double wanted = std::ceil(per_second * mean.count() * margin - 1e-9);
  if (wanted <= static_cast<double>(low)) return low;
  if (wanted >= static_cast<double>(high)) return high;
  return static_cast<unsigned>(wanted);
}

}  // namespace weir
