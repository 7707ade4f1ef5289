#include "pool/background_task.hpp"
#include "pool/core/core_warm.hpp"
#include "pool/driver_guard.hpp"
#include "pool/latch.hpp"
#include "pool/loop_record.hpp"
#include "pool/shared_limit.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>

#include <time.h>

#include <utility>

namespace weir::detail {
namespace {

namespace asio = boost::asio;

// The clock of the warm path: std::chrono::steady_clock at the resolution of the kernel's tick (1 to 4 ms), at a
// quarter of its price. What has to be exact (waits, connects, timers) reads the fine one.
TimePoint coarse_now() noexcept {
#if defined(CLOCK_MONOTONIC_COARSE)
  ::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return TimePoint{std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
#else
  return Clock::now();
#endif
}

// A lease that was given back on another thread, on its way to its loop. Should the loop end first, it is dropped
// there.
struct Returning {
  LeaseHandle handle;
  bool broken;
  void operator()() { handle.give_back(broken); }
};

}  // namespace

// Nothing is carried out after the warm path; only the timer may have to be moved.
LeaseHandle PoolDriver::try_acquire(LeaseKind kind, const std::source_location& where,
                                    std::string_view operation) noexcept {
  if (!usable_here() || !loop_.running_here()) return {};
  if (kind == LeaseKind::shared) return try_acquire_slowly(kind, where, operation);
  Grant granted;
  bool late = false;
  {
    const Guard guard(*this);
    core_.listen(wanted_events());
    granted = core_.try_acquire_warm(coarse_now(), where, operation);
    late = core_.due() < armed_;
  }
  if (granted) [[likely]] {
    if (late) arm();
    void* const connection = static_cast<Connection*>(granted.slot->user)->object.get();
    if (factory_->usable(connection)) [[likely]]
      return {this, granted.slot, granted.ticket, connection};
    refuse(granted);
  }
  return try_acquire_slowly(kind, where, operation);
}

LeaseHandle PoolDriver::try_acquire_slowly(LeaseKind kind, const std::source_location& where,
                                           std::string_view operation) noexcept {
  for (;;) {
    Grant granted;
    run([&](PoolCore& core) { granted = core.try_acquire(coarse_now(), kind, where, operation); });
    if (!granted) return {};
    if (auto handle = accept(granted)) return handle;
  }
}

LeaseHandle PoolDriver::accept(Grant granted, std::optional<Duration> waited) noexcept {
  void* const connection = static_cast<Connection*>(granted.slot->user)->object.get();
  if (factory_->usable(connection)) [[likely]]
    return {this, granted.slot, granted.ticket, connection};
  refuse(granted, waited);
  return {};
}

void PoolDriver::refuse(Grant granted, std::optional<Duration> waited) noexcept {
  run([&](PoolCore& core) { core.refuse(Clock::now(), granted, waited); });
}

LeaseHandle try_acquire(PoolDriver& driver, bool shared, const std::source_location& where) noexcept {
  return driver.try_acquire(shared ? LeaseKind::shared : LeaseKind::exclusive, where, {});
}

LeaseHandle try_acquire(PoolDriver& driver, AcquireOptions& options, const std::source_location& where) {
  if (auto handle =
          driver.try_acquire(options.shared() ? LeaseKind::shared : LeaseKind::exclusive, where, options.operation()))
    return handle;
  driver.check_caller();
  return {};
}

void LeaseHandle::give_back(bool broken) noexcept {
  auto* const driver = std::exchange(driver_, nullptr);
  driver->give_back({slot_, ticket_}, connection_, broken);
}

void PoolDriver::check_caller() const {
  if (forked())
    throw Error(errc::unavailable, "used after fork; open a new one", ErrorContext{}.backend(key_.backend()));
  if (ended.load(std::memory_order_relaxed))
    throw Error(errc::pool_closed, "the pool is closed", ErrorContext{}.backend(key_.backend()));
  if (!loop_.running_here())
    throw Error(errc::invalid_argument, "a pool belongs to one loop and was used from another",
                ErrorContext{}.backend(key_.backend()));
}

void PoolDriver::enqueue(PendingAcquire& pending) {
  const auto slot = asio::get_associated_cancellation_slot(*pending.handler);
  if (slot.is_connected()) {
    auto stop = slot;
    stop.assign([this, &pending](asio::cancellation_type) { cancel(pending); });
  }
  auto asked = PoolCore::Asked::failed;
  run([&](PoolCore& core) { asked = core.acquire(pending.asked, pending); });
  if (asked != PoolCore::Asked::queued) answer(pending);
}

void PoolDriver::cancel(PendingAcquire& pending) {
  bool removed = false;
  run([&](PoolCore& core) { removed = core.cancel(Clock::now(), pending); });
  if (!removed) return;  // its answer is on the way already
  pending.cancelled = true;
  answer(pending);
}

void PoolDriver::give_back(Grant granted, void* connection, bool broken) noexcept {
  if (ended.load(std::memory_order_relaxed) || !loop_.running_here())
    return return_from_afar(granted, connection, broken);
  if (forked()) return;  // the parent's: its descriptor closes with the process
  const auto as = broken ? ReturnAs::close : factory_->on_return(connection);
  std::uint32_t weight = 1;
  if (as == ReturnAs::ready) {
    bool done = false;
    bool late = false;
    {
      const Guard guard(*this);
      core_.listen(wanted_events());
      weight = core_.weight_of_time(granted);
      done = core_.release_warm(weight == 0 ? core_.latest() : coarse_now(), granted, weight);
      late = core_.due() < armed_;
      // Without the lock another thread may close the pool, and be the last to know it.
      if (done && late && !confined_) late = arm_from_here();
    }
    if (done && late) arm();
    if (done) return;
  }
  give_back_slowly(granted, as, weight);
}

// Under the lock. False: nothing is left to do.
bool PoolDriver::arm_from_here() {
  asio::post(loop_.executor(), [self = shared_from_this()] { self->arm(); });
  return false;
}

void PoolDriver::give_back_slowly(Grant granted, ReturnAs as, std::uint32_t weight) noexcept {
  run([&](PoolCore& core) {
    // Whoever waited is told how long, and waits are timed by the fine clock.
    core.release(core.waiters() == 0 ? coarse_now() : Clock::now(), granted, as, weight);
  });
}

void PoolDriver::return_from_afar(Grant granted, void* connection, bool broken) noexcept {
  if (forked()) return;
  {
    const std::lock_guard lock(Process::instance().mutex());
    if (!ended.load(std::memory_order_relaxed)) {
      asio::post(loop_.executor(), Returning{LeaseHandle(this, granted.slot, granted.ticket, connection), broken});
      return;
    }
  }
  lease_gone();
}

// A lease that outlived its loop: nothing is touched but the count that keeps this object.
void PoolDriver::lease_gone() noexcept {
  std::shared_ptr<PoolDriver> keep;
  const std::lock_guard lock(Process::instance().mutex());
  if (--orphans_ == 0) keep = std::move(keep_);
}

void PoolDriver::report(Slot& slot, bool success) {
  const std::size_t endpoint = slot.endpoint;
  on_loop([=](PoolDriver& driver) {
    driver.run([=](PoolCore& core) { core.request_result(Clock::now(), endpoint, success); });
  });
}

void PoolDriver::fail(Slot& slot, const Error& error) {
  if (!usable_here() || !loop_.running_here()) return;  // it is closed when it has come home
  run([&](PoolCore& core) { core.report_error(Clock::now(), slot, error); });
}

// --- the end of the loop ---------------------------------------------------------------------------------------------

void PoolDriver::mark_ended() noexcept {
  orphans_ = 0;
  core_.each_slot([this](const Slot& slot) { orphans_ += slot.leases; });
  ended.store(true, std::memory_order_relaxed);
}

void PoolDriver::loop_ended() noexcept {
  std::vector<ConnectionPtr> idle;
  std::vector<PendingAcquire::Handler> handlers;
  std::vector<std::shared_ptr<CountDown>> closers;
  std::vector<std::shared_ptr<BackgroundTask>> tasks;
  std::shared_ptr<PoolDriver> keep;
  const auto self = shared_from_this();
  core_.each_connection([&](Slot& slot) {
    if (slot.state == SlotState::idle && slot.user != nullptr)
      idle.push_back(std::move(static_cast<Connection*>(slot.user)->object));
  });
  auto waiters = core_.abandon();
  while (auto* const waiter = waiters.pop_front()) {
    auto& pending = static_cast<PendingAcquire&>(*waiter);
    handlers.push_back(std::move(*pending.handler));
    pending.handler.reset();
  }
  for (const auto& limit : limits_) limit->leave(*this);
  closers.swap(closers_);
  tasks.swap(tasks_);
  timer_.reset();
  events_.clear();
  {
    const std::lock_guard lock(Process::instance().mutex());
    if (orphans_ == 0) keep = std::move(keep_);
  }
  for (auto& connection : idle) factory_->abandon(std::move(connection));
  closers.clear();
  handlers.clear();  // destroys frames, and what they hold finds a loop that is gone
}

void PoolDriver::loop_destroyed() noexcept {
  std::vector<ConnectionPtr> left;
  core_.each_connection([&](Slot& slot) {
    auto* const connection = static_cast<Connection*>(slot.user);
    if (connection == nullptr) return;
    if (connection->object) left.push_back(std::move(connection->object));
    connection->task.reset();
    connection->executor = {};
  });
  for (auto& connection : left) factory_->abandon(std::move(connection));
}

void PoolDriver::forked_child() noexcept {
  core_.each_connection([&](Slot& slot) {
    auto* const connection = static_cast<Connection*>(slot.user);
    if (connection != nullptr && connection->object) factory_->abandon(std::move(connection->object));
  });
}

}  // namespace weir::detail
