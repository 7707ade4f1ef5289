#pragma once

/// The objects that the pool's state machine works on. No Asio, no clock: a time is always an argument.

#include "pool/core/intrusive_list.hpp"

#include <weir/detail/return_as.hpp>
#include <weir/error.hpp>
#include <weir/pool_events.hpp>
#include <weir/pool_stats.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

namespace weir::detail {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
inline constexpr TimePoint never = TimePoint::max();

/// Which kinds of events somebody wants to hear; the others are not even built.
using EventMask = std::uint32_t;
inline constexpr EventMask all_events = ~EventMask{0};
constexpr EventMask mask_of(PoolEventKind kind) noexcept { return EventMask{1} << static_cast<unsigned>(kind); }

enum class LeaseKind : std::uint8_t { exclusive, shared };

/// One lease that is out. A connection has as many as its pipeline is deep.
struct LeaseRecord {
  std::atomic<Duration::rep> since{0};  ///< 0: not out. Read by stats() from any thread.
  std::source_location where{};
  std::string operation;
  std::uint32_t next_free = 0;
  bool warned = false;
};

enum class SlotState : std::uint8_t { vacant, pending, idle, in_use, validating, resetting, closing, detached };

/// Room for one connection. It is counted from the moment a connect begins until its close has finished.
struct Slot {
  std::uint64_t id = 0;
  SlotState state = SlotState::vacant;
  std::uint32_t endpoint = 0;
  std::uint32_t leases = 0;
  bool shared = false;    ///< what is out are shared leases
  bool reserved = false;  ///< takes no more shared leases: the exclusive waiter at the head gets it
  bool needs_reset = false;
  bool monitor = false;    ///< the heartbeat's own: it belongs to no chunk, is never leased and counts nowhere
  bool keepalive = false;  ///< validating for its own sake, not for a waiter
  bool replacing = false;  ///< too old, and another is being opened in its place
  std::optional<CloseReason> doomed;  ///< close it when it comes back
  std::uint64_t generation = 0;
  std::uint64_t uses = 0;
  TimePoint connecting_since{};
  TimePoint idle_since{};
  TimePoint verified{};      ///< when it was last known to be well
  TimePoint asked{};         ///< when the ping under way began
  Duration ping_interval{};  ///< keepalive_interval ±10 %
  TimePoint expires = never;
  std::unique_ptr<LeaseRecord[]> records;  ///< as many as the pool's pipeline_depth
  std::uint32_t free_record = 0;
  ListHook<Slot> hook;   ///< idle list of its endpoint, or the list of its load
  void* user = nullptr;  ///< the driver's
};

/// A lease as the state machine sees it.
struct Grant {
  Slot* slot = nullptr;
  std::uint32_t ticket = 0;
  explicit operator bool() const noexcept { return slot != nullptr; }
};

/// Somebody who waits. It lives in the waiting coroutine's frame.
struct Waiter {
  LeaseKind kind = LeaseKind::exclusive;
  TimePoint since{};
  TimePoint deadline = never;  ///< of the operation: ends with `timeout`
  TimePoint limit = never;     ///< of the wait: ends with `pool_timeout`; wins a tie
  std::string operation;
  std::source_location where{};
  // What the state machine keeps and answers.
  std::uint64_t sequence = 0;
  bool queued = false;
  bool warned = false;
  std::optional<Duration> waited;  ///< how long, when the grant came out of the queue
  Grant grant;
  std::optional<Error> error;
  ListHook<Waiter> hook;

  TimePoint ends() const noexcept { return limit < deadline ? limit : deadline; }
};

using SlotList = IntrusiveList<Slot, &Slot::hook>;
using WaiterList = IntrusiveList<Waiter, &Waiter::hook>;

enum class ActionKind : std::uint8_t {
  connect,          ///< open a connection for the slot, then `connected` or `connect_failed`
  close,            ///< close it, then `closed`
  ping,             ///< then `pinged`
  abort,            ///< give up the connect, ping or reset under way; its answer is still awaited
  reset,            ///< then `was_reset`
  complete_waiter,  ///< its grant is filled in
  fail_waiter,      ///< its error is
  drained           ///< the pool is closed: nothing is left
};

struct Action {
  ActionKind kind{};
  Slot* slot = nullptr;
  Waiter* waiter = nullptr;
  CloseReason reason{};
};

enum class HealthState : std::uint8_t { up, backoff, ejected };

/// What is known of one endpoint, and its connections.
struct Endpoint {
  std::string name;
  std::vector<SlotList> by_load;  ///< [0]: idle, the one longest idle in front; [n]: n shared leases and room for more
  std::uint32_t total = 0;        ///< every slot that is not vacant
  std::uint32_t pending = 0;
  std::uint32_t validating = 0;
  std::uint32_t resetting = 0;
  std::uint32_t in_use = 0;
  std::uint32_t yields = 0;  ///< connections to close on return, for another loop that starves
  std::uint32_t connect_limit = 1;
  bool wants_permit = false;  ///< stopped by total_limit
  // Health.
  std::uint32_t failures = 0;  ///< connects that failed, one after the other
  TimePoint failing_since{};
  std::uint64_t first_probe = 0;  ///< the id of the first connect that was begun after the last failure
  TimePoint backoff_until{};
  std::uint32_t request_failures = 0;
  std::uint32_t ejections = 0;
  TimePoint ejected_until{};
  bool ejected = false;
  std::optional<Error> last_error;
  // Heartbeat.
  std::unique_ptr<Slot> monitor;
  TimePoint heartbeat_at = never;
  std::uint32_t heartbeats_failed = 0;
};

/// The process-wide limit as the state machine sees it: one permit for each connection.
class PermitSource {
 public:
  /// False: none is left; `permit_available` will be called when one was kept for this pool.
  virtual bool take(std::size_t endpoint, TimePoint wanted_since) = 0;
  virtual void give_back(std::size_t endpoint) = 0;
  /// Nobody waits here any longer.
  virtual void no_longer_wanted(std::size_t endpoint) = 0;
  /// A connection has nothing to do here: true when another loop starves that nobody has been asked to help. It is then
  /// counted on that one is closed.
  virtual bool wanted_elsewhere(std::size_t endpoint) = 0;

 protected:
  ~PermitSource() = default;
};

}  // namespace weir::detail
