#pragma once

// Certificates made for one run of a test.

#include <openssl/types.h>

#include <memory>
#include <string>

namespace weir::test {

/// An authority of its own with one server certificate for localhost and 127.0.0.1.
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

 private:
  SSL_CTX* server_ = nullptr;
  std::string authority_pem_, server_fingerprint_, authority_fingerprint_;
};

}  // namespace weir::test
