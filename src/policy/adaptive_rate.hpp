#pragma once

#include "policy/retry_policy.hpp"

#include <atomic>
#include <mutex>

namespace weir::policy {

/// `throttle=adaptive`: after the store asked for fewer requests they are sent no faster than it lately took, whoever
/// sends them. The allowed rate falls to 0.7 of the measured one and comes back along the curve of CUBIC (RFC 9438:
/// beta 0.7, C 0.4): quickly at first, slowly near the rate that was too much, then beyond it; never above twice what
/// is really sent, nor below one in two seconds. Before the first such answer nothing is held back.
///
/// *Thread safety*: every function, from any thread.
class AdaptiveRate {
 public:
  explicit AdaptiveRate(TimePoint now) noexcept : bucket_begin_(now), refilled_(now), last_throttle_(now) {}

  /// Takes the next place in the row of requests: how long to wait until it is sent.
  Duration reserve(TimePoint now) noexcept;
  /// A place that was not used after all.
  void give_back() noexcept;
  /// The store has answered; `throttled`: that it has too much to do.
  void answered(TimePoint now, bool throttled) noexcept;

  bool active() const noexcept { return active_.load(std::memory_order_relaxed); }
  /// Requests in a second; infinite while not active.
  double rate() const noexcept;

 private:
  void measure(TimePoint now) noexcept;
  void refill(TimePoint now) noexcept;
  void allow(TimePoint now, double rate) noexcept;

  mutable std::mutex mutex_;
  std::atomic<bool> active_{false};
  // What is really sent, in buckets of half a second, smoothed.
  TimePoint bucket_begin_;
  double bucket_count_ = 0;
  double measured_ = 0;
  // The places: they grow by `rate_` in a second; below zero they are those who wait.
  TimePoint refilled_;
  double rate_ = 0;
  double places_ = 0;
  // The curve.
  TimePoint last_throttle_;
  double largest_ = 0;     ///< the rate that was too much
  double inflection_ = 0;  ///< seconds after the last throttling until it is reached again
};

}  // namespace weir::policy
