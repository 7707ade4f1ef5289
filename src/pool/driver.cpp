#include "pool/driver.hpp"

#include "pool/background_task.hpp"
#include "pool/connect_error.hpp"
#include "pool/driver_guard.hpp"
#include "pool/listeners.hpp"
#include "pool/load_warnings.hpp"
#include "pool/loop_record.hpp"
#include "pool/shared_limit.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <time.h>

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

namespace weir::detail {
namespace {

namespace asio = boost::asio;

std::vector<std::string> endpoint_names(const ErasedFactory& factory, const PoolKey& pool_key) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < factory.endpoint_count(); ++i) names.push_back(factory.endpoint(i));
  if (names.empty()) names.push_back(pool_key.endpoint());
  return names;
}

#if defined(CLOCK_BOOTTIME)
Duration time_asleep() noexcept {
  const auto read = [](clockid_t id) {
    ::timespec now{};
    ::clock_gettime(id, &now);
    return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
  };
  const auto awake = read(CLOCK_MONOTONIC);
  return read(CLOCK_BOOTTIME) - awake;
}
#endif

std::uint64_t seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

PoolDriver::PoolDriver(LoopRecord& record, PoolKey pool_key, PoolOptions options,
                       std::unique_ptr<ErasedFactory> factory)
    : loop_(record.loop()),
      listeners_(Listeners::instance()),
      record_(&record),
      confined_(options.loop_threads() == 0 ? record.single() : options.loop_threads() == 1),
      fork_generation_(Process::fork_generation()),
      key_(std::move(pool_key)),
      options_(std::move(options)),
      created_(std::chrono::system_clock::now()),
      factory_(std::move(factory)),
      core_(options_, endpoint_names(*factory_, key_), seed(), options_.total_limit() != 0 ? this : nullptr),
      timer_(std::in_place, loop_.uncounted()) {}

PoolDriver::~PoolDriver() {
  core_.each_connection([](Slot& slot) { delete static_cast<Connection*>(slot.user); });
}

void PoolDriver::open() {
  keep_ = shared_from_this();
  has_slept();
  if (options_.total_limit() != 0)
    for (const auto& endpoint : core_.endpoints())
      limits_.push_back(SharedLimit::of(key_, endpoint.name, options_.total_limit()));
}

void PoolDriver::announce(PoolEventKind kind, std::string text) {
  if (!listeners_.want(kind)) return;
  PoolEvent event;
  event.kind = kind;
  event.text = std::move(text);
  event.time = Clock::now();
  on_loop([event](PoolDriver& driver) { driver.run([&](PoolCore& core) { core.events().push_back(event); }); });
}

// Whoever waits for a lease keeps the loop running, and with it what is done for him. When nobody does, connects, pings
// and resets go on as long as the loop has something else to do; what is left of them is finished in its next life.
void PoolDriver::let_tasks_rest() noexcept {
  const bool resting = core_.waiters() == 0;
  for (const auto& task : tasks_) task->rest(resting);
}

// What the state machine asked for, to be done after the lock. False: nothing.
bool PoolDriver::collect(Batch& batch) {
  if (!tasks_.empty()) let_tasks_rest();
  auto& actions = core_.actions();
  auto& events = core_.events();
  batch.arm = core_.due() < armed_;
  if (actions.empty() && events.empty() && !batch.arm) return false;
  if (!actions.empty()) {
    batch.actions.swap(actions);
    actions.swap(spare_);
  }
  for (auto& event : events) {
    event.pool = key_.to_string();
    events_.push_back(std::move(event));
  }
  events.clear();
  if (!events_.empty() && !delivering_) batch.events = delivering_ = true;
  return true;
}

void PoolDriver::carry_out(Batch& batch) {
  if (batch.events) deliver_events();
  for (const auto& action : batch.actions) {
    switch (action.kind) {
      case ActionKind::connect:
      case ActionKind::ping:
      case ActionKind::reset: start(*action.slot, action.kind); break;
      case ActionKind::abort: abort(*action.slot); break;
      case ActionKind::close: close_now(*action.slot, action.reason); break;
      case ActionKind::complete_waiter:
      case ActionKind::fail_waiter: answer(static_cast<PendingAcquire&>(*action.waiter)); break;
      case ActionKind::drained: drained(); break;
    }
  }
  if (batch.actions.capacity() != 0) recycle(std::move(batch.actions));
  if (batch.arm) arm();
}

// The vector goes back, so that the next batch allocates nothing.
void PoolDriver::recycle(std::vector<Action>&& actions) noexcept {
  actions.clear();
  const Guard guard(*this);
  if (core_.actions().capacity() == 0)
    core_.actions().swap(actions);
  else if (spare_.capacity() == 0)
    spare_.swap(actions);
}

Connection& PoolDriver::connection_of(Slot& slot) {
  if (slot.user == nullptr) slot.user = new Connection;
  return *static_cast<Connection*>(slot.user);
}

asio::any_io_executor PoolDriver::connection_executor() const {
  return confined_ ? loop_.uncounted() : loop_.uncounted_strand();
}

