#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

/// The characters of HTTP, RFC 9110 §5.6.2 and §5.5.
namespace weir::http {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr bool same_name(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  if (a.empty()) return true;
  if (lower(a.front()) != lower(b.front())) return false;  // most of those that differ
  if (a == b) return true;                                 // most of those that do not
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

namespace kinds {

inline constexpr std::uint8_t of_token = 1;
inline constexpr std::uint8_t of_value = 2;

inline constexpr std::array<std::uint8_t, 256> table = [] {
  std::array<std::uint8_t, 256> out{};
  for (unsigned i = 0; i < out.size(); ++i) {
    const char c = static_cast<char>(i);
    const bool letter_or_digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    const bool token =
        letter_or_digit || (c != 0 && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
    const bool value = (i >= 0x20 || c == '\t') && i != 0x7f;
    out[i] = static_cast<std::uint8_t>((token ? of_token : 0) | (value ? of_value : 0));
  }
  return out;
}();

/// The end of the run of characters of that kind.
constexpr const char* run_end(const char* at, const char* end, std::uint8_t kind) noexcept {
  while (at != end && (table[static_cast<unsigned char>(*at)] & kind) != 0) ++at;
  return at;
}

}  // namespace kinds

constexpr bool is_token_character(char c) noexcept {
  return (kinds::table[static_cast<unsigned char>(c)] & kinds::of_token) != 0;
}

constexpr bool is_token(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  return !text.empty() && kinds::run_end(text.data(), end, kinds::of_token) == end;
}

/// The end of what can be a field's value: no control characters but the tab, so that a value cannot end its line.
inline const char* value_end(const char* at, const char* end) noexcept {
  // Eight bytes at a time as long as none of them can be a control character.
  constexpr std::uint64_t every = 0x0101010101010101U;
  while (end - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    const auto deleted = word ^ (every * 0x7f);
    const auto below = (word - every * 0x20) & ~word;
    if (((below | ((deleted - every) & ~deleted)) & (every * 0x80)) != 0) break;
    at += 8;
  }
  return kinds::run_end(at, end, kinds::of_value);
}

inline bool is_field_value(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  return value_end(text.data(), end) == end;
}

/// Neither a space nor a control character, so that a target cannot end the request line.
constexpr bool is_target(std::string_view text) noexcept {
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || c == '\x7f') return false;
  return !text.empty();
}

constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace weir::http
