#include "backends/postgresql/wire/cancel_tls.hpp"

#include <weir/error.hpp>

#include <boost/asio/ip/address.hpp>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace weir::postgres {
namespace {

namespace ssl = boost::asio::ssl;

bool is_address(const std::string& host) {
  boost::system::error_code failed;
  boost::asio::ip::make_address(host, failed);
  return !failed;
}

// The named file, or the one of that name that libpq looks for by itself; empty when there is none.
std::string file_or_default(const std::string& named, const char* name) {
  if (!named.empty()) return named;
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  const auto usual = std::filesystem::path(home) / ".postgresql" / name;
  std::error_code failed;
  return std::filesystem::exists(usual, failed) ? usual.string() : std::string();
}

[[noreturn]] void refuse(const std::string& why) {
  throw Error(errc::tls_failed, "the cancel request: " + why, ErrorContext{}, false);
}

}  // namespace

CancelTls::CancelTls(PGconn* connection) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfo(connection), &PQconninfoFree);
  if (!options) throw std::bad_alloc();
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    const auto take = [&](std::string_view name, std::string& into) {
      if (keyword == name && option->val != nullptr) into = option->val;
    };
    take("sslmode", mode_);
    take("sslrootcert", authorities_);
    take("sslcrl", revoked_);
    take("sslcert", certificate_);
    take("sslkey", key_);
    take("sslpassword", password_);
  }
  // Of several hosts the one that is connected to.
  const char* const host = PQhost(connection);
  if (host != nullptr) host_ = host;
}

std::shared_ptr<ssl::context> CancelTls::context() const {
  auto out = std::make_shared<ssl::context>(ssl::context::tls_client);
  auto* const native = out->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  const auto authorities = file_or_default(authorities_, "root.crt");
  const bool there = !authorities.empty() && std::filesystem::exists(authorities);
  // As libpq has it: a file of authorities that is there is used in every mode.
  if (!there && mode_.starts_with("verify-")) refuse("the file of authorities cannot be read");
  if (there) {
    out->load_verify_file(authorities);
    out->set_verify_mode(ssl::verify_peer);
    const auto revoked = file_or_default(revoked_, "root.crl");
    auto* const store = SSL_CTX_get_cert_store(native);
    if (!revoked.empty() && X509_STORE_load_locations(store, revoked.c_str(), nullptr) == 1)
      X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  }
  // A server does not ask for it before a cancel, a proxy may.
  const auto certificate = file_or_default(certificate_, "postgresql.crt");
  const auto key = file_or_default(key_, "postgresql.key");
  if (!certificate.empty() && !key.empty() && std::filesystem::exists(certificate) && std::filesystem::exists(key)) {
    out->set_password_callback(
        [password = password_](std::size_t, ssl::context::password_purpose) { return password; });
    out->use_certificate_chain_file(certificate);
    out->use_private_key_file(key, ssl::context::pem);
  }
  return out;
}

void CancelTls::prepare(SSL* stream) const {
  const bool address = is_address(host_);
  if (!address && SSL_set_tlsext_host_name(stream, host_.c_str()) != 1) refuse("the server's name cannot be sent");
  if (mode_ != "verify-full") return;
  auto* const check = SSL_get0_param(stream);
  X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int set = address ? X509_VERIFY_PARAM_set1_ip_asc(check, host_.c_str())
                          : X509_VERIFY_PARAM_set1_host(check, host_.c_str(), host_.size());
  if (set != 1) refuse("the server's name cannot be checked");
}

}  // namespace weir::postgres
