#pragma once

#include "pool/core/types.hpp"

#include <weir/awaitable.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <mutex>

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
  /// The waiting loop is gone; under the process mutex.
  void loop_ended() noexcept { waiting_ = nullptr; }

 private:
  bool done() const;

  LoopRecord* waiting_;  // under the process mutex; null: gone
  mutable std::mutex mutex_;
  std::size_t remaining_;
  boost::asio::steady_timer timer_;
};

}  // namespace weir::detail
