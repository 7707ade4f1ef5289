#include "wire/http/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace weir::test {
namespace {

void name_it(X509* certificate, const char* name) {
  auto* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
}

void extend(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  if (extension == nullptr) throw std::runtime_error("a certificate extension cannot be made");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* certificate(EVP_PKEY* key, long serial, const char* name) {
  auto* const made = X509_new();
  X509_set_version(made, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
  X509_gmtime_adj(X509_getm_notBefore(made), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made), 86400);
  X509_set_pubkey(made, key);
  name_it(made, name);
  return made;
}

std::string fingerprint(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    std::array<char, 3> hex{};
    std::snprintf(hex.data(), hex.size(), "%02X", digest[i]);
    out += (i == 0 ? "" : ":") + std::string(hex.data());
  }
  return out;
}

std::string pem(X509* certificate) {
  auto* const out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, certificate);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(out);
  return text;
}

}  // namespace

Certificates::Certificates() {
  authority_key_ = EVP_EC_gen("P-256");
  auto* const server_key = EVP_EC_gen("P-256");
  authority_ = certificate(authority_key_, 1, "weir test authority");
  X509_set_issuer_name(authority_, X509_get_subject_name(authority_));
  extend(authority_, authority_, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(authority_, authority_key_, EVP_sha256());
  auto* const server = certificate(server_key, 2, "localhost");
  X509_set_issuer_name(server, X509_get_subject_name(authority_));
  extend(server, authority_, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
  X509_sign(server, authority_key_, EVP_sha256());
  authority_pem_ = pem(authority_);
  authority_fingerprint_ = fingerprint(authority_);
  server_fingerprint_ = fingerprint(server);
  for (auto** const context : {&server_, &strict_server_}) {
    *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(*context, server);
    SSL_CTX_use_PrivateKey(*context, server_key);
    SSL_CTX_add1_chain_cert(*context, authority_);
    static constexpr unsigned char id[] = "weir";
    SSL_CTX_set_session_id_context(*context, id, sizeof id - 1);
  }
  X509_STORE_add_cert(SSL_CTX_get_cert_store(strict_server_), authority_);
  SSL_CTX_set_verify(strict_server_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  X509_free(server);
  EVP_PKEY_free(server_key);
}

Certificates::~Certificates() {
  SSL_CTX_free(server_);
  SSL_CTX_free(strict_server_);
  X509_free(authority_);
  EVP_PKEY_free(authority_key_);
}

Certificates::ClientPem Certificates::client(const char* name) const {
  auto* const own_key = EVP_EC_gen("P-256");
  auto* const made = certificate(own_key, 3, name);
  X509_set_issuer_name(made, X509_get_subject_name(authority_));
  X509_sign(made, authority_key_, EVP_sha256());
  ClientPem out;
  out.certificate = pem(made);
  auto* const text = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(text, own_key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(text, &data);
  out.key.assign(data, static_cast<std::size_t>(size));
  BIO_free(text);
  X509_free(made);
  EVP_PKEY_free(own_key);
  return out;
}

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

}  // namespace weir::test
