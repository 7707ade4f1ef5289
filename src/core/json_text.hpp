#pragma once

// JSON as text, in and out, without loss: integers are exact in int64, doubles come back bit by bit.

#include <weir/export.hpp>
#include <weir/record.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::core {

// Containers inside one another.
inline constexpr std::size_t max_json_depth = 1000;

// JSON that people or programs wrote. Refused besides malformed text: a key twice in one object, integers outside int64
// (which would come back as other values), numbers no double can hold, half surrogates, invalid UTF-8, deeper nesting
// than `max_json_depth`. A byte order mark in front is skipped.
// @throws Error invalid_argument: "line 3, column 14: …"; the text itself is never part of the message
WEIR_API Json parse_json(std::string_view text);

// JSON that a store gave back. An integer outside int64 is a double that the store wrote out in full; of a key that is
// there twice the last one counts.
// @throws Error corrupt_data
WEIR_API Json parse_stored_json(std::string_view text);

// Compact text. Doubles are written so that every store reads the same value: -0.0 as 0.0, those with 2^53 <= |d| <=
// 2^64 with all their digits, a whole number with ".0".
// @throws Error invalid_argument for NaN, infinities, text that is not UTF-8, deeper nesting than `max_json_depth`
WEIR_API std::string dump_json(const Json& json);
WEIR_API void append_json(std::string& out, const Json& json);
WEIR_API void append_json_string(std::string& out, std::string_view text);
WEIR_API void append_json_number(std::string& out, double number);

}  // namespace weir::core
