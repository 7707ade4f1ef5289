#pragma once

// The secret with which a running statement can be cancelled. libpq 15 keeps it to itself and offers only a blocking
// PQcancel, so it is read from libpq's protocol trace while the connection is being made; everything else in the trace
// is dropped unread.
//
// https://www.postgresql.org/docs/15/protocol-flow.html#id-1.10.6.7.10 (Canceling Requests in Progress)

#include <libpq-fe.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace weir::postgres {

struct CancelKey {
  CancelKey() = default;
  std::int32_t process = 0;
  std::string secret;  // its bytes: 4, and up to 256 in version 3.2 of the protocol
};

// A line such as "B\t12\tBackendKeyData\t 4711 -1234567", or from libpq 18 on "… 4711 '\xe3\xbc&s'"; anything else is
// nothing.
std::optional<CancelKey> parse_key_line(std::string_view line);

// Watches one connection from before its first byte until it is ready.
class CancelKeyWatch {
 public:
  explicit CancelKeyWatch(PGconn* connection);
  CancelKeyWatch(const CancelKeyWatch&) = delete;
  CancelKeyWatch& operator=(const CancelKeyWatch&) = delete;
  ~CancelKeyWatch();
  // Ends the trace.
  std::optional<CancelKey> take();

 private:
  static ssize_t on_write(void* self, const char* bytes, std::size_t size);
  void wipe() noexcept;

  PGconn* connection_;
  std::FILE* file_ = nullptr;
  std::string line_;
  std::optional<CancelKey> key_;
};

// The bytes of the request.
std::string cancel_request(const CancelKey& key);

}  // namespace weir::postgres
