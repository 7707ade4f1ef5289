#include "backends/sqlite/json_scan.hpp"

#include "core/utf8.hpp"

#include <charconv>
#include <cstdint>
#include <cstring>

namespace weir::sqlite {
namespace {

unsigned hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  throw CorruptJson{};
}

char32_t hex_unit(const char* at, const char* end) {
  if (end - at < 4) throw CorruptJson{};
  char32_t unit = 0;
  for (int i = 0; i < 4; ++i) unit = unit * 16 + hex_digit(at[i]);
  return unit;
}

// The first byte that is not printable ASCII, or is a quote or a backslash.
const char* skip_plain(const char* at, const char* end) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x8080808080808080;
  const auto below = [](std::uint64_t word, std::uint64_t byte) { return (word - ones * byte) & ~word; };
  for (; end - at >= 8; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    const auto special = word | below(word, 0x20) | below(word ^ ones * '"', 1) | below(word ^ ones * '\\', 1);
    if ((special & tops) != 0) break;
  }
  while (at != end && *at >= 0x20 && *at < 0x7F && *at != '"' && *at != '\\') ++at;
  return at;
}

}  // namespace

void JsonScanner::skip_string() {
  for (++at_;; ++at_) {
    const auto* quote = static_cast<const char*>(std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_)));
    if (quote == nullptr) throw CorruptJson{};
    const char* before = quote;
    while (before != at_ && before[-1] == '\\') --before;
    at_ = quote;
    if ((quote - before) % 2 == 0) break;
  }
  ++at_;
}

std::string_view JsonScanner::string() {
  if (peek() != '"') throw CorruptJson{};
  const char* begin = at_ + 1;
  const char* stop = skip_plain(begin, end_);
  plain_ = stop != end_ && *stop == '"';
  if (plain_) {
    at_ = stop + 1;
    return {begin, static_cast<std::size_t>(stop - begin)};
  }
  skip_string();
  const char* end = at_ - 1;
  const auto size = static_cast<std::size_t>(end - begin);
  if (std::memchr(begin, '\\', size) == nullptr) return {begin, size};
  unescape(begin, end);
  return *buffer_;
}

void JsonScanner::unescape(const char* from, const char* to) {
  buffer_->clear();
  while (from != to) {
    if (*from != '\\') {
      const auto* stop = static_cast<const char*>(std::memchr(from, '\\', static_cast<std::size_t>(to - from)));
      if (stop == nullptr) stop = to;
      buffer_->append(from, stop);
      from = stop;
      continue;
    }
    if (++from == to) throw CorruptJson{};
    switch (*from++) {
      case '"': *buffer_ += '"'; break;
      case '\\': *buffer_ += '\\'; break;
      case '/': *buffer_ += '/'; break;
      case 'b': *buffer_ += '\b'; break;
      case 'f': *buffer_ += '\f'; break;
      case 'n': *buffer_ += '\n'; break;
      case 'r': *buffer_ += '\r'; break;
      case 't': *buffer_ += '\t'; break;
      case 'u': {
        char32_t code = hex_unit(from, to);
        from += 4;
        if (code >= 0xD800 && code < 0xDC00) {
          if (to - from < 6 || from[0] != '\\' || from[1] != 'u') throw CorruptJson{};
          const char32_t low = hex_unit(from + 2, to);
          if (low < 0xDC00 || low > 0xDFFF) throw CorruptJson{};
          code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
          from += 6;
        } else if (code >= 0xDC00 && code < 0xE000) {
          throw CorruptJson{};
        }
        core::append_utf8(*buffer_, code);
        break;
      }
      default: throw CorruptJson{};
    }
  }
}

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

// The grammar of RFC 8259, which from_chars is more generous than.
bool well_formed(const char* at, const char* end) {
  if (at != end && *at == '-') ++at;
  if (at == end || !digit(*at) || !digit(end[-1])) return false;
  if (*at == '0' && at + 1 != end && digit(at[1])) return false;
  while (at != end && digit(*at)) ++at;
  return at == end || *at != '.' || digit(at[1]);
}

}  // namespace

void JsonScanner::number(Scalar& out) {
  const char* begin = at_;
  bool whole = true;
  for (; at_ != end_; ++at_) {
    const char c = *at_;
    if (digit(c) || c == '-') continue;
    if (c != '.' && c != 'e' && c != 'E' && c != '+') break;
    whole = false;
  }
  if (!well_formed(begin, at_)) throw CorruptJson{};
  if (whole) {
    const auto [stop, error] = std::from_chars(begin, at_, out.integer);
    if (error == std::errc{} && stop == at_) {
      out.kind = Scalar::Kind::integer;
      return;
    }
    if (error != std::errc::result_out_of_range) throw CorruptJson{};
  }
  const auto [stop, error] = std::from_chars(begin, at_, out.real);
  if (error != std::errc{} || stop != at_) throw CorruptJson{};
  out.kind = Scalar::Kind::real;
}

void JsonScanner::literal(std::string_view word) {
  if (static_cast<std::size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0)
    throw CorruptJson{};
  at_ += word.size();
}

bool JsonScanner::scalar(Scalar& out) {
  switch (peek()) {
    case '"':
      out.kind = Scalar::Kind::text;
      out.text = string();
      return true;
    case 't':
      literal("true");
      out.kind = Scalar::Kind::boolean;
      out.truth = true;
      return true;
    case 'f':
      literal("false");
      out.kind = Scalar::Kind::boolean;
      out.truth = false;
      return true;
    case 'n': literal("null"); return false;
    default: number(out); return true;
  }
}

void JsonScanner::skip_value() {
  std::size_t depth = 0;
  do {
    switch (peek()) {
      case '"': skip_string(); break;
      case '{':
      case '[':
        ++depth;
        ++at_;
        break;
      case '}':
      case ']':
        if (depth == 0) throw CorruptJson{};
        --depth;
        ++at_;
        break;
      case ',':
      case ':':
        if (depth == 0) throw CorruptJson{};
        ++at_;
        break;
      default: {
        const char* begin = at_;
        while (at_ != end_ && *at_ != ',' && *at_ != '}' && *at_ != ']' && *at_ != ' ' && *at_ != '\n' &&
               *at_ != '\r' && *at_ != '\t' && *at_ != '"' && *at_ != '{' && *at_ != '[' && *at_ != ':')
          ++at_;
        if (at_ == begin) throw CorruptJson{};
      }
    }
  } while (depth != 0);
}

bool JsonScanner::skip_value_with_scalar() {
  bool found = false;
  std::size_t depth = 0;
  do {
    switch (peek()) {
      case '"': {
        skip_string();
        // A string before a colon is a key and no value.
        if (depth == 0 || peek() != ':') found = true;
        break;
      }
      case '{':
      case '[':
        ++depth;
        ++at_;
        break;
      case '}':
      case ']':
        if (depth == 0) throw CorruptJson{};
        --depth;
        ++at_;
        break;
      case ',':
      case ':':
        if (depth == 0) throw CorruptJson{};
        ++at_;
        break;
      default: {
        Scalar ignored;
        if (scalar(ignored)) found = true;
      }
    }
  } while (depth != 0);
  return found;
}

}  // namespace weir::sqlite
