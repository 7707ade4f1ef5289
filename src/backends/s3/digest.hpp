#pragma once

#include <weir/export.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

/// The hash functions that S3 asks for. The implementation is OpenSSL's; nothing of it is seen here.
namespace weir::s3 {

using Sha256Bytes = std::array<unsigned char, 32>;

/// SHA-256 of what is given piece by piece. A copy goes on from where the original stands, which is what makes keys
/// cheap to use again.
class WEIR_API Sha256 {
 public:
  Sha256() noexcept;
  Sha256& update(std::string_view bytes) noexcept;
  /// Ends it; to be called once.
  Sha256Bytes finish() noexcept;

 private:
  alignas(16) std::array<unsigned char, 112> state_;
};

/// HMAC-SHA-256 (RFC 2104) with a key whose two blocks were hashed before.
class WEIR_API HmacKey {
 public:
  explicit HmacKey(std::string_view key) noexcept;
  Sha256Bytes sign(std::string_view message) const noexcept;

 private:
  Sha256 inner_;
  Sha256 outer_;
};

WEIR_API std::string sha256_hex(std::string_view bytes);
WEIR_API void append_hex(std::string& out, const Sha256Bytes& bytes);
WEIR_API std::string base64(std::string_view bytes);
/// For the field Content-MD5. "" where the system's policy forbids MD5.
WEIR_API std::string md5_base64(std::string_view bytes);

inline std::string_view as_text(const Sha256Bytes& bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace weir::s3
