#pragma once

// UUIDs version 7 (RFC 9562): 48 bits of Unix milliseconds, then random bits, so that new ids sort by their time.

#include <weir/export.hpp>

#include <array>
#include <cstdint>
#include <string>

namespace weir::core {

// The 74 random bits of a UUIDv7: 12 in `high`, 62 in `low`; the bits above are ignored.
struct UuidRandom {
  std::uint16_t high = 0;
  std::uint64_t low = 0;
};

// The canonical text, 36 characters. Only the lower 48 bits of the time are used.
WEIR_API std::string uuid_v7(std::uint64_t unix_milliseconds, UuidRandom random);

// Ids that ascend also within a millisecond, and when the clock steps back (RFC 9562, 6.2, method 2: the random bits
// count up by a random step). Not thread-safe.
class WEIR_API UuidGenerator {
 public:
  std::string next(std::uint64_t unix_milliseconds, UuidRandom random);

 private:
  std::uint64_t last_time_ = 0;
  UuidRandom last_;
  bool used_ = false;
};

// A new id from the system's clock and random source. Any thread, before and after fork.
WEIR_API std::string new_id();

}  // namespace weir::core
