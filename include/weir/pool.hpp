#pragma once

/// @file
/// A pool of connections of one type on one loop.
///
///     auto* registry = co_await weir::PoolRegistry::current();
///     auto pool = registry->get<Modem>(weir::PoolKey("modem", "tty0"), factory, weir::PoolOptions{}.max_size(2));
///     auto lease = co_await pool->acquire();
///     co_await lease->dial("1234");

#include <weir/awaitable.hpp>
#include <weir/connection_factory.hpp>
#include <weir/detail/pool_erased.hpp>
#include <weir/detail/setting.hpp>
#include <weir/error.hpp>
#include <weir/pool_options.hpp>
#include <weir/pool_stats.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <utility>

namespace weir {

/// How one connection is asked for.
class AcquireOptions {
 public:
  AcquireOptions() = default;
  /// How long to wait; none: the pool's `acquire_timeout`. Ends with `pool_timeout`. 0: only the deadline ends it.
  WEIR_SETTING(AcquireOptions, std::optional<std::chrono::milliseconds>, timeout, {})
  /// The deadline of the operation this is a part of. Ends with `timeout`.
  WEIR_SETTING(AcquireOptions, std::optional<std::chrono::steady_clock::time_point>, deadline, {})
  /// One lease of several on a connection (`PoolOptions::pipeline_depth`) instead of the connection for oneself.
  WEIR_SETTING(AcquireOptions, bool, shared, false)
  /// What it is for: shown in reports of long leases and in the text of time-outs.
  WEIR_SETTING(AcquireOptions, std::string, operation, {})
};

/// A connection on loan. Destroying it gives the connection back.
///
/// *Thread safety*: one user at a time. Belongs to the pool's loop: use on another loop throws `invalid_argument`. It
/// may be released or destroyed anywhere, also after its pool or its loop ended; nothing blocks.
template <class C>
class Lease {
 public:
  Lease() noexcept = default;
  explicit Lease(detail::LeaseHandle handle) noexcept : handle_(std::move(handle)) {}
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&&) noexcept = default;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() = default;

  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  C& operator*() const { return *static_cast<C*>(handle_.connection()); }
  C* operator->() const { return static_cast<C*>(handle_.connection()); }

  /// Gives the connection back. The lease is empty afterwards; an empty one does nothing.
  void release() noexcept {
    if (handle_) handle_.give_back(false);
  }
  /// Gives it back to be closed: it broke, or nobody knows its state.
  void discard() noexcept {
    if (handle_) handle_.give_back(true);
  }

  /// The index of the endpoint it is connected to.
  std::size_t endpoint() const { return handle_.endpoint(); }
  /// 1, 2, 3… in its pool.
  std::uint64_t connection_id() const { return handle_.connection_id(); }
  /// Tells the pool how a request ended, as far as the endpoint is concerned: several failures in a row (5xx,
  /// time-outs) take an endpoint out of use for a while when there are others.
  void report(bool success) const { handle_.report(success); }
  /// Discards it, and tells the pool why: the others opened as long ago are closed as well (the server went away,
  /// became read-only, or shuts down), unless that was known already.
  void fail(const Error& error) { handle_.fail(error); }

 private:
  detail::LeaseHandle handle_;
};

/// The connections of one loop to one database. Made by `PoolRegistry::get`.
///
/// *Executor*: everything but `stats` is called on the pool's loop, from any coroutine, strand or thread of it.
/// *Thread safety*: that of the loop: as many threads as run it.
template <class C>
class Pool {
 public:
  /// By the registry.
  explicit Pool(std::shared_ptr<detail::PoolDriver> driver) noexcept : driver_(std::move(driver)) {}

  /// The warm path: an idle connection if there is one that needs no more than the free check, else none. Neither waits
  /// nor connects nor allocates. None as well when called outside the pool's loop.
  std::optional<Lease<C>> try_acquire(std::source_location where = std::source_location::current()) noexcept {
    return wrap(detail::try_acquire(*driver_, false, where));
  }
  /// The same for a lease that shares its connection.
  std::optional<Lease<C>> try_acquire_shared(std::source_location where = std::source_location::current()) noexcept {
    return wrap(detail::try_acquire(*driver_, true, where));
  }

  /// A connection; waits for one in turn, or for one to be opened.
  ///
  /// *Errors*: `pool_timeout` (what is in use, by whom, and the last connect error), `timeout` (the deadline given),
  /// `pool_full`, `pool_closed`, `unavailable` (paused), `connect_failed`, `authentication_failed` and whatever else
  /// `connect` threw that will not pass; `invalid_argument` on another loop than the pool's.
  /// *Cancellation*: any kind while it waits: `cancelled`. A connect begun for it goes on, for the next.
  awaitable<Lease<C>> acquire(AcquireOptions options,
                              std::source_location where = std::source_location::current()) const {
    return acquire_on(driver_, std::move(options), where);
  }
  /// The same with the pool's own `acquire_timeout`, for oneself.
  awaitable<Lease<C>> acquire(std::source_location where = std::source_location::current()) const {
    return acquire_on(driver_, where);
  }

  /// Closes what is idle now and what is in use when it is returned; new connections are opened from here on.
  void clear() { detail::clear(*driver_); }
  /// Other limits. `invalid_argument` for min > max or max = 0.
  void resize(unsigned min, unsigned max) { detail::resize(*driver_, min, max); }
  /// Any thread.
  PoolStats stats() const { return detail::stats(*driver_); }
  const PoolKey& key() const noexcept { return detail::key(*driver_); }
  /// As given; `resize` does not change them.
  const PoolOptions& options() const noexcept { return detail::options(*driver_); }

  /// No new leases from now on; waits until those out are back, at most `drain` (none: `drain_timeout`), then closes
  /// everything. Any loop may ask; again is harmless.
  awaitable<void> close(std::optional<std::chrono::milliseconds> drain = {}) { return detail::close(driver_, drain); }
  /// One round trip on a connection of the pool, and how long it took. Errors as `acquire`, and `connection_lost`.
  awaitable<std::chrono::nanoseconds> ping() const { return detail::ping(driver_); }

 private:
  static std::optional<Lease<C>> wrap(detail::LeaseHandle handle) noexcept {
    if (!handle) return std::nullopt;
    return std::optional<Lease<C>>(std::in_place, std::move(handle));
  }
  // A warm pool is asked without any wait: what is awaited is ready at once, and no operation of Asio is begun.
  static awaitable<Lease<C>> acquire_on(std::shared_ptr<detail::PoolDriver> driver, std::source_location where) {
    detail::LeaseHandle handle = detail::try_acquire(*driver, false, where);
    if (!handle) {
      AcquireOptions options;
      handle = co_await detail::acquire(std::move(driver), std::move(options), where);
    }
    co_return Lease<C>(std::move(handle));
  }
  static awaitable<Lease<C>> acquire_on(std::shared_ptr<detail::PoolDriver> driver, AcquireOptions options,
                                        std::source_location where) {
    detail::LeaseHandle handle = detail::try_acquire(*driver, options, where);
    if (!handle) handle = co_await detail::acquire(std::move(driver), std::move(options), where);
    co_return Lease<C>(std::move(handle));
  }

  std::shared_ptr<detail::PoolDriver> driver_;
};

}  // namespace weir

#include <weir/registry.hpp>  // IWYU pragma: export
