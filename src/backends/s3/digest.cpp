// The one-shot and EVP interfaces cost three times as much for a short message, and cannot be copied cheaply; the
// functions used here are the same assembly without the dispatch.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "backends/s3/digest.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstring>

namespace weir::s3 {
namespace {

static_assert(sizeof(SHA256_CTX) <= sizeof(Sha256));

SHA256_CTX* context(void* state) noexcept { return static_cast<SHA256_CTX*>(state); }

}  // namespace

Sha256::Sha256() noexcept {
  SHA256_CTX fresh;
  SHA256_Init(&fresh);
  std::memcpy(state_.data(), &fresh, sizeof fresh);
}

Sha256& Sha256::update(std::string_view bytes) noexcept {
  SHA256_Update(context(state_.data()), bytes.data(), bytes.size());
  return *this;
}

Sha256Bytes Sha256::finish() noexcept {
  Sha256Bytes out;
  SHA256_Final(out.data(), context(state_.data()));
  return out;
}

HmacKey::HmacKey(std::string_view key) noexcept {
  std::array<unsigned char, 64> block{};
  if (key.size() > block.size()) {
    const auto hashed = Sha256().update(key).finish();
    std::memcpy(block.data(), hashed.data(), hashed.size());
  } else if (!key.empty()) {
    std::memcpy(block.data(), key.data(), key.size());
  }
  const auto begin = [&block](unsigned char pad) {
    std::array<char, 64> padded{};
    for (std::size_t i = 0; i < block.size(); ++i) padded[i] = static_cast<char>(block[i] ^ pad);
    return Sha256().update({padded.data(), padded.size()});
  };
  inner_ = begin(0x36);
  outer_ = begin(0x5c);
}

Sha256Bytes HmacKey::sign(std::string_view message) const noexcept {
  auto inner = inner_;
  auto outer = outer_;
  const auto hashed = inner.update(message).finish();
  return outer.update(as_text(hashed)).finish();
}

void append_hex(std::string& out, const Sha256Bytes& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 64> text;
  auto* at = text.data();
  for (const auto byte : bytes) {
    *at++ = digits[byte >> 4U];
    *at++ = digits[byte & 15U];
  }
  out.append(text.data(), text.size());
}

std::string sha256_hex(std::string_view bytes) {
  std::string out;
  out.reserve(64);
  append_hex(out, Sha256().update(bytes).finish());
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const auto size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string md5_base64(std::string_view bytes) {
  std::array<unsigned char, 16> digest{};
  std::size_t size = 0;
  if (EVP_Q_digest(nullptr, "MD5", nullptr, bytes.data(), bytes.size(), digest.data(), &size) != 1) return {};
  return base64({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace weir::s3
