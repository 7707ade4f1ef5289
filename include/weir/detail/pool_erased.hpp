#pragma once

/// @file
/// What the pool templates stand on: everything that does not depend on the type of the connection, compiled once.
/// Nothing here is for users.

#include <weir/awaitable.hpp>
#include <weir/detail/return_as.hpp>
#include <weir/error.hpp>
#include <weir/export.hpp>
#include <weir/pool_stats.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <utility>

namespace weir {

class AcquireOptions;
class PoolKey;
class PoolOptions;

namespace detail {

struct ConnectionDeleter {
  void (*destroy)(void*) noexcept = nullptr;
  void operator()(void* connection) const noexcept { destroy(connection); }
};
/// A connection whose type only the template knows.
using ConnectionPtr = std::unique_ptr<void, ConnectionDeleter>;

/// The factory as the driver sees it.
class WEIR_API ErasedFactory {
 public:
  ErasedFactory() = default;
  ErasedFactory(const ErasedFactory&) = delete;
  ErasedFactory& operator=(const ErasedFactory&) = delete;
  virtual ~ErasedFactory();
  virtual std::size_t endpoint_count() const = 0;
  virtual std::string endpoint(std::size_t index) const = 0;
  virtual std::optional<std::uint64_t> server_limit() const noexcept = 0;
  virtual awaitable<ConnectionPtr> connect(std::size_t endpoint) = 0;
  virtual awaitable<bool> ping(void* connection) = 0;
  virtual awaitable<bool> reset(void* connection) = 0;
  virtual bool usable(const void* connection) noexcept = 0;
  virtual ReturnAs on_return(const void* connection) noexcept = 0;
  virtual void abandon(ConnectionPtr connection) noexcept = 0;
};

class PoolDriver;
struct Slot;

/// The part of a driver that a lease reads without a call.
struct PoolLife {
  std::atomic<bool> ended{false};  ///< the loop is gone: nothing of it may be touched
};

/// One lease without its type. The driver lives at least as long as the leases it gave out.
class WEIR_API LeaseHandle {
 public:
  LeaseHandle() noexcept = default;
  LeaseHandle(PoolDriver* driver, Slot* slot, std::uint32_t ticket, void* connection) noexcept
      : driver_(driver), slot_(slot), connection_(connection), ticket_(ticket) {}
  LeaseHandle(LeaseHandle&& other) noexcept
      : driver_(std::exchange(other.driver_, nullptr)),
        slot_(other.slot_),
        connection_(other.connection_),
        ticket_(other.ticket_) {}
  LeaseHandle& operator=(LeaseHandle&& other) noexcept {
    if (this != &other) {
      if (driver_ != nullptr) give_back(false);
      driver_ = std::exchange(other.driver_, nullptr);
      slot_ = other.slot_;
      connection_ = other.connection_;
      ticket_ = other.ticket_;
    }
    return *this;
  }
  ~LeaseHandle() {
    if (driver_ != nullptr) give_back(false);
  }

  LeaseHandle(const LeaseHandle&) = delete;
  LeaseHandle& operator=(const LeaseHandle&) = delete;

  explicit operator bool() const noexcept { return driver_ != nullptr; }
  /// The connection; throws when the lease is empty, its loop is gone, or another loop is running on this thread.
  void* connection() const;
  void give_back(bool broken) noexcept;
  std::size_t endpoint() const;
  std::uint64_t connection_id() const;
  void report(bool success) const;
  void fail(const Error& error);

 private:
  PoolDriver* driver_ = nullptr;
  Slot* slot_ = nullptr;
  void* connection_ = nullptr;
  std::uint32_t ticket_ = 0;
};

/// The warm path. An empty handle: nothing free that needs no waiting, or not on the pool's loop.
WEIR_API LeaseHandle try_acquire(PoolDriver& driver, bool shared, const std::source_location& where) noexcept;
/// The same as the first step of `acquire`; throws what `acquire` throws for a wrong loop or after a fork.
WEIR_API LeaseHandle try_acquire(PoolDriver& driver, AcquireOptions& options, const std::source_location& where);
/// The second step: in turn.
WEIR_API awaitable<LeaseHandle> acquire(std::shared_ptr<PoolDriver> driver, AcquireOptions options,
                                        std::source_location where);
WEIR_API void clear(PoolDriver& driver);
WEIR_API void resize(PoolDriver& driver, unsigned min, unsigned max);
WEIR_API PoolStats stats(const PoolDriver& driver);
WEIR_API const PoolKey& key(const PoolDriver& driver) noexcept;
WEIR_API const PoolOptions& options(const PoolDriver& driver) noexcept;
WEIR_API awaitable<void> close(std::shared_ptr<PoolDriver> driver, std::optional<std::chrono::milliseconds> drain);
WEIR_API awaitable<std::chrono::nanoseconds> ping(std::shared_ptr<PoolDriver> driver);

}  // namespace detail
}  // namespace weir
