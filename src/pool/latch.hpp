#pragma once

#include "pool/core/types.hpp"

#include <weir/awaitable.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace weir {
class PoolRegistry;
}

namespace weir::detail {

class LoopRecord;

/// One coroutine waits until others, on any loop, have counted down. Whoever counts down last posts to the waiting
/// loop, if that is still there.
class Latch : public std::enable_shared_from_this<Latch> {
 public:
  /// On the loop that will wait.
  Latch(LoopRecord& waiting, std::size_t count);

  void count_down() noexcept;
  /// Ends when the count is zero or the time is over; true: zero. Cancellation ends it with `cancelled`.
  static awaitable<bool> wait(std::shared_ptr<Latch> latch, TimePoint deadline);
  /// The waiting loop is gone; under the process mutex. Its timer goes with it, whoever else still holds the latch.
  void loop_ended() noexcept {
    waiting_ = nullptr;
    timer_.reset();
  }

 private:
  struct Begin;
  bool done() const;
  void wake();

  LoopRecord* waiting_;  // under the process mutex; null: gone
  mutable std::mutex mutex_;
  std::size_t remaining_;
  std::optional<boost::asio::steady_timer> timer_;  // under mutex_, on the waiting loop
};

/// Counts a latch down once, when the last who holds it lets go: also when what was posted to a loop is destroyed with
/// it.
class CountDown {
 public:
  explicit CountDown(std::shared_ptr<Latch> latch) noexcept : latch_(std::move(latch)) {}
  CountDown(const CountDown&) = delete;
  CountDown& operator=(const CountDown&) = delete;
  ~CountDown() { latch_->count_down(); }

 private:
  std::shared_ptr<Latch> latch_;
};

}  // namespace weir::detail
