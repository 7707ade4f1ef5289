#pragma once

#include <atomic>
#include <cstdint>

namespace weir::policy {

/// Tokens that all repeated calls to one database draw from, whatever loop they run on, so that an outage is not
/// answered with a multiple of the normal load. Full at the start; a retry costs 14 (5 when the store throttles), a
/// retry that succeeds gives its cost back, a call that succeeds at once gives 1. A burst can therefore hold about 35
/// retries, and in the long run there is at most one for 14 successes.
///
/// *Thread safety*: every function, from any thread; one atomic word, no lock.
class RetryBudget {
 public:
  static constexpr std::int64_t retry_cost = 14;
  static constexpr std::int64_t throttled_cost = 5;
  static constexpr std::int64_t first_try_refund = 1;

  /// 0 = no limit.
  explicit RetryBudget(std::int64_t capacity) noexcept : capacity_(capacity), tokens_(capacity) {}

  /// Takes `cost` or nothing; false: there is not enough left.
  bool take(std::int64_t cost) noexcept {
    if (capacity_ == 0) return true;
    auto seen = tokens_.load(std::memory_order_relaxed);
    while (seen >= cost)
      if (tokens_.compare_exchange_weak(seen, seen - cost, std::memory_order_relaxed)) return true;
    return false;
  }

  /// Gives back, never above the capacity. A full bucket, which is the normal case, is only read.
  void refund(std::int64_t amount) noexcept {
    if (capacity_ == 0 || amount == 0) return;
    auto seen = tokens_.load(std::memory_order_relaxed);
    while (seen < capacity_) {
      const auto next = seen + amount < capacity_ ? seen + amount : capacity_;
      if (tokens_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return;
    }
  }

  std::int64_t tokens() const noexcept { return tokens_.load(std::memory_order_relaxed); }
  std::int64_t capacity() const noexcept { return capacity_; }

 private:
  const std::int64_t capacity_;
  alignas(64) std::atomic<std::int64_t> tokens_;
};

}  // namespace weir::policy
