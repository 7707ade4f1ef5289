#include <weir/registry.hpp>

#include <functional>
#include <random>
#include <utility>

namespace weir {

PoolKey::PoolKey(std::string backend, std::string endpoint, std::string identity)
    : backend_(std::move(backend)), endpoint_(std::move(endpoint)), identity_(std::move(identity)) {}

std::string PoolKey::to_string() const { return endpoint_.empty() ? backend_ : backend_ + " " + endpoint_; }

// FNV-1a from a start that differs in every process, so that a digest in a log tells nothing about the identity.
std::uint64_t PoolKey::digest() const noexcept {
  static const std::uint64_t start = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }();
  std::uint64_t hash = start ^ 0xcbf29ce484222325ULL;
  for (const auto* part : {&backend_, &endpoint_, &identity_}) {
    for (const char c : *part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    hash = (hash ^ 0xff) * 0x100000001b3ULL;  // no byte of UTF-8: "a" + "bc" is not "ab" + "c"
  }
  hash ^= hash >> 29;
  hash *= 0xbf58476d1ce4e5b9ULL;
  return hash ^ (hash >> 32);
}

}  // namespace weir
