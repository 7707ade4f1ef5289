#pragma once

#include "pool/core/counters.hpp"
#include "pool/core/random.hpp"
#include "pool/core/types.hpp"

#include <weir/pool_options.hpp>

#include <array>
#include <atomic>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// The state machine of a pool: what happened goes in with the time at which it did, what is to be done comes out as
/// actions. It does no I/O, reads no clock and is not thread-safe; the driver calls it under its lock, carries out the
/// actions after the lock, and answers each connect, ping, reset and close exactly once.
///
/// Times may be up to a few milliseconds behind one another (coarse clocks): a duration that would be negative is zero.
class PoolCore {
 public:
  /// @param permits the process-wide limit; null: none
  PoolCore(const PoolOptions& options, std::vector<std::string> endpoints, std::uint64_t seed,
           PermitSource* permits = nullptr);
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;
  ~PoolCore();

  // --- leases -------------------------------------------------------------------------------------------------------
  /// The warm path: an idle connection that needs no ping, and nobody is waiting for it.
  Grant try_acquire(TimePoint now, LeaseKind kind, const std::source_location& where, std::string_view operation = {});
  /// The same for an exclusive lease in the usual case, in line (core_warm.hpp). Nothing is to be carried out after it;
  /// only `due` may have changed. Empty: `try_acquire` is to be asked.
  Grant try_acquire_warm(TimePoint now, const std::source_location& where, std::string_view operation = {});
  enum class Asked : std::uint8_t { granted, queued, failed };
  /// Granted and failed are in the waiter and need no action; queued is answered by an action.
  Asked acquire(TimePoint now, Waiter& waiter);
  /// True: it was taken out of the queue and will not be answered. False: it has been answered already.
  bool cancel(TimePoint now, Waiter& waiter);
  /// @param weight what `weight_of_time` said
  void release(TimePoint now, Grant grant, ReturnAs as, std::uint32_t weight = 1);
  /// The same in the usual case for a connection that is ready, in line; likewise. False: `release` is to be asked.
  bool release_warm(TimePoint now, Grant grant, std::uint32_t weight = 1);
  /// For how many leases of its kind the use time of this one stands that is about to be released; 0: the clock need
  /// not be read, `latest` will do.
  std::uint32_t weight_of_time(Grant grant) noexcept;
  /// The latest time at which a lease began or ended.
  TimePoint latest() const noexcept { return latest_; }
  /// The free check said no to what was just granted: it is closed, and neither the lease nor the acquire ever was.
  /// @param waited how long the waiter had waited that it was granted to; none: it was granted at once
  void refuse(TimePoint now, Grant grant, std::optional<Duration> waited = {});

  // --- answers to actions -------------------------------------------------------------------------------------------
  void connected(TimePoint now, Slot& slot);
  void connect_failed(TimePoint now, Slot& slot, const Error& error);
  void pinged(TimePoint now, Slot& slot, bool well);
  void was_reset(TimePoint now, Slot& slot, bool well);
  void closed(TimePoint now, Slot& slot);

  // --- the pool -----------------------------------------------------------------------------------------------------
  /// The time `due` has come.
  void timer(TimePoint now);
  /// A new generation: idle ones are closed now, those in use when they come back. With `pause` everybody who waits
  /// fails.
  void clear(TimePoint now, const std::optional<Error>& cause, bool pause = false);
  /// The same for an error on one connection, unless it was of an older generation.
  void report_error(TimePoint now, const Slot& slot, const Error& error);
  void ready(TimePoint now);
  void resize(TimePoint now, unsigned min, unsigned max);
  /// No leases from now on; `drained` comes when the last connection is closed or `deadline` is over.
  void close(TimePoint now, TimePoint deadline);
  /// A request to an endpoint went well or badly.
  void request_result(TimePoint now, std::size_t endpoint, bool success);
  /// A permit was put aside for this pool: it may take it now.
  void permit_available(TimePoint now, std::size_t endpoint);
  /// The machine slept: nothing is known of the connections that were idle meanwhile.
  void slept(TimePoint now);
  /// Another loop starves: close the connection idle longest, or else the next that comes back.
  void yield_permit(TimePoint now, std::size_t endpoint);
  /// One that starved no longer does.
  void keep_permit(std::size_t endpoint) noexcept;
  /// The loop is gone. Forgets everything, asks for nothing; the waiters are handed out to be destroyed.
  WaiterList abandon() noexcept;

