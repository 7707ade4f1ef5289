#include "net/strand_call.hpp"
#include "pool/closing.hpp"
#include "pool/driver_guard.hpp"
#include "pool/latch.hpp"
#include "pool/loop_record.hpp"

#include <weir/pool.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace weir::detail {

namespace asio = boost::asio;

ErasedFactory::~ErasedFactory() = default;

namespace {

// Out of line: a function that may build an error needs a large frame.
[[gnu::noinline]] void check_use(const PoolDriver* driver) {
  if (driver == nullptr) throw Error(errc::invalid_argument, "an empty lease has no connection");
  if (driver->ended.load(std::memory_order_relaxed)) throw Error(errc::pool_closed, "the lease's loop has ended");
  if (!driver->loop().running_here() && Loop::any_running_here())
    throw Error(errc::invalid_argument, "a lease belongs to one loop and was used from another");
}

}  // namespace

void* LeaseHandle::connection() const {
  const bool usual =
      driver_ != nullptr && !driver_->ended.load(std::memory_order_relaxed) && driver_->loop().running_here();
  if (!usual) [[unlikely]]
    check_use(driver_);
  return connection_;
}

std::size_t LeaseHandle::endpoint() const {
  connection();
  return slot_->endpoint;
}

std::uint64_t LeaseHandle::connection_id() const {
  connection();
  return slot_->id;
}

void LeaseHandle::report(bool success) const {
  connection();
  driver_->report(*slot_, success);
}

void LeaseHandle::fail(const Error& error) {
  connection();
  driver_->fail(*slot_, error);
  give_back(true);
}

namespace {

// What waits in the frame of `acquire`. A frame that is destroyed with the answer unread gives the lease back.
struct WaitingFrame {
  explicit WaitingFrame(std::shared_ptr<PoolDriver> owner) : driver(std::move(owner)) {}
  WaitingFrame(const WaitingFrame&) = delete;
  WaitingFrame& operator=(const WaitingFrame&) = delete;
  ~WaitingFrame() {
    if (pending.grant) {
      void* const connection = static_cast<Connection*>(pending.grant.slot->user)->object.get();
      driver->give_back(std::exchange(pending.grant, {}), connection, false);
    }
  }
  std::shared_ptr<PoolDriver> driver;
  PendingAcquire pending;
};

struct Enqueue {
  WaitingFrame* frame;
  template <class Handler>
  void operator()(Handler&& handler) const {
    frame->pending.handler.emplace(std::forward<Handler>(handler));
    // Once it is in the queue another thread of the loop may answer it, and run the frame to its end, before `enqueue`
    // returns; with the frame goes what may be the last owner of the driver.
    const std::shared_ptr<PoolDriver> driver = frame->driver;
    driver->enqueue(frame->pending);
  }
};

void prepare(PendingAcquire& pending, const PoolDriver& driver, const AcquireOptions& options,
             const std::source_location& where) {
  const auto now = Clock::now();
  const auto& pool = driver.options();
  auto limit = options.timeout().value_or(pool.acquire_timeout());
  if (driver.factory_endpoints() > 1 && pool.selection_timeout().count() > 0)
    limit = limit.count() == 0 ? pool.selection_timeout() : std::min(limit, pool.selection_timeout());
  if (limit.count() < 0) throw Error(errc::invalid_argument, "acquire: timeout is negative");
  pending.kind = options.shared() ? LeaseKind::shared : LeaseKind::exclusive;
  pending.since = pending.asked = now;
  if (limit.count() != 0) pending.limit = limit >= never - now ? never : now + limit;
  if (options.deadline()) pending.deadline = *options.deadline();
  pending.operation = options.operation();
  pending.where = where;
}

}  // namespace

