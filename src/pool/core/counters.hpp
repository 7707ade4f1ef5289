#pragma once

#include "pool/core/types.hpp"

#include <weir/pool_stats.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace weir::detail {

/// A figure with one writer at a time and readers on any thread: plain loads and stores in machine code.
template <class T>
class Figure {
 public:
  T load() const noexcept { return value_.load(std::memory_order_relaxed); }
  void store(T value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(T n = 1) noexcept { store(static_cast<T>(load() + n)); }
  void subtract(T n = 1) noexcept { store(static_cast<T>(load() - n)); }

 private:
  std::atomic<T> value_{};
};

/// A DurationHistogram while it is counted.
class HistogramCounter {
 public:
  /// @param weight how many durations this one stands for
  void record(std::chrono::nanoseconds duration, std::uint64_t weight = 1) noexcept {
    if (duration.count() < 0) duration = std::chrono::nanoseconds{0};
    const bool shortest = duration <= std::chrono::milliseconds{1};  // nearly always; the bounds are in seconds
    counts_[shortest ? 0 : DurationHistogram::bucket(duration)].add(weight);
    sum_.add(duration.count() * static_cast<std::int64_t>(weight));
  }
  /// Of what was recorded, as it was: it turned out not to have been.
  void forget(std::chrono::nanoseconds duration) noexcept {
    counts_[DurationHistogram::bucket(duration)].subtract();
    sum_.subtract(duration.count());
  }
  DurationHistogram read() const noexcept {
    DurationHistogram out;
    for (std::size_t i = 0; i < counts_.size(); ++i) out.counts[i] = counts_[i].load();
    out.sum = std::chrono::nanoseconds{sum_.load()};
    return out;
  }

 private:
  std::array<Figure<std::uint64_t>, DurationHistogram::bounds.size() + 1> counts_;
  Figure<std::int64_t> sum_;
};

/// What a load would have needed, over five minutes: the largest number in use, or, where callers had to wait, the 99th
/// percentile of what was in use and waited for in the same moment. (Largest use and longest queue need not have met: a
/// pool that still connects has a long queue and little in use.) Noting it costs next to nothing; the sums are made by
/// whoever asks, on any thread.
class Recommendation {
 public:
  void used(TimePoint now, std::uint64_t in_use) noexcept {
    if (now >= window_end_) rotate(now);
    if (in_use > peak_) windows_[current_].peak.store(peak_ = in_use);
  }
  /// @param needed connections in use and those that would serve everybody who waits
  /// @param acquires all of them so far, this one included
  void waited(TimePoint now, std::uint64_t needed, std::uint64_t acquires) noexcept;
  std::uint64_t recommended() const noexcept;

 private:
  static constexpr std::size_t exact = 64;  ///< below, each number has its bucket
  static constexpr std::size_t buckets = exact + 8 * 10;
  struct Window {
    Figure<std::uint64_t> peak;
    Figure<std::uint64_t> acquires_before;
    std::array<Figure<std::uint32_t>, buckets> needed;
    void clear() noexcept;
  };
  static std::size_t bucket(std::uint64_t needed) noexcept;
  static std::uint64_t upper_end(std::size_t bucket) noexcept;
  void rotate(TimePoint now) noexcept;

  std::array<Window, 5> windows_;
  std::size_t current_ = 0;
  std::uint64_t peak_ = 0;  ///< of the current window
  Figure<std::uint64_t> acquires_;
  TimePoint window_end_{};
};

/// Everything a pool counts. Written by the state machine only.
struct Counters {
  Figure<PoolState> state;
  Figure<std::uint64_t> max, min, max_idle;
  Figure<std::uint64_t> idle, used, pending, waiters, shared_leases, generation;
  Figure<std::uint64_t> immediate, queued, waited, timeouts, rejected, cancelled, failed;
  Figure<std::uint64_t> unclocked;  ///< short leases whose end was not timed, see PoolCore::weight_of_time
  Figure<std::uint64_t> connects, connects_failed, pings, pings_failed, resets;
  std::array<Figure<std::uint64_t>, close_reason_count> closed;
  Figure<std::uint64_t> monitors_idle;  ///< connections of the heartbeat that hold a permit and could give it up
  std::array<Figure<std::uint64_t>, error_kinds> connects_failed_by;
  Figure<Duration::rep> round_trip;  ///< of the last ping that was answered; 0: none was
  HistogramCounter wait_time, use_time, connect_time;
  Figure<Duration::rep> oldest_waiter_since;  ///< 0: nobody waits
  Recommendation recommendation;

  /// Everything but what needs the slots: oldest_lease, memory_bytes, last_connect_error.
  PoolStats read(TimePoint now) const;
};

}  // namespace weir::detail
