#include "pool/core/counters.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weir::detail {

// Exact up to 63, then eight buckets for each doubling, up to 65,535.
std::size_t Recommendation::bucket(std::uint64_t needed) noexcept {
  if (needed < exact) return static_cast<std::size_t>(needed);
  const auto doubling = static_cast<std::size_t>(std::bit_width(needed) - std::bit_width(exact));
  const auto eighth = static_cast<std::size_t>(needed >> (doubling + 3)) - 8;
  return std::min(buckets - 1, exact + 8 * doubling + eighth);
}

std::uint64_t Recommendation::upper_end(std::size_t bucket) noexcept {
  if (bucket < exact) return bucket;
  const auto doubling = (bucket - exact) / 8;
  const std::uint64_t eighth = (bucket - exact) % 8;
  return ((eighth + 9) << (doubling + 3)) - 1;
}

void Recommendation::Window::clear() noexcept {
  peak.store(0);
  acquires_before.store(0);
  for (auto& count : needed) count.store(0);
}

void Recommendation::waited(TimePoint now, std::uint64_t needed, std::uint64_t acquires) noexcept {
  if (now >= window_end_) rotate(now);
  windows_[current_].needed[bucket(needed)].add();
  acquires_.store(acquires);
}

void Recommendation::rotate(TimePoint now) noexcept {
  constexpr auto length = std::chrono::minutes{1};
  const bool long_ago = now >= window_end_ + length * static_cast<int>(windows_.size());
  if (long_ago)
    for (auto& window : windows_) window.clear();
  current_ = (current_ + 1) % windows_.size();
  windows_[current_].clear();
  windows_[current_].acquires_before.store(acquires_.load());
  window_end_ = now + length;
  peak_ = 0;
}

std::uint64_t Recommendation::recommended() const noexcept {
  std::uint64_t peak = 0;
  std::uint64_t waits = 0;
  const std::uint64_t last = acquires_.load();
  std::uint64_t first = last;
  std::array<std::uint64_t, buckets> needed{};
  for (const auto& window : windows_) {
    peak = std::max(peak, window.peak.load());
    const auto before = window.acquires_before.load();
    if (before != 0 || window.peak.load() != 0) first = std::min(first, before);
    for (std::size_t i = 0; i < buckets; ++i) {
      const auto count = window.needed[i].load();
      needed[i] += count;
      waits += count;
    }
  }
  // Whoever did not wait found what was in use to be enough: only the greediest hundredth of all acquires is above the
  // percentile.
  const std::uint64_t all = std::max(waits, last - first);
  std::uint64_t above = 0;
  for (std::size_t i = buckets; i-- > 1;) {
    above += needed[i];
    if (above * 100 > all) return std::max(peak, upper_end(i));
  }
  return peak;
}

PoolStats Counters::read(TimePoint now) const {
  PoolStats out;
  out.state = state.load();
  out.max = max.load();
  out.min = min.load();
  out.max_idle = max_idle.load();
  out.idle = idle.load();
  out.used = used.load();
  out.pending = pending.load();
  out.waiters = waiters.load();
  out.shared_leases = shared_leases.load();
  out.generation = generation.load();
  out.acquires_immediate = immediate.load();
  out.acquires_waited = waited.load();
  out.acquires = out.acquires_immediate + queued.load() + rejected.load();
  out.timeouts = timeouts.load();
  out.rejected = rejected.load();
  out.cancelled = cancelled.load();
  out.failed = failed.load();
  out.connects = connects.load();
  out.connects_failed = connects_failed.load();
  for (std::size_t i = 0; i < connects_failed_by.size(); ++i) out.connects_failed_by[i] = connects_failed_by[i].load();
  out.round_trip = Duration{round_trip.load()};
  out.pings = pings.load();
  out.pings_failed = pings_failed.load();
  out.resets = resets.load();
  for (std::size_t i = 0; i < closed.size(); ++i) out.closed[i] = closed[i].load();
  out.wait_time = wait_time.read();
  out.wait_time.counts[0] += out.acquires_immediate;  // the warm path counts them once only
  out.use_time = use_time.read();
  out.use_time.counts[0] += unclocked.load();
  out.connect_time = connect_time.read();
  const auto since = oldest_waiter_since.load();
  if (since != 0) out.oldest_wait = std::max(Duration{0}, now - TimePoint{Duration{since}});
  out.recommended_max = recommendation.recommended();
  return out;
}

}  // namespace weir::detail