void PoolDriver::start(Slot& slot, ActionKind what) {
  Duration limit = options_.connect_timeout();
  if (what == ActionKind::ping) limit = options_.ping_timeout();
  if (what == ActionKind::reset) limit = options_.reset_timeout();
  std::shared_ptr<BackgroundTask> task;
  asio::any_io_executor executor;
  bool given_up = false;
  // Its abort may be carried out at the same time by another thread of the loop, or may have been already.
  const auto prepare = [&]() -> Connection& {
    const Guard guard(*this);
    auto& connection = connection_of(slot);
    if (what == ActionKind::connect) connection.executor = connection_executor();
    executor = connection.executor;
    task = std::make_shared<BackgroundTask>(shared_from_this(), slot, what, Clock::now() + limit, executor);
    connection.task = task;
    tasks_.push_back(task);
    given_up = std::exchange(connection.given_up, false);
    return connection;
  };
  auto& connection = prepare();
  arm();
  // On the connection's own executor from its first step on: that is where it may be cancelled.
  auto launch = [self = shared_from_this(), task, &connection] {
    task->launch(connection);
    const Guard guard(*self);
    task->launched();
    self->let_tasks_rest();
  };
  asio::dispatch(executor, std::move(launch));
  if (given_up) task->cancel();
}

void PoolDriver::abort(Slot& slot) {
  std::shared_ptr<BackgroundTask> task;
  {
    const Guard guard(*this);
    auto& connection = connection_of(slot);
    task = connection.task;
    if (!task) connection.given_up = true;
  }
  if (task) task->cancel();
}

void PoolDriver::task_done(BackgroundTask& task, std::exception_ptr failure, ConnectionPtr made, bool well) {
  auto& slot = task.slot();
  auto& connection = connection_of(slot);
  std::optional<Error> error;
  if (task.what() == ActionKind::connect) {
    if (failure)
      error = connect_error(failure, task.was_timed_out());
    else if (made == nullptr)
      error = Error(errc::connect_failed, "the factory made no connection");
  }
  {
    const Guard guard(*this);
    task.rest(false);
    std::erase_if(tasks_, [&](const auto& other) { return other.get() == &task; });
    connection.task.reset();
    if (task.what() == ActionKind::connect && !error) connection.object = std::move(made);
  }
  const auto now = Clock::now();
  run([&](PoolCore& core) {
    connection.given_up = false;  // an abort since the task has left its connection was of this task
    switch (task.what()) {
      case ActionKind::connect:
        if (error)
          core.connect_failed(now, slot,
                              error->within(key_.backend(), "connect", core.endpoints()[slot.endpoint].name));
        else
          core.connected(now, slot);
        remember_error_text();
        break;
      case ActionKind::ping: core.pinged(now, slot, well && !failure); break;
      default: core.was_reset(now, slot, well && !failure); break;
    }
  });
  // Many a server tells its limit to the first connection only.
  if (task.what() == ActionKind::connect && !error && !told_load_.exchange(true, std::memory_order_relaxed))
    announce_server_load(*this);
  if (closing()) let_go_when_empty();
}

// On the connection's own executor: on a loop with several threads something of it may be running there.
void PoolDriver::close_now(Slot& slot, CloseReason) {
  auto& connection = connection_of(slot);
  const auto finish = [self = shared_from_this(), &slot, &connection] {
    connection.object.reset();
    const auto now = Clock::now();
    self->run([&](PoolCore& core) { core.closed(now, slot); });
    self->let_go_when_empty();
  };
  const auto executor = connection.executor;  // a copy: the last close of a pool lets go of the connection's own
  asio::dispatch(executor, finish);
}

void PoolDriver::answer(PendingAcquire& pending) noexcept {
  // Posted, never called from here: whoever gives a lease back is not to run another's coroutine inside of it.
  auto handler = std::move(*pending.handler);
  pending.handler.reset();
  const auto executor = asio::get_associated_executor(handler);
  asio::post(executor, std::move(handler));
}

// In order, one thread at a time. What is to be done beside waits for them, so on a loop with several threads only for
// those that were there when it began: others may add to them without an end.
void PoolDriver::deliver_events() {
  std::size_t mine = std::numeric_limits<std::size_t>::max();
  if (!confined_) {
    const Guard guard(*this);
    mine = events_.size();
  }
  for (;; --mine) {
    PoolEvent event;
    {
      const Guard guard(*this);
      if (events_.empty()) {
        delivering_ = false;
        return;
      }
      if (mine == 0) break;
      event = std::move(events_.front());
      events_.pop_front();
    }
    if (log::wants(event.kind)) log::write(event);
    const auto listeners = Listeners::instance().snapshot();
    for (const auto& listener : *listeners) {
      try {
        listener->on_event(event);
      } catch (...) {  // told by the figure; an observer must not change what it observes
        listener_failures_.fetch_add(1, std::memory_order_relaxed);
      }
    }
  }
  post([](PoolDriver& driver) { driver.deliver_events(); });
}

