#include "core/json_scan.hpp"

#include "core/ascii.hpp"
#include "core/plain_run.hpp"
#include "core/utf8.hpp"

#include <charconv>
#include <cstdint>
#include <cstdlib>

namespace weir::core {
namespace {

int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four hex digits at `position`, or invalid_code_point.
char32_t scan_hex(std::string_view text, std::size_t position) noexcept {
  if (text.size() - position < 4) return invalid_code_point;
  char32_t code = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_value(text[position + i]);
    if (digit < 0) return invalid_code_point;
    code = code * 16 + static_cast<char32_t>(digit);
  }
  return code;
}

// `position` is behind "\u".
ScanFault scan_unicode_escape(std::string_view text, std::size_t& position, std::string& out) {
  char32_t code = scan_hex(text, position);
  if (code == invalid_code_point) return ScanFault::bad_escape;
  if (code >= 0xDC00 && code <= 0xDFFF) return ScanFault::bad_surrogate;
  position += 4;
  if (code >= 0xD800 && code <= 0xDBFF) {
    if (!text.substr(position).starts_with("\\u")) return ScanFault::bad_surrogate;
    const char32_t low = scan_hex(text, position + 2);
    if (low < 0xDC00 || low > 0xDFFF) return ScanFault::bad_surrogate;
    position += 6;
    code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
  }
  append_utf8(out, code);
  return ScanFault::none;
}

ScanFault scan_escape(std::string_view text, std::size_t& position, char quote, std::string& out) {
  if (position + 1 >= text.size()) return ScanFault::unterminated;
  const char c = text[position + 1];
  char plain = 0;
  switch (c) {
    case '\\':
    case '/': plain = c; break;
    case 'b': plain = '\b'; break;
    case 'f': plain = '\f'; break;
    case 'n': plain = '\n'; break;
    case 'r': plain = '\r'; break;
    case 't': plain = '\t'; break;
    case 'u': {
      std::size_t at = position + 2;
      const ScanFault fault = scan_unicode_escape(text, at, out);
      if (fault == ScanFault::none) position = at;
      return fault;
    }
    default:
      if (c != quote && c != '"') return ScanFault::bad_escape;
      plain = c;
  }
  out += plain;
  position += 2;
  return ScanFault::none;
}

// Whether a literal that no double can hold is too large rather than too small: by the place of its first digit that is
// not 0.
bool is_too_large(std::string_view literal) noexcept {
  long exponent = 0;
  const auto e = literal.find_first_of("eE");
  if (e != std::string_view::npos) {
    const bool negative = literal[e + 1] == '-';
    for (const char c : literal.substr(e + 1))
      if (is_digit(c) && exponent < 1'000'000'000) exponent = exponent * 10 + (c - '0');
    if (negative) exponent = -exponent;
  }
  const std::string_view mantissa = literal.substr(0, e);
  const auto point = std::min(mantissa.find('.'), mantissa.size());
  const auto first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return false;
  return static_cast<long>(point) - static_cast<long>(first) + exponent > 0;
}

}  // namespace

std::string_view describe(ScanFault fault) noexcept {
  switch (fault) {
    case ScanFault::none: break;
    case ScanFault::unterminated: return "a string without its closing quote";
    case ScanFault::control_character: return "a control character in a string; it is written \\u00XX";
    case ScanFault::bad_escape: return "an unknown escape in a string";
    case ScanFault::bad_surrogate: return "half of a surrogate pair in a string";
    case ScanFault::invalid_utf8: return "not valid UTF-8";
    case ScanFault::bad_number: return "a malformed number";
    case ScanFault::integer_range: return "an integer outside -2^63 to 2^63-1";
    case ScanFault::double_range: return "a number too large for a double";
  }
  return "no fault";
}

ScanFault scan_string(std::string_view text, std::size_t& position, char quote, std::string& out) {
  std::size_t plain = position;  // from here on nothing was copied yet
  for (;;) {
    position = plain_run(text, position, quote);
    if (position == text.size()) return ScanFault::unterminated;
    const char c = text[position];
    if (c == quote) {
      out.append(text, plain, position - plain);
      ++position;
      return ScanFault::none;
    }
    if (c == '\\') {
      out.append(text, plain, position - plain);
      const ScanFault fault = scan_escape(text, position, quote, out);
      if (fault != ScanFault::none) return fault;
      plain = position;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      return ScanFault::control_character;
    } else {
      std::size_t next = position;
      if (decode_utf8(text, next) == invalid_code_point) return ScanFault::invalid_utf8;
      position = next;
    }
  }
}

ScanFault scan_number(std::string_view text, std::size_t& position, LargeIntegers large, Json& out) {
  const auto at = [text](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
  std::size_t end = position;
  bool integer = true;
  const auto digits = [&] {
    const std::size_t begin = end;
    while (is_digit(at(end))) ++end;
    return end != begin;
  };
  if (at(end) == '-') ++end;
  if (at(end) == '0')
    ++end;
  else if (!digits())
    return ScanFault::bad_number;
  if (at(end) == '.') {
    integer = false;
    ++end;
    if (!digits()) return ScanFault::bad_number;
  }
  if (at(end) == 'e' || at(end) == 'E') {
    integer = false;
    ++end;
    if (at(end) == '+' || at(end) == '-') ++end;
    if (!digits()) return ScanFault::bad_number;
  }
  if (is_digit(at(end))) return ScanFault::bad_number;  // a leading zero
  const char* first = text.data() + position;
  const char* last = text.data() + end;
  if (integer) {
    std::int64_t number = 0;
    if (std::from_chars(first, last, number).ec == std::errc()) {
      out = number;
      position = end;
      return ScanFault::none;
    }
    if (large == LargeIntegers::refuse) return ScanFault::integer_range;
  }
  double number = 0;
  if (std::from_chars(first, last, number).ec != std::errc()) {
    if (is_too_large({first, last})) return ScanFault::double_range;
    number = 0;
  }
  out = number;
  position = end;
  return ScanFault::none;
}

}  // namespace weir::core
