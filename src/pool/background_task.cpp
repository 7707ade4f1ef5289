#include "pool/background_task.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>

namespace weir::detail {
namespace {

// The driver is a parameter, so that it and the factory live as long as the coroutine.
awaitable<ConnectionPtr> run_connect(std::shared_ptr<PoolDriver> driver, std::size_t endpoint) {
  ConnectionPtr made = co_await driver->factory().connect(endpoint);
  co_return made;
}

awaitable<bool> run_check(std::shared_ptr<PoolDriver> driver, ActionKind what, void* connection) {
  bool well = false;
  if (what == ActionKind::ping)
    well = co_await driver->factory().ping(connection);
  else
    well = co_await driver->factory().reset(connection);
  co_return well;
}

}  // namespace

void BackgroundTask::launch(Connection& connection) {
  namespace asio = boost::asio;
  // What co_spawn itself counts for as long as the coroutine runs; on a strand, and on other contexts, nothing does.
  const bool counted = driver_->loop().counts_plainly() && executor_ == driver_->loop().executor();
  const auto done = [self = shared_from_this(), counted](std::exception_ptr failure, ConnectionPtr made, bool well) {
    if (counted) self->driver_->loop().remember_work();
    self->driver_->task_done(*self, failure, std::move(made), well);
  };
  const auto slot = signal_.slot();
  const auto uncounted = UncountedExecutor<asio::any_io_executor>::around(executor_);
  if (what_ == ActionKind::connect) {
    auto handler = [done](std::exception_ptr failure, ConnectionPtr made) { done(failure, std::move(made), true); };
    asio::co_spawn(executor_, run_connect(driver_, slot_.endpoint),
                   asio::bind_cancellation_slot(slot, asio::bind_executor(uncounted, std::move(handler))));
  } else {
    auto handler = [done](std::exception_ptr failure, bool well) { done(failure, {}, well); };
    asio::co_spawn(executor_, run_check(driver_, what_, connection.object.get()),
                   asio::bind_cancellation_slot(slot, asio::bind_executor(uncounted, std::move(handler))));
  }
  // We are in a handler of the loop, which counts as well: the count does not come to zero here.
  if (counted) driver_->loop().forget_work();
  // Before it was launched there was nothing that could hear it.
  if (cancelled_) signal_.emit(asio::cancellation_type::terminal);
}

void BackgroundTask::rest(bool resting) noexcept {
  if (!launched_ || resting == resting_) return;
  resting_ = resting;
  if (resting)
    driver_->loop().forget_work();
  else
    driver_->loop().remember_work();
}

void BackgroundTask::cancel() {
  // The signal belongs to the connection's executor: on a loop with several threads its coroutine may be running.
  boost::asio::dispatch(executor_, [self = shared_from_this()] {
    self->cancelled_ = true;
    self->signal_.emit(boost::asio::cancellation_type::terminal);
  });
}

}  // namespace weir::detail
