#pragma once

/// @file
/// What a pool counts. A reading takes no lock and posts nothing: every figure is exact, a set of them is not one
/// instant.

#include <weir/error.hpp>
#include <weir/export.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// Durations in buckets whose upper ends are those of the OpenTelemetry database conventions; the last is open.
struct DurationHistogram {
  /// Upper ends in seconds.
  static constexpr std::array<double, 9> bounds{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0};
  std::array<std::uint64_t, bounds.size() + 1> counts{};
  std::chrono::nanoseconds sum{0};

  /// The bucket a duration falls into.
  WEIR_API static std::size_t bucket(std::chrono::nanoseconds duration) noexcept;
  WEIR_API std::uint64_t count() const noexcept;
  /// Sum divided by count; zero when empty.
  WEIR_API std::chrono::nanoseconds mean() const noexcept;
  /// The upper end of the bucket in which the share `q` of [0, 1] lies; zero when empty.
  WEIR_API std::chrono::nanoseconds quantile(double q) const noexcept;
  WEIR_API DurationHistogram& operator+=(const DurationHistogram& other) noexcept;
};

/// Why a connection was closed: the values of the `reason` attribute of `weir.pool.connections_closed`.
enum class CloseReason : std::uint8_t {
  idle,          ///< idle_timeout
  lifetime,      ///< max_lifetime
  uses,          ///< max_uses
  stale,         ///< opened before the pool was cleared
  error,         ///< broken, or in a state nobody knows
  validation,    ///< a ping or the free check failed
  reset,         ///< the session could not be reset
  surplus,       ///< above max_idle, after a resize, or another loop needed it more
  pool_closed,   ///< the pool, or its loop, came to its end
  drain_timeout  ///< still leased when the time to drain was over
};
inline constexpr std::size_t close_reason_count = 10;
WEIR_API std::string_view to_string(CloseReason reason) noexcept;

/// One more than the largest value of `errc`.
inline constexpr std::size_t error_kinds = static_cast<std::size_t>(errc::storage_full) + 1;

enum class PoolState : std::uint8_t { paused, ready, draining, closed };
WEIR_API std::string_view to_string(PoolState state) noexcept;

/// The figures of one pool, or with `+=` the sum over loops.
struct PoolStats {
  // --- now ----------------------------------------------------------------------------------------------------------
  PoolState state = PoolState::ready;
  std::uint64_t max = 0;            ///< the limit, over all endpoints
  std::uint64_t min = 0;            ///< kept open
  std::uint64_t max_idle = 0;       ///< kept idle at most
  std::uint64_t idle = 0;           ///< ready to be handed out
  std::uint64_t used = 0;           ///< leased, or being validated or reset
  std::uint64_t pending = 0;        ///< being opened
  std::uint64_t waiters = 0;        ///< callers that wait
  std::uint64_t shared_leases = 0;  ///< leases that share a connection with others
  std::uint64_t generation = 0;     ///< how often the pool was cleared

  // --- since the pool was made --------------------------------------------------------------------------------------
  std::uint64_t acquires = 0;            ///< asked for, whatever came of it
  std::uint64_t acquires_immediate = 0;  ///< answered without waiting
  std::uint64_t acquires_waited = 0;     ///< answered after waiting
  std::uint64_t timeouts = 0;            ///< ended by the time limit
  std::uint64_t rejected = 0;            ///< refused at once: `pool_full`, `pool_closed`, paused
  std::uint64_t cancelled = 0;           ///< given up by the caller
  std::uint64_t failed = 0;    ///< ended while waiting, by a connect error that does not pass, a pause or a close
  std::uint64_t connects = 0;  ///< connections made
  std::uint64_t connects_failed = 0;
  std::array<std::uint64_t, error_kinds> connects_failed_by{};  ///< the same by `errc`, whose value is the index
  std::uint64_t pings = 0;
  std::uint64_t pings_failed = 0;
  std::uint64_t resets = 0;
  std::uint64_t listener_failures = 0;  ///< exceptions that a listener threw
  std::array<std::uint64_t, close_reason_count> closed{};
  DurationHistogram wait_time;     ///< how long an acquire took
  DurationHistogram use_time;      ///< how long a lease was held
  DurationHistogram connect_time;  ///< how long it took to open one

  // --- kept by the policies above the pool --------------------------------------------------------------------------
  std::uint64_t retries = 0;
  double budget = 0;  ///< tokens left

  std::chrono::nanoseconds round_trip{0};    ///< of the last ping in the background that was answered; 0: none was yet
  std::chrono::nanoseconds oldest_lease{0};  ///< age of the lease that is out longest
  std::chrono::nanoseconds oldest_wait{0};   ///< age of the oldest waiter
  std::uint64_t memory_bytes = 0;            ///< what the pool itself holds, without the connections' own memory
  std::uint64_t recommended_max = 0;  ///< what max_size should have been for the last five minutes; 0: not known yet
  std::string last_connect_error;     ///< empty when the last connect succeeded

  std::uint64_t closed_by(CloseReason reason) const noexcept { return closed[static_cast<std::size_t>(reason)]; }
  WEIR_API std::uint64_t closed_total() const noexcept;
  /// Adds the figures of another loop. Ages take the larger, the error text the first that is not empty.
  WEIR_API PoolStats& operator+=(const PoolStats& other);
};

/// How many connections a load needs: ⌈rate · duration · margin⌉ (Little's law), between `low` and `high`.
///
/// @param per_second operations that arrive in a second
/// @param mean how long one of them holds a connection
/// @throws Error{invalid_argument} for a negative or infinite figure, or low > high
WEIR_API unsigned recommend_pool_size(double per_second, std::chrono::duration<double> mean, double margin = 1.5,
                                      unsigned low = 1, unsigned high = 100);

}  // namespace weir
