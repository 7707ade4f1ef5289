#pragma once

// Strings and numbers of JSON (RFC 8259), scanned in place; shared by the JSON reader and the text form of filters.

#include <weir/export.hpp>
#include <weir/record.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::core {

enum class ScanFault {
  none,
  unterminated,
  control_character,
  bad_escape,
  bad_surrogate,
  invalid_utf8,
  bad_number,
  integer_range,
  double_range
};

// In words, for a message.
std::string_view describe(ScanFault fault) noexcept;

// `position` is behind the opening quote; afterwards behind the closing one, or at the fault. An escaped `quote` is the
// quote.
WEIR_API ScanFault scan_string(std::string_view text, std::size_t& position, char quote, std::string& out);

// What becomes of an integer outside int64.
enum class LargeIntegers { refuse, as_double };

// `position` is at the number; afterwards behind it, or unchanged for a fault.
ScanFault scan_number(std::string_view text, std::size_t& position, LargeIntegers large, Json& out);

// The JSON value of a store that begins at `position`; afterwards behind it. As `parse_stored_json` but for what
// follows.
WEIR_API Json scan_stored_json(std::string_view text, std::size_t& position);

}  // namespace weir::core
