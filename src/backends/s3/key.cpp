#include "backends/s3/key.hpp"

#include "core/utf8.hpp"

#include <weir/error.hpp>

#include <array>
#include <cstdint>

namespace weir::s3 {
namespace {

constexpr std::string_view suffix = ".json";
constexpr std::string_view base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t segment_size = 200;

// Letters that no store changes: precomposed ones, of scripts without combining forms.
bool is_letter(char32_t code) noexcept {
  struct Range {
    char32_t first, last;
  };
  constexpr std::array<Range, 8> ranges{{{0xC0, 0xD6},
                                         {0xD8, 0xF6},
                                         {0xF8, 0x24F},
                                         {0x3B1, 0x3C9},
                                         {0x400, 0x481},
                                         {0x3041, 0x3096},
                                         {0x30A1, 0x30FA},
                                         {0x4E00, 0x9FFF}}};
  for (const auto& range : ranges)
    if (code >= range.first && code <= range.last) return true;
  return code >= 0xAC00 && code <= 0xD7A3;
}

bool stays(char32_t code) noexcept {
  return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') || code == '-' ||
         code == '_' || code == '.' || is_letter(code);
}

void append_encoded(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += '!';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
}

// A slash separates only where there is something else than a slash on both sides.
bool separates(std::string_view id, std::size_t at) noexcept {
  return at > 0 && at + 1 < id.size() && id[at - 1] != '/' && id[at + 1] != '/';
}

// One segment, without slashes that separate.
void append_segment(std::string& out, std::string_view segment) {
  const bool dots = segment == "." || segment == "..";
  const auto last_dot = segment.ends_with(suffix) ? segment.size() - suffix.size() : std::string_view::npos;
  for (std::size_t at = 0; at < segment.size();) {
    const auto begin = at;
    const auto code = core::decode_utf8(segment, at);
    const auto bytes = segment.substr(begin, at - begin);
    if (stays(code) && !(code == '.' && (dots || begin == last_dot)))
      out += bytes;
    else
      append_encoded(out, bytes);
  }
}

std::string short_key(std::string_view id) {
  std::string out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= id.size(); ++i) {
    if (i < id.size() && !(id[i] == '/' && separates(id, i))) continue;
    append_segment(out, id.substr(begin, i - begin));
    if (i < id.size()) out += '/';
    begin = i + 1;
  }
  return out;
}

std::string long_key(std::string_view id) {
  std::string text = "~";
  for (std::size_t i = 0; i < id.size(); i += 3) {
    const auto byte = [&](std::size_t at) -> std::uint32_t {
      return at < id.size() ? static_cast<unsigned char>(id[at]) : 0U;
    };
    const auto word = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    text += base64url[word >> 18U & 63U];
    text += base64url[word >> 12U & 63U];
    if (i + 1 < id.size()) text += base64url[word >> 6U & 63U];
    if (i + 2 < id.size()) text += base64url[word & 63U];
  }
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += segment_size) {
    if (i > 0) out += '/';
    out.append(text, i, segment_size);
  }
  return out;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::optional<std::string> from_short(std::string_view body) {
  std::string id;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] != '!') {
      id += body[i];
      continue;
    }
    if (i + 2 >= body.size()) return std::nullopt;
    const int high = hex_digit(body[i + 1]), low = hex_digit(body[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    id += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return id;
}

std::optional<std::string> from_long(std::string_view body) {
  std::string id;
  std::uint32_t word = 0;
  unsigned bits = 0;
  for (const char c : body.substr(1)) {
    if (c == '/') continue;
    const auto value = base64url.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    word = word << 6U | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      id += static_cast<char>(word >> bits & 0xFFU);
    }
  }
  return id;
}

}  // namespace

std::string key_of_id(std::string_view id) {
  auto key = short_key(id);
  if (key.size() > max_short_key) key = long_key(id);
  return key += suffix;
}

std::optional<std::string> id_of_key(std::string_view key) {
  if (!key.ends_with(suffix)) return std::nullopt;
  const auto body = key.substr(0, key.size() - suffix.size());
  if (body.empty()) return std::nullopt;
  auto id = body.front() == '~' ? from_long(body) : from_short(body);
  // Only the one way of writing it counts, so that no two keys are one record.
  if (!id || id->empty() || id->size() > 512 || core::check_text(*id) != core::TextFault::none || key_of_id(*id) != key)
    return std::nullopt;
  return id;
}

std::string key_prefix_of(std::string_view id_prefix) {
  // How a slash at the end, or a dot in the last segment, is written depends on what follows.
  auto known = id_prefix;
  for (;;) {
    while (!known.empty() && known.back() == '/') known.remove_suffix(1);
    std::size_t begin = 0;
    for (std::size_t i = 0; i < known.size(); ++i)
      if (known[i] == '/' && separates(known, i)) begin = i + 1;
    const auto dot = known.find('.', begin);
    if (dot == std::string_view::npos) break;
    known = known.substr(0, dot);
  }
  return short_key(known);
}

std::string checked_prefix(std::string prefix) {
  const auto refuse = [](const std::string& why) { throw Error(errc::invalid_argument, "option prefix: " + why); };
  if (prefix.empty()) return prefix;
  if (prefix.back() != '/') prefix += '/';
  if (prefix.size() > max_prefix) refuse("longer than " + std::to_string(max_prefix) + " bytes");
  if (core::check_text(prefix) != core::TextFault::none) refuse("it is not UTF-8 without U+0000");
  std::string_view rest(prefix);
  while (!rest.empty()) {
    const auto segment = rest.substr(0, rest.find('/'));
    if (segment.empty() || segment == "." || segment == "..")
      refuse("an empty segment, . or .., which not every store keeps as it is");
    if (segment.size() > 255) refuse("a segment longer than 255 bytes");
    for (const char c : segment)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) refuse("a control character");
    rest.remove_prefix(segment.size() + 1);
  }
  return prefix;
}

}  // namespace weir::s3
