#pragma once

#include "pool/core/types.hpp"
#include "pool/driver.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <exception>
#include <memory>

namespace weir::detail {

/// One connect, ping or reset: a coroutine of the factory that runs on the connection's executor, keeps the loop alive
/// only by the I/O it has under way, and is cancelled when its own time is over.
class BackgroundTask : public std::enable_shared_from_this<BackgroundTask> {
 public:
  BackgroundTask(std::shared_ptr<PoolDriver> driver, Slot& slot, ActionKind what, TimePoint deadline) noexcept
      : driver_(std::move(driver)), slot_(slot), what_(what), deadline_(deadline) {}

  void launch(Connection& connection);
  /// On the loop. Its answer is still to come.
  void cancel();

  Slot& slot() const noexcept { return slot_; }
  ActionKind what() const noexcept { return what_; }
  TimePoint deadline() const noexcept { return deadline_; }
  void timed_out() noexcept { timed_out_ = true; }
  bool was_timed_out() const noexcept { return timed_out_; }

 private:
  std::shared_ptr<PoolDriver> driver_;
  Slot& slot_;
  const ActionKind what_;
  const TimePoint deadline_;
  bool timed_out_ = false;
  boost::asio::any_io_executor executor_;
  boost::asio::cancellation_signal signal_;
};

}  // namespace weir::detail
