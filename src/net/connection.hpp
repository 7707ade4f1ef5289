#pragma once

#include "net/deadlines.hpp"
#include "net/dial.hpp"
#include "net/message_reader.hpp"
#include "net/origin.hpp"
#include "net/tls.hpp"

#include <weir/connection_factory.hpp>
#include <weir/http.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir::http {

/// One connection of the pool with everything that its requests use one after the other.
class Connection {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using error_code = boost::system::error_code;

  Connection(Socket connected, std::uint32_t max_head);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  Socket& socket() noexcept { return socket_; }
  net::TlsStream* tls() noexcept { return tls_.get(); }
  void secure(std::unique_ptr<net::TlsStream> stream) noexcept { tls_ = std::move(stream); }
  int descriptor() { return socket_.native_handle(); }

  MessageReader& reader() noexcept { return reader_; }
  /// Heads of requests are put together here.
  std::string& out() noexcept { return out_; }

  /// Some bytes, as they come.
  awaitable<std::size_t> read_some(std::span<char> to, error_code& error);
  /// What is there already, without waiting; 0 with no error: nothing.
  std::size_t read_now(std::span<char> to, error_code& error) noexcept;
  awaitable<std::size_t> write_some(std::string_view bytes, error_code& error);
  /// Whether received bytes wait behind the reader's buffer.
  bool unread() noexcept { return tls_ != nullptr && net::has_unread(*tls_); }

  /// How many requests it carried.
  std::uint64_t uses() const noexcept { return uses_; }
  /// A request begins: until `used_well`, the connection is one to be closed.
  void in_use() noexcept { ready_ = false; }
  /// A request ended as it should, and the other side keeps the connection.
  void used_well(std::optional<std::string_view> keep_alive);
  bool ready() const noexcept { return ready_; }
  /// The free check: neither closed by the peer nor anything to read on it; no system call when it was used just now.
  bool usable() const noexcept;
  /// The same by a system call.
  bool quiet() const noexcept;

  /// After a fork, or when the loop is gone: only the descriptor is closed.
  static void abandon(std::unique_ptr<Connection> connection) noexcept;

 private:
  Socket socket_;
  std::unique_ptr<net::TlsStream> tls_;
  MessageReader reader_;
  std::string out_;
  std::uint64_t uses_ = 0;
  std::uint64_t last_use_ = ~std::uint64_t{0};
  bool ready_ = true;
  net::TimePoint used_at_;
  net::TimePoint good_until_ = net::TimePoint::max();
  pid_t process_;
};

/// Makes connections for one client on one loop: directly, or through its proxy.
class Connector final : public ConnectionFactory<Connection> {
 public:
  Connector(Origin origin, std::optional<Proxy> proxy, std::shared_ptr<net::TlsContext> tls,
            const ClientOptions& options);

  awaitable<std::unique_ptr<Connection>> connect() override;
  bool usable(const Connection& connection) noexcept override { return connection.usable(); }
  ReturnAs on_return(const Connection& connection) noexcept override {
    return connection.ready() ? ReturnAs::ready : ReturnAs::close;
  }
  void abandon(std::unique_ptr<Connection> connection) noexcept override { Connection::abandon(std::move(connection)); }

 private:
  awaitable<void> tunnel(Connection& connection);
  awaitable<void> handshake(Connection& connection);

  const Origin origin_;
  const std::optional<Proxy> proxy_;
  const std::shared_ptr<net::TlsContext> tls_;
  const std::uint32_t max_head_;
  net::Dialer dialer_;
};

}  // namespace weir::http
