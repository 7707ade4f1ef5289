#pragma once

// Certificates made for one run of a test.

#include <openssl/types.h>

#include <memory>
#include <string>

namespace weir::test {

/// An authority of its own with one server certificate for localhost, 127.0.0.1 and ::1, and certificates for clients.
class Certificates {
 public:
  Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  ~Certificates();

  const std::string& authority_pem() const noexcept { return authority_pem_; }
  /// SHA-256 in hexadecimal.
  const std::string& server_fingerprint() const noexcept { return server_fingerprint_; }
  const std::string& authority_fingerprint() const noexcept { return authority_fingerprint_; }
  SSL_CTX* server() const noexcept { return server_; }
  /// The same server, for clients only that show a certificate of this authority.
  SSL_CTX* strict_server() const noexcept { return strict_server_; }
  /// PEM of a client's certificate and of its key.
  struct ClientPem {
    std::string certificate, key;
  };
  ClientPem client(const char* name) const;

 private:
  SSL_CTX* server_ = nullptr;
  SSL_CTX* strict_server_ = nullptr;
  X509* authority_ = nullptr;
  EVP_PKEY* authority_key_ = nullptr;
  std::string authority_pem_, server_fingerprint_, authority_fingerprint_;
};

/// Those of all tests of a program.
const Certificates& certificates();

}  // namespace weir::test
