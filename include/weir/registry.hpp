#pragma once

/// @file
/// One registry for each loop: which pools it has, found from any coroutine that runs on it.

#include <weir/awaitable.hpp>
#include <weir/connection_factory.hpp>
#include <weir/detail/pool_erased.hpp>
#include <weir/export.hpp>
#include <weir/pool.hpp>
#include <weir/pool_options.hpp>
#include <weir/pool_stats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <typeindex>
#include <utility>
#include <vector>

namespace weir {

namespace detail {
class LoopRecord;
}

/// What makes two users share connections: compared by value, never by hash.
class WEIR_API PoolKey {
 public:
  /// @param endpoint "host:port", or several separated by commas
  /// @param identity whatever else shapes a connection: user, database, certificates, session settings. Put a digest of
  ///        secrets here, not the secrets: it is shown nowhere but compared in memory.
  PoolKey(std::string backend, std::string endpoint, std::string identity = {});

  const std::string& backend() const noexcept { return backend_; }
  const std::string& endpoint() const noexcept { return endpoint_; }
  const std::string& identity() const noexcept { return identity_; }
  /// "postgres host:5432": without the identity.
  std::string to_string() const;
  /// A digest of all three, to tell two keys of one text apart. Different in every process.
  std::uint64_t digest() const noexcept;

  friend bool operator==(const PoolKey&, const PoolKey&) = default;
  friend auto operator<=>(const PoolKey&, const PoolKey&) = default;

 private:
  std::string backend_;
  std::string endpoint_;
  std::string identity_;
};

/// One pool of the process, as `PoolRegistry::snapshot` saw it.
struct PoolInfo {
  std::string key;           ///< without secrets
  std::uint64_t digest = 0;  ///< tells keys of one text apart
  std::uint64_t loop = 0;    ///< 1, 2, 3… in the order in which loops were first used
  std::chrono::system_clock::time_point created{};
  PoolStats stats;
};

/// How one pool answered `PoolRegistry::ping`.
struct PoolHealth {
  std::string key;           ///< without secrets
  std::uint64_t digest = 0;  ///< tells keys of one text apart
  bool reachable = false;
  std::chrono::nanoseconds round_trip{0};  ///< of the ping alone, without the wait for a connection
  std::string error;                       ///< why it is not reachable
};

class PoolOwner;

/// The pools of one loop. It belongs to the loop's execution context and ends with it.
///
/// *Thread safety*: static functions and `of` anywhere; the others on the loop.
class WEIR_API PoolRegistry : public boost::asio::execution_context::service {
 public:
  using key_type = PoolRegistry;
  static boost::asio::execution_context::id id;

  /// The registry of the loop behind an executor: an io_context, a thread_pool, or a strand of either. Throws
  /// `unsupported` for a system_executor or another context that runs no I/O, and `unavailable` after a fork.
  static PoolRegistry& of(const boost::asio::any_io_executor& executor);
  /// That of the loop on which the caller runs.
  static awaitable<PoolRegistry*> current();

  /// The pool of a key, made on first use. The registry keeps it until `remove`, until the last `PoolOwner` that asked
  /// for it is gone, or until the loop ends; holding the pointer keeps only the object, not the connections.
  ///
  /// @throws Error{invalid_argument} when the key has a pool with other options (names both), for options that
  ///         contradict each other, and without a factory
  template <class C>
  std::shared_ptr<Pool<C>> get(const PoolKey& pool_key, std::shared_ptr<ConnectionFactory<C>> factory,
                               PoolOptions options = {}, const std::shared_ptr<PoolOwner>& owner = nullptr);

  /// Takes the pool of a key out of the registry and closes it, waiting for its leases as `Pool::close` does. False:
  /// there was none.
  awaitable<bool> remove(const PoolKey& pool_key);
  /// One round trip on a connection of every pool of this loop, all at the same time: each waits for a connection as
  /// long as `acquire_timeout`, and for the answer as long as `ping_timeout`. In the order of the keys. A failure is
  /// told in the result.
  awaitable<std::vector<PoolHealth>> ping();
  /// The pools of this loop.
  std::size_t count() const;
  /// Only one thread will ever run this loop: its pools leave out their mutex. Call it before the first pool is made.
  void single_threaded();
  bool is_single_threaded() const noexcept;
  /// The loop's number, as in PoolInfo.
  std::uint64_t loop() const noexcept;

