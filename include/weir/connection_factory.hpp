#pragma once

/// @file
/// What a pool needs to know about the connections it keeps.

#include <weir/awaitable.hpp>
#include <weir/detail/pool_erased.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// Makes connections of type C and answers the pool's questions about them. Derive from it; only `connect` must be
/// written.
///
/// *Executor*: the coroutines run on the pool's loop, on a strand of the connection's own when several threads run the
/// loop; `this_coro::executor` is what the connection's I/O objects are to be made with. They are cancelled
/// (`terminal`) when their time limit is over. What they throw is an outcome, not a fault: a `weir::Error` that is not
/// transient (authentication, certificate, unknown database) fails everybody who waits.
///
/// *Thread safety*: one factory serves one pool; `connect` may be running several times at once. The `noexcept`
/// functions are called on the loop, must not wait and must not use the pool.
template <class C>
class ConnectionFactory {
 public:
  ConnectionFactory() = default;
  ConnectionFactory(const ConnectionFactory&) = delete;
  ConnectionFactory& operator=(const ConnectionFactory&) = delete;
  virtual ~ConnectionFactory() = default;

  /// A new connection, ready for use. Never null.
  virtual awaitable<std::unique_ptr<C>> connect() = 0;
  /// The same to one of several endpoints, an index into `endpoints()`.
  virtual awaitable<std::unique_ptr<C>> connect_to(std::size_t endpoint) {
    (void)endpoint;
    return connect();
  }
  /// Asks the other side whether it is there. False, or an exception: the connection is closed.
  virtual awaitable<bool> ping(C&) { co_return true; }
  /// Makes the session as new. False, or an exception: the connection is closed.
  virtual awaitable<bool> reset(C&) { co_return true; }
  /// The free check before a connection is handed out: not closed by the peer, nothing unread. No round trip.
  virtual bool usable(const C&) noexcept { return true; }
  /// What becomes of a connection given back.
  virtual ReturnAs on_return(const C&) noexcept { return ReturnAs::ready; }
  /// After a fork or the end of the loop: close the descriptor and say nothing to the other side.
  virtual void abandon(std::unique_ptr<C> connection) noexcept { connection.reset(); }

  /// The names of the endpoints, "host:port"; empty: one, named by the pool's key.
  virtual std::vector<std::string> endpoints() const { return {}; }
  /// How many connections the server allows, where it told: the pools of all loops warn at 80 %.
  virtual std::optional<std::uint64_t> server_limit() const noexcept { return std::nullopt; }
};

namespace detail {

template <class C>
class FactoryAdapter final : public ErasedFactory {
 public:
  explicit FactoryAdapter(std::shared_ptr<ConnectionFactory<C>> factory)
      : factory_(std::move(factory)), endpoints_(factory_->endpoints()) {}

  std::size_t endpoint_count() const override { return endpoints_.size(); }
  std::string endpoint(std::size_t index) const override { return endpoints_.at(index); }
  std::optional<std::uint64_t> server_limit() const noexcept override { return factory_->server_limit(); }
  awaitable<ConnectionPtr> connect(std::size_t endpoint) override {
    // The factory outlives the coroutine: the driver owns it and is held by whoever runs this.
    std::unique_ptr<C> made = co_await factory_->connect_to(endpoint);
    co_return ConnectionPtr(made.release(), ConnectionDeleter{&destroy});
  }
  awaitable<bool> ping(void* connection) override { return factory_->ping(*static_cast<C*>(connection)); }
  awaitable<bool> reset(void* connection) override { return factory_->reset(*static_cast<C*>(connection)); }
  bool usable(const void* connection) noexcept override { return factory_->usable(*static_cast<const C*>(connection)); }
  ReturnAs on_return(const void* connection) noexcept override {
    return factory_->on_return(*static_cast<const C*>(connection));
  }
  void abandon(ConnectionPtr connection) noexcept override {
    factory_->abandon(std::unique_ptr<C>(static_cast<C*>(connection.release())));
  }

 private:
  static void destroy(void* connection) noexcept { delete static_cast<C*>(connection); }

  std::shared_ptr<ConnectionFactory<C>> factory_;
  std::vector<std::string> endpoints_;
};

}  // namespace detail
}  // namespace weir
