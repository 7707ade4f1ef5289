#include "net/connection.hpp"

#include "net/answer_facts.hpp"

#include <weir/error.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace weir::http {
namespace {

namespace asio = boost::asio;

// A connection that was used this short a time ago is not looked at again before the next request.
constexpr std::chrono::milliseconds just_now{5};

}  // namespace

Connection::Connection(Socket connected, std::uint32_t max_head)
    : socket_(std::move(connected)), reader_(max_head), used_at_(net::coarse_now()), process_(::getpid()) {}

awaitable<std::size_t> Connection::read_some(std::span<char> to, error_code& error) {
  const auto buffer = asio::buffer(to.data(), to.size());
  if (tls_) return tls_->async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
  return socket_.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
}

awaitable<std::size_t> Connection::write_some(std::string_view bytes, error_code& error) {
  const auto buffer = asio::buffer(bytes.data(), bytes.size());
  if (tls_) return tls_->async_write_some(buffer, asio::redirect_error(asio::use_awaitable, error));
  return socket_.async_write_some(buffer, asio::redirect_error(asio::use_awaitable, error));
}

std::size_t Connection::read_now(std::span<char> to, error_code& error) noexcept {
  if (tls_) return 0;
  const auto got = ::recv(socket_.native_handle(), to.data(), to.size(), MSG_DONTWAIT);
  if (got > 0) return static_cast<std::size_t>(got);
  if (got == 0)
    error = asio::error::eof;
  else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
    error.assign(errno, boost::system::system_category());
  return 0;
}

void Connection::used_well(std::optional<std::string_view> keep_alive) {
  ++uses_;
  ready_ = true;
  used_at_ = net::coarse_now();
  if (!keep_alive) return;
  const auto hint = parse_keep_alive(*keep_alive);
  // A second less than the server says, so that its end does not meet our next request on the way.
  if (hint.timeout)
    good_until_ = used_at_ + std::max<std::chrono::milliseconds>(*hint.timeout - std::chrono::seconds{1}, just_now);
  if (hint.max) last_use_ = uses_ + *hint.max;
}

bool Connection::usable() const noexcept {
  if (!ready_ || uses_ >= last_use_) return false;
  const auto now = net::coarse_now();
  if (now >= good_until_) return false;
  return (uses_ != 0 && now - used_at_ < just_now) || quiet();
}

bool Connection::quiet() const noexcept {
  ::pollfd look{};
  // The descriptor is what it is; Asio only has no const way to it.
  look.fd = const_cast<Socket&>(socket_).native_handle();
#if defined(POLLRDHUP)
  look.events = POLLIN | POLLRDHUP;
  constexpr short gone = POLLRDHUP | POLLHUP | POLLERR | POLLNVAL;
#else
  look.events = POLLIN;
  constexpr short gone = POLLHUP | POLLERR | POLLNVAL;
#endif
  if (::poll(&look, 1, 0) <= 0) return true;
  if ((look.revents & gone) != 0) return false;
  // TLS 1.3 sends session tickets when it likes (RFC 8446 §4.6.1); in plain text nothing may come unasked.
  return tls_ != nullptr;
}

void Connection::abandon(std::unique_ptr<Connection> connection) noexcept {
  if (connection->process_ == ::getpid()) return;  // the socket's destructor closes it
  // In a forked child Asio would take the descriptor out of the poll set that it shares with its parent. Only our copy
  // of the descriptor is closed, and the object is left as it is.
  ::close(connection->socket_.native_handle());
  static_cast<void>(connection.release());
}

Connector::Connector(Origin origin, std::optional<Proxy> proxy, std::shared_ptr<net::TlsContext> tls,
                     const ClientOptions& options)
    : origin_(std::move(origin)),
      proxy_(std::move(proxy)),
      tls_(std::move(tls)),
      max_head_(options.max_head()),
      dialer_(proxy_ ? proxy_->address.host : origin_.host, proxy_ ? proxy_->address.port : origin_.port,
              options.resolve_ttl(), options.pool()) {}

awaitable<std::unique_ptr<Connection>> Connector::connect() {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto socket = co_await dialer_.dial(executor);
  auto connection = std::make_unique<Connection>(std::move(socket), max_head_);
  if (tls_) {
    if (proxy_) co_await tunnel(*connection);
    co_await handshake(*connection);
  }
  co_return connection;
}

awaitable<void> Connector::handshake(Connection& connection) {
  connection.secure(tls_->wrap(connection.socket()));
  boost::system::error_code failed;
  co_await connection.tls()->async_handshake(asio::ssl::stream_base::client,
                                             asio::redirect_error(asio::use_awaitable, failed));
  if (failed == asio::error::operation_aborted) throw boost::system::system_error(failed);
  if (failed) throw tls_->handshake_error(*connection.tls(), failed);
}

// RFC 9110 §9.3.6.
awaitable<void> Connector::tunnel(Connection& connection) {
  auto& out = connection.out();
  out = "CONNECT " + origin_.endpoint() + " HTTP/1.1\r\nHost: " + origin_.endpoint() + "\r\n";
  if (!proxy_->authorization.empty()) out += "Proxy-Authorization: " + proxy_->authorization + "\r\n";
  out += "\r\n";
  const auto who = "the proxy " + proxy_->address.endpoint();
  boost::system::error_code failed;
  for (std::string_view rest = out; !rest.empty();) {
    const auto sent = co_await connection.write_some(rest, failed);
    if (failed == asio::error::operation_aborted) throw boost::system::system_error(failed);
    if (failed) throw Error(errc::connect_failed, who + ": " + failed.message());
    rest.remove_prefix(sent);
  }
  std::fill(out.begin(), out.end(), '\0');  // it may hold a password
  out.clear();
  auto& reader = connection.reader();
  ResponseHead head;
  for (unsigned interim = 0; head.status < 200; ++interim) {
    if (interim == 32) throw Error(errc::protocol_error, who + " sends interim answers without end");
    Headers headers;
    reader.begin(true);
    while (!reader.head(head, headers)) {
      if (reader.fault()) throw Error(reader.fault()->code, who + ": " + reader.fault()->text);
      const auto got = co_await connection.read_some(reader.room(), failed);
      if (failed == asio::error::operation_aborted) throw boost::system::system_error(failed);
      if (failed)
        throw Error(errc::connect_failed, who + " closed the connection instead of an answer: " + failed.message());
      reader.came(got);
    }
  }
  if (head.status == 407)
    throw Error(errc::authentication_failed, who + " wants other credentials (407)", ErrorContext{}.server_code("407"));
  if (head.status < 200 || head.status > 299)
    throw Error(errc::connect_failed,
                who + " refuses a tunnel to " + origin_.endpoint() + " (status " + std::to_string(head.status) + ")",
                ErrorContext{}.server_code(std::to_string(head.status)));
  if (reader.buffered() != 0) throw Error(errc::protocol_error, who + " sent more than its answer");
}

}  // namespace weir::http