  /// Every pool of the process. Reads only; posts nothing to any loop.
  static std::vector<PoolInfo> snapshot();
  /// Closes every pool of every loop; done when each loop has answered or ended, or when `drain` is over.
  static awaitable<void> close_all(std::optional<std::chrono::milliseconds> drain = {});

  /// What a component keeps for each loop, found by a dense number (`new_local_number`) without a lock.
  static std::size_t new_local_number();
  void* local(std::size_t number) const noexcept;
  /// Puts it there unless another thread of the loop was first; what is there now. It is destroyed with the loop.
  void* set_local(std::size_t number, std::shared_ptr<void> value);

  /// For the service table of the context; use `of`.
  PoolRegistry(boost::asio::execution_context& context, const boost::asio::any_io_executor& executor);
  explicit PoolRegistry(boost::asio::execution_context& context);
  ~PoolRegistry() override;

 private:
  using ErasedPool = std::shared_ptr<void>;
  using MakePool = ErasedPool (*)(std::shared_ptr<detail::PoolDriver>);
  using MakeFactory = std::unique_ptr<detail::ErasedFactory> (*)(const void*);

  void shutdown() override;
  void notify_fork(boost::asio::execution_context::fork_event event) override;
  ErasedPool get_erased(std::type_index type, const PoolKey& pool_key, const void* factory, MakeFactory make_factory,
                        const PoolOptions& options, MakePool make_pool, const std::shared_ptr<PoolOwner>& owner);
  ErasedPool find_or_make(std::type_index type, const PoolKey& pool_key, const void* factory, MakeFactory make_factory,
                          const PoolOptions& options, MakePool make_pool, const std::shared_ptr<PoolOwner>& owner,
                          std::shared_ptr<detail::PoolDriver>& made);

  friend class detail::LoopRecord;
  std::unique_ptr<detail::LoopRecord> record_;
};

/// Counts those who use a pool on behalf of one database: all copies of a handle share one owner. When the last owner
/// of a pool is destroyed or closed, the pool is drained and leaves its registry, on every loop; the pools of other
/// owners are not disturbed.
///
/// *Thread safety*: any thread.
class WEIR_API PoolOwner {
 public:
  PoolOwner();
  PoolOwner(const PoolOwner&) = delete;
  PoolOwner& operator=(const PoolOwner&) = delete;
  /// Drains in the background; blocks nothing.
  ~PoolOwner();

  /// Gives up every pool on every loop and waits until those that nobody else uses are closed: `Pool::close`. `get`
  /// with a closed owner throws `pool_closed`.
  awaitable<void> close(std::optional<std::chrono::milliseconds> drain = {});
  bool closed() const noexcept;
  /// The sum over the loops; the registry of one loop only when `loop` is given.
  PoolStats stats() const;
  PoolStats stats(const PoolRegistry& loop) const;

 private:
  friend class PoolRegistry;
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

template <class C>
std::shared_ptr<Pool<C>> PoolRegistry::get(const PoolKey& pool_key, std::shared_ptr<ConnectionFactory<C>> factory,
                                           PoolOptions options, const std::shared_ptr<PoolOwner>& owner) {
  const MakeFactory make_factory = [](const void* given) -> std::unique_ptr<detail::ErasedFactory> {
    const auto& typed = *static_cast<const std::shared_ptr<ConnectionFactory<C>>*>(given);
    if (!typed) return nullptr;
    return std::make_unique<detail::FactoryAdapter<C>>(typed);
  };
  const MakePool make_pool = [](std::shared_ptr<detail::PoolDriver> driver) -> ErasedPool {
    return std::make_shared<Pool<C>>(std::move(driver));
  };
  return std::static_pointer_cast<Pool<C>>(
      get_erased(std::type_index(typeid(C)), pool_key, &factory, make_factory, options, make_pool, owner));
}

}  // namespace weir
