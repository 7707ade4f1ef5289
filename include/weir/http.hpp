#pragma once

/// @file
/// An HTTP/1.1 client for one server: pooled connections, deadlines for each phase, bodies of any size in bounded
/// memory.
///
///     weir::http::Client client("https://search.example:9200");
///     auto answer = co_await client.send(weir::http::Request("GET", "/_cluster/health"));
///     if (answer.status == 200) use(answer.body.view());
///
/// docs/http-client.md says what is repeated, what is reused and what every error means.

#include <weir/awaitable.hpp>
#include <weir/detail/setting.hpp>
#include <weir/error.hpp>
#include <weir/export.hpp>
#include <weir/http_message.hpp>
#include <weir/pool_options.hpp>
#include <weir/pool_stats.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir::http {

/// How a TLS server is checked and who we are.
class WEIR_API TlsOptions {
 public:
  TlsOptions() = default;
  /// Check the server's certificate and its name. Off: anybody may answer.
  WEIR_SETTING(TlsOptions, bool, verify, true)
  /// PEM file of the certificates that are trusted; empty: the system's. Files are read once, by the client's
  /// constructor.
  WEIR_SETTING(TlsOptions, std::string, ca_file, {})
  /// The same as text, besides the file.
  WEIR_SETTING(TlsOptions, std::string, ca_pem, {})
  /// PEM files of our certificate (with those above it, if any) and its key; the key may be in the certificate's file.
  WEIR_SETTING(TlsOptions, std::string, client_cert_file, {})
  WEIR_SETTING(TlsOptions, std::string, client_key_file, {})
  /// SHA-256 in hexadecimal, with or without colons, of a certificate in the chain that the server shows. Accepts that
  /// one and no other, whoever issued it; the name is not looked at then.
  WEIR_SETTING(TlsOptions, std::string, fingerprint, {})
  /// The name that is asked for (SNI) and checked; empty: the host of the address.
  WEIR_SETTING(TlsOptions, std::string, server_name, {})
};

/// What is common to all requests of a client.
class WEIR_API ClientOptions {
 public:
  using milliseconds = std::chrono::milliseconds;
  ClientOptions() = default;

  /// The pool's options as they suit HTTP: 32 connections, idle ones kept for 50 s, none older than 10 minutes, no
  /// pings.
  static PoolOptions default_pool();

  WEIR_SETTING(ClientOptions, PoolOptions, pool, default_pool())
  WEIR_SETTING(ClientOptions, TlsOptions, tls, {})
  /// "http://user:password@proxy:3128". None: the environment's https_proxy, http_proxy, all_proxy and no_proxy, read
  /// by the constructor; "off": no proxy.
  WEIR_SETTING(ClientOptions, std::optional<std::string>, proxy, {})
  /// Sent with every request; a field of the same name in the request replaces it.
  WEIR_SETTING(ClientOptions, Headers, headers, {})
  WEIR_SETTING(ClientOptions, std::string, user_agent, "weir")

