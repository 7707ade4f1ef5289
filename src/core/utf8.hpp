#pragma once

// UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above U+10FFFF.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace weir::core {

inline constexpr char32_t invalid_code_point = 0xFFFFFFFF;

// The code point at `position`, which moves behind it; invalid_code_point (one byte further) where there is none.
inline char32_t decode_utf8(std::string_view text, std::size_t& position) noexcept {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(position++);
  if (lead < 0x80) return lead;
  unsigned follow = 0;
  char32_t code = 0;
  char32_t least = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    follow = 1, code = lead & 0x1FU, least = 0x80;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    follow = 2, code = lead & 0x0FU, least = 0x800;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    follow = 3, code = lead & 0x07U, least = 0x10000;
  } else {
    return invalid_code_point;
  }
  if (text.size() - position < follow) return invalid_code_point;
  for (unsigned i = 0; i < follow; ++i) {
    const unsigned char next = byte(position + i);
    if ((next & 0xC0U) != 0x80U) return invalid_code_point;
    code = (code << 6U) | (next & 0x3FU);
  }
  if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return invalid_code_point;
  position += follow;
  return code;
}

inline void append_utf8(std::string& out, char32_t code) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6U));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12U));
    put(0x80 | ((code >> 6U) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18U));
    put(0x80 | ((code >> 12U) & 0x3F));
    put(0x80 | ((code >> 6U) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

// Where the character at `position` ends; safe on text that is not UTF-8.
inline std::size_t next_character(std::string_view text, std::size_t position) noexcept {
  ++position;
  while (position < text.size() && (static_cast<unsigned char>(text[position]) & 0xC0U) == 0x80U) ++position;
  return position;
}

enum class TextFault { none, invalid_utf8, nul };

// Whether text may be stored: UTF-8 without U+0000. Of both faults the first one in the enumeration is told.
inline TextFault check_text(std::string_view text) noexcept {
  TextFault found = TextFault::none;
  std::size_t position = 0;
  while (position < text.size()) {
    if (text.size() - position >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + position, 8);
      const bool ascii = (word & 0x8080808080808080ULL) == 0;
      const bool no_zero = ((word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL) == 0;
      if (ascii && no_zero) {
        position += 8;
        continue;
      }
    }
    const char32_t code = decode_utf8(text, position);
    if (code == invalid_code_point) return TextFault::invalid_utf8;
    if (code == 0) found = TextFault::nul;
  }
  return found;
}

}  // namespace weir::core
