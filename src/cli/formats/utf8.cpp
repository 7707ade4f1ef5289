#include "cli/formats/utf8.hpp"

#include <cstring>

namespace weir::cli {
namespace {

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }
char32_t low_bits(char byte) { return static_cast<unsigned char>(byte) & 0x3FU; }

// Eight bytes at a time while they are all ASCII: nearly all input is.
std::size_t ascii_prefix(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at + 8 <= text.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & 0x8080808080808080U) != 0) break;
    at += 8;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

}  // namespace

CodePoint decode_utf8(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return {first, 1, true};
  if (first >= 0xC2 && first <= 0xDF && text.size() >= 2 && continues(text[1]))
    return {((first & 0x1FU) << 6U) | low_bits(text[1]), 2, true};
  if (first >= 0xE0 && first <= 0xEF && text.size() >= 3 && continues(text[1]) && continues(text[2])) {
    const char32_t value = ((first & 0x0FU) << 12U) | (low_bits(text[1]) << 6U) | low_bits(text[2]);
    if (value >= 0x800 && (value < 0xD800 || value > 0xDFFF)) return {value, 3, true};
  }
  if (first >= 0xF0 && first <= 0xF4 && text.size() >= 4 && continues(text[1]) && continues(text[2]) &&
      continues(text[3])) {
    const char32_t value =
        ((first & 0x07U) << 18U) | (low_bits(text[1]) << 12U) | (low_bits(text[2]) << 6U) | low_bits(text[3]);
    if (value >= 0x10000 && value <= 0x10FFFF) return {value, 4, true};
  }
  return {first, 1, false};
}

std::optional<std::size_t> invalid_utf8(std::string_view text) noexcept {
  std::size_t at = 0;
  for (;;) {
    at += ascii_prefix(text.substr(at));
    if (at == text.size()) return std::nullopt;
    const auto next = decode_utf8(text.substr(at));
    if (!next.valid) return at;
    at += next.size;
  }
}

std::size_t count_characters(std::string_view text) noexcept {
  std::size_t characters = 0;
  while (!text.empty()) {
    text.remove_prefix(decode_utf8(text).size);
    ++characters;
  }
  return characters;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto bad = invalid_utf8(text);
    if (!bad) return out.append(text);
    out.append(text.substr(0, *bad)).append("\xEF\xBF\xBD");
    text.remove_prefix(*bad + 1);
  }
  return out;
}

std::string printable(std::string_view text, std::string_view keep) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto next = decode_utf8(text);
    const bool control = next.code_point < 0x20 || (next.code_point >= 0x7F && next.code_point < 0xA0);
    if (!next.valid)
      out += "\xEF\xBF\xBD";
    else if (control && keep.find(text.front()) == std::string_view::npos)
      out += ' ';
    else
      out.append(text.substr(0, next.size));
    text.remove_prefix(next.size);
  }
  return out;
}

}  // namespace weir::cli