// One timer: for waiters, housekeeping and the limits of background tasks. It does not keep the loop alive.
void PoolDriver::arm() {
  std::unique_lock<std::mutex> lock(timer_mutex_, std::defer_lock);
  if (!confined_) lock.lock();
  if (ended.load(std::memory_order_relaxed) || !timer_) return;
  TimePoint due = never;
  {
    const Guard guard(*this);
    due = core_.due();
    for (const auto& task : tasks_)
      if (!task->was_timed_out()) due = std::min(due, task->deadline());
    if (due >= armed_) return;
    armed_ = due;
  }
  timer_->expires_at(due);
  timer_->async_wait([self = shared_from_this()](const boost::system::error_code& failed) {
    self->loop_.remember_work();
    if (!failed) self->timer_fired();
  });
  loop_.forget_work();
}

void PoolDriver::timer_fired() {
  const auto now = Clock::now();
  std::vector<std::shared_ptr<BackgroundTask>> late;
  run([&](PoolCore& core) {
    armed_ = never;
    for (const auto& task : tasks_)
      if (task->deadline() <= now && !task->was_timed_out()) {
        task->timed_out();
        late.push_back(task);
      }
    if (has_slept()) core.slept(now);
    core.timer(now);
  });
  for (const auto& task : late) task->cancel();
  arm();
}

// The steady clock stands still while the machine sleeps; another one does not. Servers and firewalls in between do not
// sleep either.
bool PoolDriver::has_slept() noexcept {
#if defined(CLOCK_BOOTTIME)
  const auto asleep = time_asleep();
  const auto gap = std::max<Duration>(std::chrono::seconds{1}, 2 * options_.keepalive_interval());
  return asleep - std::exchange(asleep_, asleep) > gap;
#else
  return false;
#endif
}

void PoolDriver::clear() {
  on_loop([](PoolDriver& driver) { driver.run([](PoolCore& core) { core.clear(Clock::now(), std::nullopt); }); });
}

void PoolDriver::resize(unsigned min, unsigned max) {
  auto changed = options_;
  changed.min_size(min).max_size(max);
  if (changed.max_idle() && *changed.max_idle() > max) changed.max_idle(max);
  changed.validate();
  on_loop([=](PoolDriver& driver) { driver.run([=](PoolCore& core) { core.resize(Clock::now(), min, max); }); });
}

bool PoolDriver::on_loop(std::function<void(PoolDriver&)> call) {
  if (ended.load(std::memory_order_relaxed)) return false;
  if (loop_.running_here()) {
    call(*this);
    return true;
  }
  return post(std::move(call));
}

bool PoolDriver::post(std::function<void(PoolDriver&)> call) {
  const std::lock_guard lock(Process::instance().mutex());
  if (ended.load(std::memory_order_relaxed)) return false;
  asio::post(loop_.executor(), [self = shared_from_this(), call = std::move(call)] {
    if (!self->ended.load(std::memory_order_relaxed)) call(*self);
  });
  return true;
}

void PoolDriver::remember_error_text() {
  const auto& error = core_.last_connect_error();
  const std::lock_guard lock(text_mutex_);
  if (error)
    error_text_ = error->what();
  else
    error_text_.clear();
}

PoolStats PoolDriver::stats() const {
  const auto now = Clock::now();
  auto out = core_.counters().read(now);
  out.oldest_lease = ended.load(std::memory_order_relaxed) ? Duration{0} : core_.oldest_lease(now);
  out.memory_bytes = core_.memory_bytes() + sizeof(PoolDriver) - sizeof(PoolCore);
  out.listener_failures = listener_failures_.load(std::memory_order_relaxed);
  const std::lock_guard lock(text_mutex_);
  out.last_connect_error = error_text_;
  return out;
}

// --- total_limit: called by the state machine under our lock, and by other loops ------------------------------------

bool PoolDriver::take(std::size_t endpoint, TimePoint wanted_since) {
  return limits_[endpoint]->take(*this, endpoint, wanted_since != never);
}
void PoolDriver::give_back(std::size_t endpoint) { limits_[endpoint]->give_back(*this); }
void PoolDriver::no_longer_wanted(std::size_t endpoint) { limits_[endpoint]->no_longer_wanted(*this); }

bool PoolDriver::wanted_elsewhere(std::size_t endpoint) { return limits_[endpoint]->wanted_elsewhere(*this); }

void PoolDriver::permit_available(std::size_t endpoint) {
  post([=](PoolDriver& driver) { driver.run([=](PoolCore& core) { core.permit_available(Clock::now(), endpoint); }); });
}

void PoolDriver::yield_permit(std::size_t endpoint) {
  post([=](PoolDriver& driver) { driver.run([=](PoolCore& core) { core.yield_permit(Clock::now(), endpoint); }); });
}

void PoolDriver::keep_permit(std::size_t endpoint) {
  post([=](PoolDriver& driver) { driver.run([=](PoolCore& core) { core.keep_permit(endpoint); }); });
}

}  // namespace weir::detail
