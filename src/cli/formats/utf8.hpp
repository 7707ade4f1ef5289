#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::cli {

struct CodePoint {
  char32_t code_point = 0;
  std::size_t size = 1;  ///< bytes; 1 for a byte that begins no valid sequence
  bool valid = false;
};

/// The first code point of a text that is not empty. Strict (RFC 3629): no overlong forms, surrogates or values above
/// U+10FFFF.
CodePoint decode_utf8(std::string_view text) noexcept;
/// Where the first ill-formed byte is, or nothing.
std::optional<std::size_t> invalid_utf8(std::string_view text) noexcept;
/// Code points in the first `bytes` bytes; an ill-formed byte counts as one.
std::size_t count_characters(std::string_view text) noexcept;
/// The text with U+FFFD in the place of every ill-formed byte.
std::string replace_invalid_utf8(std::string_view text);
/// The same, and with a blank in the place of every control character (C0, DEL, C1) but those in `keep`: what data says
/// must not steer a terminal.
std::string printable(std::string_view text, std::string_view keep = {});

/// Columns that a terminal takes for it: 0 for combining marks and other invisible ones, 2 for wide East Asian and
/// emoji.
int display_width(char32_t code_point) noexcept;
/// The sum for a text of valid UTF-8.
std::size_t display_width(std::string_view text) noexcept;

}  // namespace weir::cli
