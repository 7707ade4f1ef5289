#include "net/tls.hpp"

#include "net/origin.hpp"

#include <weir/error.hpp>

#include <boost/asio/ssl/error.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace weir::net {
namespace {

namespace ssl = boost::asio::ssl;

// More than this many tickets at once are of no use: a server gives two for each connection.
constexpr std::size_t most_sessions = 8;

std::string openssl_reason() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

[[noreturn]] void refuse(const std::string& option, const std::string& why) {
  throw Error(errc::tls_failed, option + ": " + why, ErrorContext{}, false);
}

std::string content_of(const std::string& option, const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) refuse(option, "the file " + file + " cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

// What is no name would be compared with nothing, or with no certificate that there is.
std::string checked_name(std::string name) {
  const auto belongs = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_';
  };
  if (!http::is_ip_address(name) && !std::ranges::all_of(name, belongs))
    throw Error(errc::invalid_argument, "tls server_name: a host's name or an IP address, without a port");
  return name;
}

struct BioDeleter {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};

void trust(SSL_CTX* context, const std::string& option, const std::string& pem) {
  const std::unique_ptr<BIO, BioDeleter> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  auto* const store = SSL_CTX_get_cert_store(context);
  int count = 0;
  ERR_clear_error();
  while (auto* const certificate = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(store, certificate);  // one that is there already is no fault
    X509_free(certificate);
    ++count;
  }
  ERR_clear_error();
  if (count == 0) refuse(option, "no PEM certificate in it");
}

std::array<unsigned char, 32> parse_fingerprint(const std::string& text) {
  std::array<unsigned char, 32> out{};
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == ':') continue;
    const int value = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (value < 0 || digits == 64)
      throw Error(errc::invalid_argument, "tls fingerprint: 64 hexadecimal digits (SHA-256), with or without colons");
    out[digits / 2] = static_cast<unsigned char>(out[digits / 2] << 4 | value);
    ++digits;
  }
  if (digits != 64)
    throw Error(errc::invalid_argument, "tls fingerprint: 64 hexadecimal digits (SHA-256), with or without colons");
  return out;
}

using Fingerprint = std::array<unsigned char, 32>;

bool has_digest(X509* certificate, const Fingerprint& wanted) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  return X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1 && size == wanted.size() &&
         std::equal(wanted.begin(), wanted.end(), digest.begin());
}

// Whether `leaf` verifies with `anchor` as the only certificate that is trusted.
bool signed_below(X509* anchor, X509* leaf, STACK_OF(X509) * chain) {
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> trusted(X509_STORE_new(), &X509_STORE_free);
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(),
                                                                              &X509_STORE_CTX_free);
  if (!trusted || !check || X509_STORE_add_cert(trusted.get(), anchor) != 1) return false;
  if (X509_STORE_CTX_init(check.get(), trusted.get(), leaf, chain) != 1) return false;
  X509_STORE_CTX_set_flags(check.get(), X509_V_FLAG_PARTIAL_CHAIN);
  const bool well = X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  return well;
}

int context_slot() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += digits[digest[i] >> 4U];
    out += digits[digest[i] & 15U];
  }
  return out;
}

TlsContext::TlsContext(const http::TlsOptions& options, const std::string& host)
    : context_(ssl::context::tls_client),
      name_(options.server_name().empty() ? host : checked_name(options.server_name())),
      name_is_address_(http::is_ip_address(name_)),
      verify_(options.verify()) {
  auto* const native = context_.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  std::string material;
  if (!options.fingerprint().empty()) fingerprint_ = parse_fingerprint(options.fingerprint());
  if (options.ca_file().empty() && options.ca_pem().empty()) {
    SSL_CTX_set_default_verify_paths(native);
  } else {
    if (!options.ca_file().empty()) {
      const auto pem = content_of("tls ca_file", options.ca_file());
      trust(native, "tls ca_file", pem);
      material += pem;
    }
    if (!options.ca_pem().empty()) trust(native, "tls ca_pem", options.ca_pem());
    material += options.ca_pem();
  }
  if (options.client_cert_file().empty() && !options.client_key_file().empty())
    throw Error(errc::invalid_argument, "tls client_key_file: a key is of no use without client_cert_file");
  if (!options.client_cert_file().empty()) {
    const auto& key_file = options.client_key_file().empty() ? options.client_cert_file() : options.client_key_file();
    material +=
        content_of("tls client_cert_file", options.client_cert_file()) + content_of("tls client_key_file", key_file);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(native, options.client_cert_file().c_str()) != 1)
      refuse("tls client_cert_file", openssl_reason());
    if (SSL_CTX_use_PrivateKey_file(native, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(native) != 1)
      refuse("tls client_key_file", openssl_reason());
  }
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(native, &TlsContext::new_session);
  identity_ = sha256_hex(material + '\0' + name_ + '\0' + options.fingerprint() + (verify_ ? "v" : "-"));
}

