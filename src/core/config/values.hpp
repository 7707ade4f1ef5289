#pragma once

// Values of options: text and JSON to the canonical form that a Config holds, and back. Canonical: boolean, unsigned or
// signed number, milliseconds, bytes, string, array of strings.

#include "core/config/option.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::configuration {

/// Why a value was refused: "expected …". Holds nothing of the value.
struct Refusal {
  std::string reason;
};

/// The canonical form of a value that is text because its source has no types (URL, environment, YAML). Throws Refusal.
Json value_from_text(const Option& option, std::string_view text);
/// The canonical form of a JSON value; numbers and booleans may not be strings. Throws Refusal.
Json value_from_json(const Option& option, const Json& value);
/// What value_from_text reads back.
std::string value_to_text(const Option& option, const Json& value);

/// "1.5" seconds in milliseconds. Throws Refusal.
Json milliseconds_from_seconds(std::string_view text);

/// Splits at commas; `\,`, `\\` and `\ ` stand for the character itself. Throws Refusal for an empty element.
std::vector<std::string> split_list(std::string_view text);
std::string join_list(const std::vector<std::string>& elements);

bool valid_utf8(std::string_view text);
/// Whether a name can be shown in a message as it is: short, of letters, digits, `_`, `.` and `-`. What came from a
/// badly written URL can hold a piece of a password instead.
bool presentable_name(std::string_view name);
/// A value for a message: shortened, control characters escaped; nothing at all when it could hold a password
/// ("user:pw@host").
std::string shown(std::string_view value);
/// Replaces what stands between "//" and the last "@" by `with`; the "@" goes, too, when that is empty.
std::string without_userinfo(std::string_view url, std::string_view with);

}  // namespace weir::configuration
