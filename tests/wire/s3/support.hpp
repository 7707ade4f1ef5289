#pragma once

// Clients of a store that a test plays.

#include "support/outcome.hpp"
#include "support/run.hpp"
#include "wire/s3/fake_store.hpp"

#include <weir/s3.hpp>

#include <chrono>
#include <span>
#include <string>

namespace weir::s3 {

inline ClientOptions options_for(const test::FakeStore& store) {
  ClientOptions options;
  options.endpoint_url(store.origin()).access_key_id("key").secret_access_key("secret");
  options.http(http::ClientOptions{}.proxy("off").timeout(std::chrono::seconds(20)));
  options.retry(RetryOptions{}
                    .max_attempts(8)
                    .base(std::chrono::milliseconds(1))
                    .throttle_base(std::chrono::milliseconds(1))
                    .max(std::chrono::milliseconds(5)));
  return options;
}

inline Client client_of(const test::FakeStore& store) { return Client("bucket", options_for(store)); }

/// Of records in the bucket. Installs the store.
inline std::string url_of(const test::FakeStore& store, const std::string& more = {}) {
  install();
  return "s3://bucket/people/?endpoint_url=" + store.origin() +
         "&access_key_id=key&secret_access_key=secret&proxy=off&retry.base=1&retry.throttle_base=1" + more;
}

/// Keeps what is read.
class Collect final : public ObjectSink {
 public:
  awaitable<void> write(std::span<const char> bytes) override {
    text.append(bytes.data(), bytes.size());
    co_return;
  }
  std::string text;
};

/// The first `count` requests meet it.
inline test::FakeStore::Choose at_first(std::uint64_t count, test::Fault fault) {
  return [count, fault](std::uint64_t number, const test::Received&) {
    return number <= count ? fault : test::Fault::none;
  };
}

inline std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 12345;
  for (char& c : out) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24U);
  }
  return out;
}

}  // namespace weir::s3
