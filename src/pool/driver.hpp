#pragma once

#include "pool/core/core.hpp"
#include "pool/listeners.hpp"
#include "pool/loop.hpp"
#include "pool/process.hpp"

#include <weir/pool.hpp>
#include <weir/registry.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

class BackgroundTask;
class CountDown;
class LoopRecord;
class SharedLimit;

/// What belongs to a slot of the state machine on this side: the connection itself.
struct Connection {
  ConnectionPtr object;
  boost::asio::any_io_executor executor;  ///< of its I/O: the loop's, or a strand of its own
  std::shared_ptr<BackgroundTask> task;   ///< the connect, ping or reset under way
  bool given_up = false;                  ///< before its task was there; under the driver's lock, as the task
};

/// Somebody who waits for a lease, in the frame of `acquire`.
struct PendingAcquire : Waiter {
  using Handler = boost::asio::async_result<boost::asio::use_awaitable_t<>, void()>::handler_type;
  std::optional<Handler> handler;
  TimePoint asked{};  ///< `since`, or when it asked again because the first connection was dead
  bool cancelled = false;
};

/// Runs one pool's state machine on its loop. Handles and coroutines share it; leases are counted, and keep it alive
/// through `keep_` without touching a counter that another thread writes.
class PoolDriver final : public PoolLife, public std::enable_shared_from_this<PoolDriver>, private PermitSource {
 public:
  PoolDriver(LoopRecord& record, PoolKey pool_key, PoolOptions options, std::unique_ptr<ErasedFactory> factory);
  ~PoolDriver();

  /// After construction: from here on leases keep it alive.
  void open();

  // --- leases -------------------------------------------------------------------------------------------------------
  LeaseHandle try_acquire(LeaseKind kind, const std::source_location& where, std::string_view operation) noexcept;
  /// Throws when this is not the pool's loop, or the process was forked since.
  void check_caller() const;
  /// From within the suspended `acquire`.
  void enqueue(PendingAcquire& pending);
  void cancel(PendingAcquire& pending);
  /// A lease that was granted, after the free check; empty: it did not pass.
  /// @param waited how long its waiter waited; none: it was granted at once
  LeaseHandle accept(Grant grant, std::optional<Duration> waited = {}) noexcept;
  void give_back(Grant grant, void* connection, bool broken) noexcept;
  void report(Slot& slot, bool success);
  void fail(Slot& slot, const Error& error);

  // --- the pool -----------------------------------------------------------------------------------------------------
  void clear();
  void resize(unsigned min, unsigned max);
  /// On the loop. `until_closed` is let go of when the pool is closed, or its loop has ended.
  void begin_close(TimePoint deadline, std::shared_ptr<CountDown> until_closed);
  PoolStats stats() const;
  bool closing() const noexcept { return core_.counters().state.load() >= PoolState::draining; }

  const PoolKey& pool_key() const noexcept { return key_; }
  const PoolOptions& options() const noexcept { return options_; }
  const Loop& loop() const noexcept { return loop_; }
  std::chrono::system_clock::time_point created() const noexcept { return created_; }
  ErasedFactory& factory() noexcept { return *factory_; }
  /// For one connection's I/O: the loop's, or a new strand where several threads run it.
  boost::asio::any_io_executor connection_executor() const;
  bool usable_here() const noexcept { return !ended.load(std::memory_order_relaxed) && !forked(); }

  /// Runs `call(driver)` on the loop: now when this is it, else posted. False: the loop is gone.
  bool on_loop(std::function<void(PoolDriver&)> call);
  /// Always posted.
  bool post(std::function<void(PoolDriver&)> call);
  /// Tells the listeners, on the loop.
  void announce(PoolEventKind kind, std::string text = {});
  std::optional<std::uint64_t> server_limit() const noexcept { return factory_->server_limit(); }

  // --- owners: databases that share this pool
  // ---------------------------------------------------------------------------
  /// Under the mutex of the loop's record.
  void owner_joined() noexcept { ++owners_; }
  /// True: that was the last, and the pool has left its registry.
  bool owner_left();
  bool is_on(const LoopRecord& record) const noexcept { return record_ == &record; }
  std::size_t factory_endpoints() const noexcept { return core_.endpoints().size(); }

