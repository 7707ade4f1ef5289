#pragma once

/// @file
/// What happens in a pool, told while it happens.

#include <weir/error.hpp>
#include <weir/export.hpp>
#include <weir/pool_stats.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

enum class PoolEventKind : std::uint8_t {
  pool_created,
  pool_ready,
  pool_cleared,
  pool_closed,
  connection_created,
  connection_ready,
  connection_closed,
  acquire_started,
  acquire_failed,
  acquired,
  released,
  slow_acquire,        ///< a caller waits longer than `slow_acquire`
  lease_warning,       ///< a lease is held longer than `lease_warning`; told again when it is returned
  backoff_started,     ///< a connect failed; `duration` is the delay before the next
  endpoint_ejected,    ///< the endpoint is left alone for `duration`
  endpoint_restored,   ///< and was found to be well again
  server_limit,        ///< the loops' pools together may open more than 80 % of what the server allows
  many_configurations  ///< more than eight pools on one loop go to one endpoint: settings that could be one
};
WEIR_API std::string_view to_string(PoolEventKind kind) noexcept;

/// One event. Fields that do not apply are empty.
struct PoolEvent {
  PoolEventKind kind{};
  std::chrono::steady_clock::time_point time{};
  std::string pool;                      ///< "host:port/namespace", without secrets
  std::uint64_t connection_id = 0;       ///< 1, 2, 3… in each pool; 0: none
  std::string endpoint;                  ///< "host:port"
  std::chrono::nanoseconds duration{0};  ///< of the wait, the use, the connect, the back-off
  std::optional<CloseReason> reason;     ///< connection_closed
  std::optional<Error> error;            ///< acquire_failed, backoff_started, pool_cleared, connection_closed
  std::string operation;                 ///< of the lease or the waiter: its name, or "file:line" of the call
  std::string text;                      ///< for people: what slow_acquire and lease_warning have to say
};

/// Hears events. Called one after the other, in order, on the pool's loop, while no lock is held: a listener may use
/// the pool. What it throws is counted (`PoolStats::listener_failures`) and goes no further.
class WEIR_API PoolListener {
 public:
  virtual void on_event(const PoolEvent& event) = 0;

 protected:
  PoolListener() = default;
  PoolListener(const PoolListener&) = default;
  PoolListener& operator=(const PoolListener&) = default;
  virtual ~PoolListener();
};

/// Hear every pool of the process, on all loops, from now on. Any thread.
WEIR_API void add_pool_listener(std::shared_ptr<PoolListener> listener);
/// Hear no more; an event being delivered at this moment may still arrive. Any thread. False: it was not there.
WEIR_API bool remove_pool_listener(const std::shared_ptr<PoolListener>& listener) noexcept;

}  // namespace weir