TlsContext::~TlsContext() {
  for (auto* const session : sessions_) SSL_SESSION_free(session);
}

// A ticket is used once (RFC 8446, appendix C.4), the newest first.
SSL_SESSION* TlsContext::take_session() noexcept {
  const std::lock_guard lock(mutex_);
  if (sessions_.empty()) return nullptr;
  auto* const session = sessions_.back();
  sessions_.pop_back();
  return session;
}

int TlsContext::new_session(SSL* handle, SSL_SESSION* session) {
  auto* const self = static_cast<TlsContext*>(SSL_get_ex_data(handle, context_slot()));
  if (self == nullptr) return 0;
  // A copy: OpenSSL calls a session not resumable when its connection ends without a goodbye, which a pool's does.
  auto* const kept = SSL_SESSION_dup(session);
  if (kept == nullptr) return 0;
  const std::lock_guard lock(self->mutex_);
  if (self->sessions_.size() == most_sessions) {
    SSL_SESSION_free(self->sessions_.front());
    self->sessions_.erase(self->sessions_.begin());
  }
  self->sessions_.push_back(kept);
  return 0;  // the original stays with the connection
}

// With a fingerprint nothing counts but that certificate: it is the server's own, or it is one further up the chain
// that truly signed what is below it. That it merely lies in the message proves nothing. OpenSSL asks for each
// certificate, the server's own last.
int TlsContext::verify(int, X509_STORE_CTX* store) {
  const auto* const handle = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* const self = static_cast<TlsContext*>(SSL_get_ex_data(handle, context_slot()));
  if (X509_STORE_CTX_get_error_depth(store) != 0) return 1;
  auto* const leaf = X509_STORE_CTX_get0_cert(store);
  auto* const chain = X509_STORE_CTX_get0_untrusted(store);
  bool found = has_digest(leaf, *self->fingerprint_);
  for (int i = 0; !found && i < sk_X509_num(chain); ++i) {
    auto* const candidate = sk_X509_value(chain, i);
    found = has_digest(candidate, *self->fingerprint_) && signed_below(candidate, leaf, chain);
  }
  X509_STORE_CTX_set_error(store, found ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return found ? 1 : 0;
}

std::unique_ptr<TlsStream> TlsContext::wrap(boost::asio::ip::tcp::socket& socket) {
  auto stream = std::make_unique<TlsStream>(socket, context_);
  auto* const handle = stream->native_handle();
  SSL_set_ex_data(handle, context_slot(), this);
  if (!name_is_address_) SSL_set_tlsext_host_name(handle, name_.c_str());
  if (fingerprint_) {
    SSL_set_verify(handle, SSL_VERIFY_PEER, &TlsContext::verify);
  } else if (verify_) {
    SSL_set_verify(handle, SSL_VERIFY_PEER, nullptr);
    SSL_set_hostflags(handle, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // Without a name to compare with, OpenSSL would take anybody's certificate.
    const int set = name_is_address_ ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(handle), name_.c_str())
                                     : SSL_set1_host(handle, name_.c_str());
    if (set != 1) {
      ERR_clear_error();
      throw Error(errc::invalid_argument, "tls: " + name_ + " is no name that a certificate could be compared with");
    }
  } else {
    SSL_set_verify(handle, SSL_VERIFY_NONE, nullptr);
  }
  static constexpr std::array<unsigned char, 9> http_1_1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_set_alpn_protos(handle, http_1_1.data(), http_1_1.size());
  if (auto* const session = take_session()) {
    SSL_set_session(handle, session);
    SSL_SESSION_free(session);
  }
  return stream;
}

Error TlsContext::handshake_error(TlsStream& stream, const boost::system::error_code& failed) const {
  const auto verdict = SSL_get_verify_result(stream.native_handle());
  if (fingerprint_ && verdict == X509_V_ERR_CERT_REJECTED)
    return {errc::tls_failed, "the server shows no certificate with the fingerprint that was asked for", ErrorContext{},
            false};
  if (verify_ && verdict != X509_V_OK)
    return {errc::tls_failed,
            "the certificate of " + name_ + " is not accepted: " + X509_verify_cert_error_string(verdict),
            ErrorContext{}, false};
  const bool transport = failed.category() == boost::asio::error::get_system_category() ||
                         failed.category() == boost::asio::error::get_misc_category() ||
                         failed == ssl::error::stream_truncated;
  return {errc::tls_failed, "the handshake with " + name_ + " failed: " + failed.message(), ErrorContext{}, transport};
}

bool refuses_client(const boost::system::error_code& failed) noexcept {
  if (failed.category() != boost::asio::error::get_ssl_category()) return false;
  switch (ERR_GET_REASON(static_cast<unsigned long>(failed.value()))) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA: return true;
    default: return false;
  }
}

bool has_unread(TlsStream& stream) noexcept { return SSL_pending(stream.native_handle()) > 0; }

}  // namespace weir::net
