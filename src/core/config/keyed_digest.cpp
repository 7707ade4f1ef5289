#include "core/config/keyed_digest.hpp"

#include <weir/error.hpp>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>

namespace weir::configuration {
namespace {

const std::array<unsigned char, 32>& process_key() {
  static const auto key = [] {
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
      throw Error(errc::unavailable, "the system gives no random bytes", ErrorContext{}.operation("configure"));
    return bytes;
  }();
  return key;
}

}  // namespace

std::string keyed_digest(std::string_view option, std::string_view content) {
  std::string message(option);
  message += '\0';
  message += content;
  std::array<unsigned char, 32> digest{};
  std::size_t length = 0;
  const auto& key = process_key();
  if (EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(),
                reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(), digest.size(),
                &length) == nullptr)
    throw Error(errc::unavailable, "HMAC-SHA256 is not available", ErrorContext{}.operation("configure"));
  std::string text = "hmac:";
  for (const auto byte : digest) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

}  // namespace weir::configuration