awaitable<LeaseHandle> acquire(std::shared_ptr<PoolDriver> driver, AcquireOptions options, std::source_location where) {
  driver->check_caller();
  WaitingFrame frame(std::move(driver));
  auto& pending = frame.pending;
  prepare(pending, *frame.driver, options, where);
  const Enqueue enqueue{&frame};
  const auto& key = frame.driver->pool_key();
  for (;;) {
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(enqueue, asio::use_awaitable);
    if (pending.cancelled) throw Error(errc::cancelled, "the caller gave up waiting").within(key.backend(), "acquire");
    if (pending.error) throw pending.error->within(key.backend(), "acquire", key.endpoint());
    if (!pending.grant) throw Error(errc::pool_closed, "the pool is closed").within(key.backend(), "acquire");
    LeaseHandle handle = frame.driver->accept(std::exchange(pending.grant, {}), std::exchange(pending.waited, {}));
    if (handle) co_return handle;
    pending.operation = options.operation();  // the check said no: once more, within the same time
    pending.asked = Clock::now();
  }
}

void clear(PoolDriver& driver) { driver.clear(); }
void resize(PoolDriver& driver, unsigned min, unsigned max) { driver.resize(min, max); }
PoolStats stats(const PoolDriver& driver) { return driver.stats(); }
const PoolKey& key(const PoolDriver& driver) noexcept { return driver.pool_key(); }
const PoolOptions& options(const PoolDriver& driver) noexcept { return driver.options(); }

awaitable<void> close(std::shared_ptr<PoolDriver> driver, std::optional<std::chrono::milliseconds> drain) {
  std::vector<std::shared_ptr<PoolDriver>> drivers;
  drivers.push_back(std::move(driver));
  co_await close_drivers(std::move(drivers), drain);
}

namespace {

// Cancels what is under way when its time is over.
struct Watchdog {
  Watchdog(const asio::any_io_executor& executor, Duration limit) : timer(executor) { timer.expires_after(limit); }
  asio::steady_timer timer;
  asio::cancellation_signal signal;
  bool bit = false;
};

awaitable<bool> ping_connection(std::shared_ptr<PoolDriver> driver, void* connection) {
  const bool well = co_await driver->factory().ping(connection);
  co_return well;
}

// On an executor of its own kind, a strand where several threads run the loop: ping and watchdog are never at work at
// once. Its own limit, not the caller's: a peer that does not answer costs no more than ping_timeout.
awaitable<bool> watched_ping(std::shared_ptr<PoolDriver> driver, void* connection) {
  const auto executor = co_await asio::this_coro::executor;
  const auto watchdog = std::make_shared<Watchdog>(executor, driver->options().ping_timeout());
  watchdog->timer.async_wait([watchdog](const boost::system::error_code& stopped) {
    if (stopped) return;
    watchdog->bit = true;
    watchdog->signal.emit(asio::cancellation_type::terminal);
  });
  std::exception_ptr failure;
  bool well = false;
  auto token = asio::bind_cancellation_slot(watchdog->signal.slot(), asio::use_awaitable);
  auto work = ping_connection(driver, connection);
  try {
    well = co_await asio::co_spawn(executor, std::move(work), token);
  } catch (...) {
    failure = std::current_exception();
  }
  watchdog->timer.cancel();
  if (watchdog->bit) throw Error(errc::timeout, "the ping was not answered within ping_timeout");
  if (failure) std::rethrow_exception(failure);
  co_return well;
}

}  // namespace

awaitable<std::chrono::nanoseconds> ping(std::shared_ptr<PoolDriver> driver) {
  AcquireOptions options;
  options.operation("ping").shared(driver->options().pipeline_depth() > 1);
  LeaseHandle lease = try_acquire(*driver, options, std::source_location::current());
  if (!lease) lease = co_await acquire(driver, options, std::source_location::current());
  const auto executor = co_await asio::this_coro::executor;
  const auto keep_running = asio::make_work_guard(executor);  // the connection's executor does not
  auto work = watched_ping(driver, lease.connection());
  const auto begin = Clock::now();
  std::exception_ptr failure;
  bool well = false;
  try {
    well = co_await net::call_on_strand<bool>(driver->connection_executor(), std::move(work));
  } catch (...) {
    failure = std::current_exception();
  }
  const auto took = Clock::now() - begin;
  if (well && !failure) co_return std::chrono::duration_cast<std::chrono::nanoseconds>(took);
  lease.give_back(true);
  if (failure) std::rethrow_exception(failure);
  throw Error(errc::connection_lost, "the ping was not answered").within(driver->pool_key().backend(), "ping");
}

}  // namespace weir::detail
