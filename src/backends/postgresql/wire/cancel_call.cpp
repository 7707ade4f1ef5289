#include "backends/postgresql/wire/cancel_call.hpp"

#include "backends/postgresql/wire/off_the_loop.hpp"
#include "backends/postgresql/wire/wait.hpp"

#include <weir/error.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <charconv>
#include <functional>
#include <utility>

namespace weir::postgres {
namespace {

namespace asio = boost::asio;

std::string text_of(const char* text) { return text == nullptr ? std::string() : std::string(text); }

Error refused(const std::string& why) { return {errc::connect_failed, "the cancel request: " + why}; }

// What TLS is asked for with: https://www.postgresql.org/docs/15/protocol-message-formats.html, "SSLRequest"
constexpr char tls_request[] = {0, 0, 0, 8, 4, '\xd2', '\x16', '\x2f'};

// Closes the socket when the time is over; its handler may be queued already when nobody wants it any longer, and so
// holds the socket too.
template <class Socket>
asio::steady_timer limit(const asio::any_io_executor& executor, std::chrono::steady_clock::time_point at,
                         std::shared_ptr<Socket> socket) {
  asio::steady_timer timer(executor, at);
  timer.async_wait([held = std::move(socket)](const boost::system::error_code& failed) {
    boost::system::error_code ignored;
    if (!failed) held->lowest_layer().close(ignored);
  });
  return timer;
}

}  // namespace

CancelCall::CancelCall(PGconn* connection, const CancelKey& key)
    : request_(cancel_request(key)),
      host_(text_of(PQhost(connection))),
      address_(text_of(PQhostaddr(connection))),
      port_(text_of(PQport(connection))) {
  const bool tls = PQsslInUse(connection) != 0;
  const auto& library = Library::instance();
  if (library.cancel && (tls || PQgssEncInUse(connection) != 0)) {
    newer_.reset(library.cancel->create(connection), library.cancel->finish);
  } else if (tls) {
    tls_.emplace(connection);
  }
}

awaitable<void> CancelCall::make(std::shared_ptr<CancelCall> self, asio::any_io_executor executor,
                                 std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  if (self->newer_) {
    co_await self->by_libpq(executor, deadline);
  } else if (self->host_.starts_with('/')) {
    co_await self->by_folder(executor, deadline);
  } else {
    co_await self->by_address(executor, deadline);
  }
}

// Its steps read certificates, as those towards a connection do.
awaitable<void> CancelCall::by_libpq(asio::any_io_executor executor, Clock::time_point deadline) {
  const auto& cancel = *Library::instance().cancel;
  const auto connection = newer_;
  const auto wanted = std::make_shared<PostgresPollingStatusType>(PGRES_POLLING_FAILED);
  const Error late = refused("the server did not answer in time");
  std::function<void()> begin = [&cancel, connection, wanted] {
    if (cancel.start(connection.get()) == 1) *wanted = PGRES_POLLING_WRITING;
  };
  co_await off_the_loop(std::move(begin), deadline, late);
  while (*wanted != PGRES_POLLING_OK) {
    if (*wanted == PGRES_POLLING_FAILED) throw refused(text_of(cancel.error(connection.get())));
    const auto what = *wanted == PGRES_POLLING_READING ? WaitFor::readable : WaitFor::writable;
    co_await wait_for(executor, cancel.socket(connection.get()), what, deadline, late);
    delivered_ = Delivered::perhaps;
    std::function<void()> step = [&cancel, connection, wanted] { *wanted = cancel.poll(connection.get()); };
    co_await off_the_loop(std::move(step), deadline, late);
  }
  delivered_ = Delivered::yes;
}

awaitable<void> CancelCall::by_folder(asio::any_io_executor executor, Clock::time_point deadline) {
  const auto socket = std::make_shared<asio::local::stream_protocol::socket>(executor);
  const auto timer = limit(executor, deadline, socket);
  const asio::local::stream_protocol::endpoint endpoint(host_ + "/.s.PGSQL." + port_);
  co_await socket->async_connect(endpoint, asio::use_awaitable);
  co_await say(*socket);
}

awaitable<void> CancelCall::by_address(asio::any_io_executor executor, Clock::time_point deadline) {
  std::uint16_t port = 0;
  std::from_chars(port_.data(), port_.data() + port_.size(), port);
  const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(address_), port);
  const auto context = std::make_shared<std::shared_ptr<asio::ssl::context>>();
  if (tls_) {
    std::function<void()> read_files = [context, tls = *tls_] { *context = tls.context(); };
    co_await off_the_loop(std::move(read_files), deadline, refused("its certificates were not read in time"));
  }
  if (!*context) {
    const auto socket = std::make_shared<asio::ip::tcp::socket>(executor);
    const auto timer = limit(executor, deadline, socket);
    co_await socket->async_connect(endpoint, asio::use_awaitable);
    co_await say(*socket);
    co_return;
  }
  const auto stream = std::make_shared<asio::ssl::stream<asio::ip::tcp::socket>>(executor, **context);
  const auto timer = limit(executor, deadline, stream);
  co_await stream->next_layer().async_connect(endpoint, asio::use_awaitable);
  co_await asio::async_write(stream->next_layer(), asio::buffer(tls_request), asio::use_awaitable);
  // One byte and no more: what came behind it unencrypted would be taken for part of the encrypted talk.
  char answer = 0;
  co_await asio::async_read(stream->next_layer(), asio::buffer(&answer, 1), asio::use_awaitable);
  if (answer != 'S') throw refused("the server does not encrypt it, and so it was not sent");
  tls_->prepare(stream->native_handle());
  co_await stream->async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  co_await say(*stream);
}

template <class Stream>
awaitable<void> CancelCall::say(Stream& stream) {
  delivered_ = Delivered::perhaps;
  co_await asio::async_write(stream, asio::buffer(request_), asio::use_awaitable);
  char nothing[16];
  boost::system::error_code closed;
  while (!closed)
    co_await stream.async_read_some(asio::buffer(nothing), asio::redirect_error(asio::use_awaitable, closed));
  // The process that took it ends without TLS's own goodbye.
  if (closed == asio::error::eof || closed == asio::ssl::error::stream_truncated) delivered_ = Delivered::yes;
}

}  // namespace weir::postgres
