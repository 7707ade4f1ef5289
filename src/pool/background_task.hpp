#pragma once

#include "pool/core/types.hpp"
#include "pool/driver.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <atomic>
#include <exception>
#include <memory>

namespace weir::detail {

/// One connect, ping or reset: a coroutine of the factory that runs on the connection's executor, does not keep the
/// loop alive while nobody waits for it, and is cancelled when its own time is over.
///
/// A coroutine counts as one piece of the loop's work from its launch to its end: the operation that is under way, or
/// the handler that is queued or running (Asio's rules for asynchronous operations promise it). This one is taken out
/// of the count while the task rests. What co_spawn counts beside it is taken out at launch.
class BackgroundTask : public std::enable_shared_from_this<BackgroundTask> {
 public:
  BackgroundTask(std::shared_ptr<PoolDriver> driver, Slot& slot, ActionKind what, TimePoint deadline,
                 boost::asio::any_io_executor executor) noexcept
      : driver_(std::move(driver)), slot_(slot), what_(what), deadline_(deadline), executor_(std::move(executor)) {}

  void launch(Connection& connection);
  /// On the loop. Its answer is still to come.
  void cancel();

  Slot& slot() const noexcept { return slot_; }
  ActionKind what() const noexcept { return what_; }
  TimePoint deadline() const noexcept { return deadline_; }
  void timed_out() noexcept { timed_out_.store(true, std::memory_order_relaxed); }
  bool was_timed_out() const noexcept { return timed_out_.load(std::memory_order_relaxed); }

  /// Under the driver's lock, from within a handler of the loop.
  void launched() noexcept { launched_ = true; }
  void rest(bool resting) noexcept;

 private:
  std::shared_ptr<PoolDriver> driver_;
  Slot& slot_;
  const ActionKind what_;
  const TimePoint deadline_;
  const boost::asio::any_io_executor executor_;
  std::atomic<bool> timed_out_{false};
  bool launched_ = false;
  bool resting_ = false;
  bool cancelled_ = false;  // on the executor, as the signal
  boost::asio::cancellation_signal signal_;
};

}  // namespace weir::detail
