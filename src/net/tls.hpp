#pragma once

#include <weir/http.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weir::net {

using TlsStream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>;

/// Everything that connections of one client to one server have in common in TLS: certificates, how the server is
/// checked, and the sessions that make the next handshake short.
///
/// *Thread safety*: any.
class TlsContext : public std::enable_shared_from_this<TlsContext> {
 public:
  /// Reads the files. Throws `tls_failed` or `invalid_argument` naming the option.
  TlsContext(const http::TlsOptions& options, const std::string& host);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  /// A stream over a connected socket, set up to ask for the server's name and to check it.
  std::unique_ptr<TlsStream> wrap(boost::asio::ip::tcp::socket& socket);
  /// What a handshake that failed is called: verification is not transient, input and output are.
  Error handshake_error(TlsStream& stream, const boost::system::error_code& failed) const;
  /// A digest of what shapes a connection: the files' content, not their names.
  const std::string& identity() const noexcept { return identity_; }

 private:
  static int new_session(SSL* ssl, SSL_SESSION* session);
  static int verify(int well, X509_STORE_CTX* store);
  SSL_SESSION* take_session() noexcept;

  boost::asio::ssl::context context_;
  std::string name_;
  bool name_is_address_ = false;
  bool verify_ = true;
  std::optional<std::array<unsigned char, 32>> fingerprint_;
  std::string identity_;
  std::mutex mutex_;
  std::vector<SSL_SESSION*> sessions_;
};

/// Whether the server does not want us: TLS 1.3 tells of a client's certificate only after the client's side of the
/// handshake is done (RFC 8446 §4.4.2.4), when the first answer is read.
bool refuses_client(const boost::system::error_code& failed) noexcept;

/// Whether OpenSSL holds bytes that were received and not read.
bool has_unread(TlsStream& stream) noexcept;

/// The SHA-256 of some text in hexadecimal.
std::string sha256_hex(std::string_view text);

}  // namespace weir::net
