#pragma once

#include <weir/export.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// The key of the object that holds a record. Pure and injective: two ids never share a key, and what is no such key is
/// somebody else's object.
///
/// ASCII letters, digits, `-`, `_`, `.`, `/` and the letters of common scripts stay; every other byte is `!` and two
/// hexadecimal digits. Segments that a store might drop or take for a folder's object are written so that none is
/// empty,
/// `.`, `..` or ends in `.json`; every key ends in `.json`. An id whose key would be longer than 200 bytes is `~` and
/// its base64url in segments of 200.
namespace weir::s3 {

inline constexpr std::size_t max_short_key = 200;
inline constexpr std::size_t max_prefix = 300;

/// @param id valid UTF-8 of 1 to 512 bytes
WEIR_API std::string key_of_id(std::string_view id);
/// None: it is not the key of a record.
WEIR_API std::optional<std::string> id_of_key(std::string_view key);
/// With what all keys begin whose ids begin with `id_prefix` and that are not of the long form (those begin with `~`).
WEIR_API std::string key_prefix_of(std::string_view id_prefix);

/// "people" becomes "people/"; "" stays.
/// @throws Error invalid_argument for one that is too long or that not every store keeps as it is
WEIR_API std::string checked_prefix(std::string prefix);

}  // namespace weir::s3