  // --- the end of the loop ------------------------------------------------------------------------------------------
  /// Under the process mutex, before `loop_ended`: from here on returns come to nothing.
  void mark_ended() noexcept;
  /// From the registry's shutdown, on the thread that destroys the context: nobody runs the loop any longer.
  void loop_ended() noexcept;
  /// From the registry's destruction, after every frame of the loop is gone: what is still leased elsewhere is closed.
  void loop_destroyed() noexcept;
  /// After a fork in the child: descriptors only.
  void forked_child() noexcept;

  // --- for the background tasks -------------------------------------------------------------------------------------
  void task_done(BackgroundTask& task, std::exception_ptr failure, ConnectionPtr made, bool well);

  /// Another loop starves for a connection to the same endpoint.
  void yield_permit(std::size_t endpoint);
  void keep_permit(std::size_t endpoint);
  void permit_available(std::size_t endpoint);
  /// Connections that could be closed without anybody missing them.
  std::uint64_t idle() const noexcept { return core_.counters().idle.load() + core_.counters().monitors_idle.load(); }

 private:
  friend class BackgroundTask;
  class Guard;
  struct Batch {
    std::vector<Action> actions;
    bool events = false;
    bool arm = false;
  };

  // What is not the usual case stands in functions of its own, not in line: the usual case then needs few registers.
  [[gnu::noinline]] LeaseHandle try_acquire_slowly(LeaseKind kind, const std::source_location& where,
                                                   std::string_view operation) noexcept;
  [[gnu::noinline]] void give_back_slowly(Grant grant, ReturnAs as, std::uint32_t weight) noexcept;
  [[gnu::noinline]] void refuse(Grant grant, std::optional<Duration> waited = {}) noexcept;
  /// Which events somebody wants to hear now: two loads and a table.
  EventMask wanted_events() const noexcept { return listeners_.wanted(); }
  template <class Event>
  void run(Event&& event);
  bool collect(Batch& batch);
  void let_tasks_rest() noexcept;
  void carry_out(Batch& batch);
  void recycle(std::vector<Action>&& actions) noexcept;
  void answer(PendingAcquire& pending) noexcept;
  void start(Slot& slot, ActionKind what);
  void abort(Slot& slot);
  void close_now(Slot& slot, CloseReason reason);
  void drained();
  void let_go_when_empty();
  void deliver_events();
  [[gnu::noinline]] void arm();
  [[gnu::noinline]] bool arm_from_here();
  void timer_fired();
  bool has_slept() noexcept;
  [[gnu::noinline]] void return_from_afar(Grant grant, void* connection, bool broken) noexcept;
  void lease_gone() noexcept;
  /// Under the lock where the slot may be new.
  Connection& connection_of(Slot& slot);
  bool forked() const noexcept { return Process::fork_generation() != fork_generation_; }
  void remember_error_text();

  bool take(std::size_t endpoint, TimePoint wanted_since) override;
  void give_back(std::size_t endpoint) override;
  void no_longer_wanted(std::size_t endpoint) override;
  bool wanted_elsewhere(std::size_t endpoint) override;

  Loop loop_;
  const Listeners& listeners_;
  LoopRecord* const record_;  ///< valid until `ended`
  const bool confined_;
  const std::uint64_t fork_generation_;
  const PoolKey key_;
  const PoolOptions options_;
  const std::chrono::system_clock::time_point created_;
  std::unique_ptr<ErasedFactory> factory_;
  std::vector<std::shared_ptr<SharedLimit>> limits_;  ///< one for each endpoint; empty: no total_limit

  mutable std::mutex mutex_;  // around the state machine and what follows; left out on a loop with one thread
#ifndef NDEBUG
  mutable std::atomic<bool> inside_{false};
#endif
  PoolCore core_;
  std::vector<Action> spare_;
  TimePoint armed_ = never;
  Duration asleep_{};  ///< how long the machine has slept since it was started, when last looked at
  std::deque<PoolEvent> events_;
  bool delivering_ = false;
  std::atomic<bool> told_load_{false};
  std::vector<std::shared_ptr<BackgroundTask>> tasks_;
  std::vector<std::shared_ptr<CountDown>> closers_;

  std::mutex timer_mutex_;
  std::optional<boost::asio::steady_timer> timer_;
  mutable std::mutex text_mutex_;
  std::string error_text_;
  std::atomic<std::uint64_t> listener_failures_{0};
  std::size_t owners_ = 0;     ///< under the mutex of the loop's record
  std::uint64_t orphans_ = 0;  ///< leases still out when the loop ended; under the process mutex
  std::shared_ptr<PoolDriver> keep_;
};

}  // namespace weir::detail
