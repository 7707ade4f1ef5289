#pragma once

// JSON text ↔ Json, for what is stored. Faster than the general parser, since values are built in place; strict, since
// the file may have been written by others.

#include <weir/record.hpp>

#include <string>
#include <string_view>

namespace weir::sqlite {

// Throws CorruptJson for anything but one JSON value. `out` is a new value, whose object or array is used if it is one.
void parse_json(std::string_view text, Json& out);
Json parse_json(std::string_view text);

// Compact, keys sorted; doubles in the shortest form that reads back as the same double, and with a point or an
// exponent.
void write_json(const Json& value, std::string& out);
std::string write_json(const Json& value);

}  // namespace weir::sqlite
