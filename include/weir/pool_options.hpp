#pragma once

/// @file
/// Every option of a pool, with its default. They are part of a pool's identity: two handles that differ in one of them
/// never share a connection.

#include <weir/detail/setting.hpp>
#include <weir/export.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace weir {

/// Which idle connection is handed out next. The sweeper works from the oldest in either case.
enum class Reuse {
  lifo,  ///< the one used last: what is not needed grows old and is closed
  fifo   ///< the one idle longest: the load spreads, and nothing ever becomes idle enough to be closed
};

/// Options of one pool on one loop. A duration of zero turns the feature off, where nothing else is said.
///
/// *Thread safety*: a value.
class WEIR_API PoolOptions {
 public:
  using milliseconds = std::chrono::milliseconds;
  /// `max_size(unlimited)`: no limit, which is what `maxPoolSize=0` of a `mongodb://` URI means.
  static constexpr unsigned unlimited = std::numeric_limits<unsigned>::max();

  PoolOptions() = default;

  // --- size ---------------------------------------------------------------------------------------------------------
  /// Connections to one endpoint on one loop, those being opened included. 0 is an error.
  WEIR_SETTING(PoolOptions, unsigned, max_size, 10)
  /// Kept open on each loop, opened in the background once the pool was first used.
  WEIR_SETTING(PoolOptions, unsigned, min_size, 0)
  /// Spare idle connections kept above those in use.
  WEIR_SETTING(PoolOptions, unsigned, min_idle, 0)
  /// More idle ones than this are closed on return. None: as many as max_size.
  WEIR_SETTING(PoolOptions, std::optional<unsigned>, max_idle, {})
  /// Connections to one endpoint over all loops of the process; 0: no limit.
  WEIR_SETTING(PoolOptions, unsigned, total_limit, 0)
  /// Connections to one endpoint that are opened at the same time; 1 while the pool backs off.
  WEIR_SETTING(PoolOptions, unsigned, max_connecting, 2)
  /// Shared leases on one connection.
  WEIR_SETTING(PoolOptions, unsigned, pipeline_depth, 1)

  // --- waiting ------------------------------------------------------------------------------------------------------
  /// How long an acquire waits, connecting included; 0: only the deadline of the operation ends it.
  WEIR_SETTING(PoolOptions, milliseconds, acquire_timeout, milliseconds{5'000})
  /// Callers that wait; one more gets `pool_full` at once.
  WEIR_SETTING(PoolOptions, unsigned, max_waiters, 4096)
  /// A wait longer than this is reported once, by an event.
  WEIR_SETTING(PoolOptions, milliseconds, slow_acquire, milliseconds{2'000})
  /// Several endpoints: how long to wait for a suitable one.
  WEIR_SETTING(PoolOptions, milliseconds, selection_timeout, milliseconds{30'000})
  /// With no live connection and two failed connects, waiters fail at once with the connect error.
  WEIR_SETTING(PoolOptions, bool, fail_fast, false)

  // --- connecting ---------------------------------------------------------------------------------------------------
  /// Name resolution, TCP, TLS, handshake and authentication together.
  WEIR_SETTING(PoolOptions, milliseconds, connect_timeout, milliseconds{10'000})
  /// Between the attempts on several addresses of one name (RFC 8305).
  WEIR_SETTING(PoolOptions, milliseconds, attempt_delay, milliseconds{250})
  /// Back-off after a failed connect: drawn from [0, reconnect_min · 2^(failures − 1)], at most reconnect_max.
  WEIR_SETTING(PoolOptions, milliseconds, reconnect_min, milliseconds{50})
  WEIR_SETTING(PoolOptions, milliseconds, reconnect_max, milliseconds{5'000})
  /// TCP_USER_TIMEOUT: how long sent bytes may stay unacknowledged.
  WEIR_SETTING(PoolOptions, milliseconds, tcp_user_timeout, milliseconds{30'000})
  WEIR_SETTING(PoolOptions, milliseconds, tcp_keepalive_idle, milliseconds{30'000})
  WEIR_SETTING(PoolOptions, milliseconds, tcp_keepalive_interval, milliseconds{10'000})
  WEIR_SETTING(PoolOptions, unsigned, tcp_keepalive_count, 3)
  /// Begin paused: the topology monitor says when the pool is ready.
  WEIR_SETTING(PoolOptions, bool, start_paused, false)

  // --- life of a connection -----------------------------------------------------------------------------------------
  /// Idle longer than this and above min_size: closed.
  WEIR_SETTING(PoolOptions, milliseconds, idle_timeout, milliseconds{600'000})
  /// Shortened by a random 0 to 10 % for each connection; checked on checkout, on return and by the sweeper.
  WEIR_SETTING(PoolOptions, milliseconds, max_lifetime, milliseconds{1'800'000})
  /// Leases of one connection; 0: no limit.
  WEIR_SETTING(PoolOptions, std::uint64_t, max_uses, 0)
  /// Idle longer than this: pinged before it is handed out.
  WEIR_SETTING(PoolOptions, milliseconds, validate_after, milliseconds{30'000})
  /// Idle connections are pinged this often, ±10 %, the oldest first; 0: never.
  WEIR_SETTING(PoolOptions, milliseconds, keepalive_interval, milliseconds{30'000})
  WEIR_SETTING(PoolOptions, milliseconds, ping_timeout, milliseconds{1'000})
  WEIR_SETTING(PoolOptions, milliseconds, reset_timeout, milliseconds{1'000})
  WEIR_SETTING(PoolOptions, Reuse, reuse, Reuse::lifo)
  /// How often what has time is looked after: idle connections and their ages. 0: when the next thing is due, and never
  /// more than ten times a second.
  WEIR_SETTING(PoolOptions, milliseconds, housekeeping, milliseconds{0})

  // --- several endpoints --------------------------------------------------------------------------------------------
  /// The topology monitor's period; 0: none.
  WEIR_SETTING(PoolOptions, milliseconds, heartbeat_interval, milliseconds{10'000})
  WEIR_SETTING(PoolOptions, milliseconds, min_heartbeat, milliseconds{500})
  /// Failed connects after which an endpoint is left alone for a while; reported failures of requests count to 5.
  WEIR_SETTING(PoolOptions, unsigned, eject_after, 1)
  WEIR_SETTING(PoolOptions, milliseconds, eject_base, milliseconds{1'000})
  WEIR_SETTING(PoolOptions, milliseconds, eject_max, milliseconds{30'000})

  // --- the rest -----------------------------------------------------------------------------------------------------
  /// A lease held longer than this is reported once, and again when it is returned; never taken away.
  WEIR_SETTING(PoolOptions, milliseconds, lease_warning, milliseconds{60'000})
  /// How long `close` waits for leases by default.
  WEIR_SETTING(PoolOptions, milliseconds, drain_timeout, milliseconds{30'000})
  /// Threads that run the loop. 1 leaves out the pool's mutex; 0 (`auto`) asks the loop.
  WEIR_SETTING(PoolOptions, unsigned, loop_threads, 0)

  /// The number of idle connections that are kept: max_idle, or max_size when that was not given.
  unsigned idle_limit() const noexcept { return max_idle_ ? *max_idle_ : max_size_; }

  /// Throws `Error{invalid_argument}` that names the option, or the two that contradict each other.
  void validate() const;

  /// "max_size=2 min_size=1": what differs from the defaults, for people and for error texts.
  std::string to_string() const;

  friend bool operator==(const PoolOptions&, const PoolOptions&) = default;
};

}  // namespace weir