  // --- what comes out -----------------------------------------------------------------------------------------------
  std::vector<Action>& actions() noexcept { return actions_; }
  std::vector<PoolEvent>& events() noexcept { return events_; }
  void listen(EventMask wanted) noexcept {
    if (wanted == wanted_) return;
    wanted_ = wanted;
    calm_ = false;
  }
  /// When `timer` is to be called; `never`: nothing is due.
  TimePoint due() const noexcept { return due_; }
  PoolState state() const noexcept { return state_; }
  const Counters& counters() const noexcept { return counters_; }
  Counters& counters() noexcept { return counters_; }
  const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }
  HealthState health(std::size_t endpoint, TimePoint now) const noexcept;
  std::size_t waiters() const noexcept { return waiting_[0].size() + waiting_[1].size(); }
  /// Since when the head of the queue waits; `never`: nobody does.
  TimePoint oldest_waiter() const noexcept;
  const std::optional<Error>& last_connect_error() const noexcept { return last_connect_error_; }
  /// Any thread.
  Duration oldest_lease(TimePoint now) const noexcept;
  std::uint64_t memory_bytes() const noexcept;

  /// Every slot that may hold a connection, the heartbeat's included.
  template <class Visit>
  void each_connection(Visit visit) const {
    each_slot(visit);
    for (const auto& endpoint : endpoints_)
      if (endpoint.monitor) visit(*endpoint.monitor);
  }

  /// Every slot, for tests and for the end of the loop. Any thread may walk; what it may read is said at each field.
  template <class Visit>
  void each_slot(Visit visit) const {
    for (auto* chunk = chunks_.load(std::memory_order_acquire); chunk != nullptr; chunk = chunk->next)
      for (auto& slot : chunk->slots) visit(slot);
  }

 private:
  static constexpr std::size_t chunk_slots = 16;
  struct Chunk {
    std::array<Slot, chunk_slots> slots;
    Chunk* next = nullptr;
  };

  // core_acquire.cpp
  Slot* take(TimePoint now, LeaseKind kind);
  Slot* take_idle(TimePoint now, Endpoint& endpoint);
  Slot* take_shared(Endpoint& endpoint) noexcept;
  bool needs_ping(TimePoint now, const Slot& slot) const noexcept;
  Grant grant(TimePoint now, Slot& slot, LeaseKind kind, const std::source_location& where, std::string_view operation);
  bool grow_calm() noexcept;
  Grant begin_lease(TimePoint now, Slot& slot, const std::source_location& where, std::string_view operation);
  Duration note_use(TimePoint now, const LeaseRecord& record, std::uint32_t weight) noexcept;
  void enqueue(TimePoint now, Waiter& waiter);
  void dequeue(Waiter& waiter) noexcept;
  Waiter* head() const noexcept;
  void complete(TimePoint now, Waiter& waiter, Slot& slot);
  void fail(TimePoint now, Waiter& waiter, Error error);
  void fail_all(TimePoint now, const Error& error);
  void dispatch(TimePoint now);
  void reserve_for_head();
  void unreserve() noexcept;
  void relist(Slot& slot) noexcept;
  void pump(TimePoint now);
  std::size_t demand() const noexcept;

  // core_release.cpp
  void lease_ended(TimePoint now, Slot& slot, std::uint32_t ticket, std::optional<std::uint32_t> weight);
  void came_back(TimePoint now, Slot& slot);
  void make_idle(TimePoint now, Slot& slot);
  void close_slot(TimePoint now, Slot& slot, CloseReason reason);
  void move_to(Slot& slot, SlotState state) noexcept;
  void vacate(Slot& slot);
  void finish_drain(TimePoint now);
  void detach_all(TimePoint now);
  bool is_stale(const Slot& slot) const noexcept { return slot.generation < generation_; }

  // core_connect.cpp
  void start_validations(TimePoint now);
  void start_connects(TimePoint now);
  bool connect_one(TimePoint now, TimePoint wanted_since);
  bool may_connect(TimePoint now, const Endpoint& endpoint) const noexcept;
  bool take_permit(Endpoint& endpoint, TimePoint wanted_since);
  void no_longer_wanted() noexcept;
  bool usable_endpoint(TimePoint now, const Endpoint& endpoint) const noexcept;
  void back_off(TimePoint now, Endpoint& endpoint);
  void eject(TimePoint now, Endpoint& endpoint);
  Slot& vacant_slot();
  bool all_endpoints_failing() const noexcept;
  std::size_t total() const noexcept;
  std::size_t arriving() const noexcept;

  // core_heartbeat.cpp
  bool heartbeats() const noexcept;
  void begin_heartbeats(TimePoint now);
  void end_heartbeats();
  void beat(TimePoint now);
  void heartbeat_later(TimePoint now, Endpoint& endpoint, Duration delay);
  void heartbeat_answered(TimePoint now, Endpoint& endpoint);
  void heartbeat_failed(TimePoint now, Endpoint& endpoint, const std::optional<Error>& error);
  void monitor_connected(TimePoint now, Slot& slot);
  void monitor_connect_failed(TimePoint now, Slot& slot, const Error& error);
  void monitor_pinged(TimePoint now, Slot& slot, bool well);
  void move_monitor(Slot& slot, SlotState state) noexcept;
  bool yield_monitor(TimePoint now, Endpoint& endpoint);
  void close_monitor(Slot& slot);
  void monitor_gone(Slot& slot);
  bool monitors_open() const noexcept;

  // core_housekeeping.cpp
  void check_waiters(TimePoint now);
  void check_slot(TimePoint now, Slot& slot);
  void check_lease(TimePoint now, Slot& slot);
  void check_idle(TimePoint now, Slot& slot);
  bool may_retire(TimePoint now);
  bool retire(TimePoint now, Slot& slot);
  void retire_replaced(TimePoint now);
  void trim(TimePoint now, Endpoint& endpoint);
  void note_housekeeping(TimePoint now, TimePoint when) noexcept;
  void note_due(TimePoint when) noexcept {
    if (when < due_) due_ = when;
  }
  void set_state(PoolState state) noexcept;
  static TimePoint later(TimePoint now, Duration delay) noexcept { return delay >= never - now ? never : now + delay; }

  // core_errors.cpp
  Error timeout_error(TimePoint now, const Waiter& waiter) const;
  Error closed_error() const;
  Error full_error() const;
  Error paused_error() const;
  std::string situation(TimePoint now) const;
  bool listens(PoolEventKind kind) const noexcept { return (wanted_ & mask_of(kind)) != 0; }
  PoolEvent event(PoolEventKind kind, TimePoint now) const;
  PoolEvent event(PoolEventKind kind, TimePoint now, const Slot& slot) const;
  static std::string describe(const std::string& operation, const std::source_location& where);

  Endpoint& endpoint_of(const Slot& slot) noexcept { return endpoints_[slot.endpoint]; }

  PoolOptions options_;
  // Of the options, as the warm path wants them.
  bool plain_ = false;  ///< one endpoint and no spare connections to keep
  /// The warm path may be tried: the last look found nothing that it does not think of, and nothing came since.
  bool calm_ = false;
  std::size_t idle_limit_ = 0;
  bool lifo_ = true;
  Duration validate_after_ = Duration::max();
  Duration lease_warning_{};
  std::uint64_t most_uses_ = std::numeric_limits<std::uint64_t>::max();
  PermitSource* permits_;
  Random random_;
  PoolState state_ = PoolState::ready;
  EventMask wanted_ = 0;
  bool first_used_ = false;
  bool wants_permit_ = false;
  Slot* reserved_ = nullptr;
  Duration idle_due_{};
  TimePoint latest_{};
  std::uint32_t short_leases_ = 0;  ///< in a row, each within one tick of the clock
  std::uint32_t untimed_ = 0;       ///< since the last sample
  TimePoint due_ = never;
  std::uint64_t generation_ = 0;
  std::uint64_t next_id_ = 1;
  std::uint64_t next_sequence_ = 1;
  std::size_t rotation_ = 0;
  std::vector<bool> tried_;         ///< scratch of `take`
  std::uint32_t replacements_ = 0;  ///< connects under way that take the place of a connection too old
  std::uint32_t retired_in_window_ = 0;
  TimePoint retire_window_end_{};
  TimePoint drain_deadline_ = never;
  bool drained_ = false;
  std::array<WaiterList, 2> waiting_;
  std::vector<Endpoint> endpoints_;
  std::vector<Action> actions_;
  std::vector<PoolEvent> events_;
  std::optional<Error> last_connect_error_;
  std::optional<Error> pause_cause_;
  Counters counters_;
  std::vector<Slot*> vacant_;
  std::atomic<Chunk*> chunks_{nullptr};
  std::atomic<std::uint64_t> chunk_count_{0};
};

}  // namespace weir::detail
