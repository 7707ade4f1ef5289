#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::cli {

/// Ids for the records of an import that have none: UUIDs of version 7 (RFC 9562) made of one random number and the
/// record's place in the input. A resumed import gives every record the id it had before, and ordering by id is the
/// order of the file.
class RecordIds {
 public:
  /// `milliseconds` since 1970; any random number.
  RecordIds(std::uint64_t milliseconds, std::uint64_t random) : milliseconds_(milliseconds), random_(random) {}
  std::string id(std::uint64_t offset) const;

  std::uint64_t milliseconds() const { return milliseconds_; }
  std::uint64_t random() const { return random_; }

 private:
  std::uint64_t milliseconds_;
  std::uint64_t random_;
};

}  // namespace weir::cli
