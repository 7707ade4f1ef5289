#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir::core {

/// The first place from `at` on at which something stands that is not plain in JSON: a control character, a backslash,
/// `quote`, or a byte that is not ASCII. Eight bytes at a time, which is what most of a text is.
inline std::size_t plain_run(std::string_view text, std::size_t at, char quote) noexcept {
  constexpr std::uint64_t every = 0x0101010101010101U;
  constexpr std::uint64_t high = every * 0x80;
  const auto zero_byte = [](std::uint64_t word) { return (word - every) & ~word; };
  const auto quotes = every * static_cast<unsigned char>(quote);
  while (text.size() - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    const auto below = (word - every * 0x20) & ~word;
    const auto found = below | word | zero_byte(word ^ quotes) | zero_byte(word ^ (every * '\\'));
    if ((found & high) != 0) break;  // perhaps, with what a borrow makes of a byte: the loop below looks exactly
    at += 8;
  }
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte >= 0x80 || text[at] == quote || byte == '\\') break;
    ++at;
  }
  return at;
}

}  // namespace weir::core