  /// A whole request, waiting for a connection included. For `open` until the head of the answer is there. 0: no limit.
  WEIR_SETTING(ClientOptions, milliseconds, timeout, milliseconds{30'000})
  /// From the end of the request to the first byte of the answer. 0: only `timeout`.
  WEIR_SETTING(ClientOptions, milliseconds, first_byte_timeout, milliseconds{0})
  /// Between two pieces of the answer.
  WEIR_SETTING(ClientOptions, milliseconds, read_idle_timeout, milliseconds{60'000})
  /// The body of an answer that comes slower than this, in bytes a second and on an average over `low_speed_time`, ends
  /// with `timeout`: for a server that gives just enough to be no silence. Only time spent waiting counts, not what a
  /// slow reader of a stream takes. 0: any speed is good.
  WEIR_SETTING(ClientOptions, std::uint64_t, low_speed_limit, 0)
  WEIR_SETTING(ClientOptions, milliseconds, low_speed_time, milliseconds{30'000})
  /// While the server takes nothing of what we send.
  WEIR_SETTING(ClientOptions, milliseconds, write_idle_timeout, milliseconds{60'000})
  /// How long to wait for "100 Continue" before the body is sent anyway.
  WEIR_SETTING(ClientOptions, milliseconds, continue_timeout, milliseconds{1'000})

  /// The longest head of an answer.
  WEIR_SETTING(ClientOptions, std::uint32_t, max_head, 64 * 1024)
  /// The longest body that `send` reads, after decompression.
  WEIR_SETTING(ClientOptions, std::uint64_t, max_body, std::uint64_t{128} << 20)
  /// Ask for compressed answers and decompress them.
  WEIR_SETTING(ClientOptions, bool, gzip, false)
  /// Compress request bodies (not those of a source) of at least this many bytes; 0: none.
  WEIR_SETTING(ClientOptions, std::size_t, gzip_requests_from, 0)
  /// Bodies of at least this many bytes wait for "100 Continue"; 0: none.
  WEIR_SETTING(ClientOptions, std::uint64_t, expect_continue_from, 0)
  /// How long the addresses of a name are kept; when none of them answers they are looked up again at once.
  WEIR_SETTING(ClientOptions, milliseconds, resolve_ttl, milliseconds{30'000})
};

namespace detail {
class ClientState;
class Incoming;
}  // namespace detail

/// An answer whose body is still to be read, piece by piece. It holds a connection until the body was read to its end
/// or the stream is destroyed; in the latter case the connection is closed.
///
/// *Thread safety*: one user at a time, on the loop that opened it. Its destructor may run anywhere and never blocks.
class WEIR_API ResponseStream {
 public:
  ResponseStream() noexcept;
  explicit ResponseStream(std::unique_ptr<detail::Incoming> incoming) noexcept;
  ResponseStream(ResponseStream&&) noexcept;
  ResponseStream& operator=(ResponseStream&&) noexcept;
  ~ResponseStream();
  explicit operator bool() const noexcept { return incoming_ != nullptr; }

  /// Status and headers; the body of this one is empty.
  const Response& head() const;
  /// The length the server announced; none: it did not, or the body is compressed.
  std::optional<std::uint64_t> content_length() const;
  /// Up to `room.size()` bytes, as soon as there are any. 0: the end (or no room).
  ///
  /// *Errors*: `timeout` (read_idle_timeout, or the request's `deadline`), `connection_lost` when the body stops before
  /// its end, `protocol_error`, `too_large`. *Cancellation*: terminal. After either the stream is at its end.
  awaitable<std::size_t> read_some(std::span<char> room);

 private:
  std::unique_ptr<detail::Incoming> incoming_;
};

/// A client for one server. Copies are one client.
///
/// *Executor*: every operation runs on the loop of the coroutine that awaits it; each loop has connections of its own.
/// *Thread safety*: any thread, any loop. Destroying the last copy without `close` is right: nothing blocks.
class WEIR_API Client {
 public:
  Client() noexcept = default;
  /// @param origin "http://host:port" or "https://host:port", nothing behind it; IPv6 addresses in brackets
  /// @throws Error{invalid_argument} naming what is wrong with the address or an option; `tls_failed` for a certificate
  ///         file that cannot be read
  explicit Client(std::string origin, ClientOptions options = {});
  explicit operator bool() const noexcept { return state_ != nullptr; }

  /// Sends a request and reads the whole answer.
  ///
  /// *Errors*: those of `Pool::acquire`; `connect_failed`, `tls_failed`; `timeout` naming the phase; `connection_lost`;
  /// `protocol_error`; `too_large`; `authentication_failed` (by a proxy); `invalid_argument`. `maybe_applied()` is true
  /// when bytes of a request that is not idempotent may have reached the server. An HTTP status is no error.
  /// *Cancellation*: any kind while it waits for a connection, terminal afterwards.
  awaitable<Response> send(Request request) const;
  /// Sends a request and reads the head of the answer. Errors and cancellation as `send`.
  awaitable<ResponseStream> open(Request request) const;

  /// "https://host:port"
  const std::string& origin() const;
  const ClientOptions& options() const;
  /// The sum over all loops.
  PoolStats stats() const;
  /// One loop.
  PoolStats stats(const boost::asio::any_io_executor& executor) const;
  /// No new requests from now on; waits for those under way, at most `drain` (none: the pool's `drain_timeout`).
  awaitable<void> close(std::optional<std::chrono::milliseconds> drain = {}) const;

 private:
  std::shared_ptr<detail::ClientState> state_;
};

/// What a status that is not in the 200s means, as the stores of this library take it: 401 and 407
/// `authentication_failed`, 403 `permission_denied`, 404 `not_found`, 408 `timeout`, 409 and 412 `conflict`, 413
/// `too_large`, 429 `throttled`, 502, 503 and 504 `unavailable` (with the server's Retry-After), other 5xx
/// `server_error`, everything else `invalid_argument`. The text holds the status, never the body.
WEIR_API Error status_error(const Response& response, std::string_view operation, std::string_view endpoint);

}  // namespace weir::http
