#include "backends/sqlite/json_text.hpp"

#include "backends/sqlite/json_scan.hpp"
#include "core/utf8.hpp"

#include <array>
#include <charconv>
#include <cstring>

namespace weir::sqlite {
namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : scanner_(text, buffer_) {}

  void whole(Json& out) {
    value(out, 0);
    if (!scanner_.at_end()) throw CorruptJson{};
  }

 private:
  void value(Json& out, unsigned depth) {
    if (depth > json_depth_limit) throw CorruptJson{};
    switch (scanner_.peek()) {
      case '{': object(out, depth); return;
      case '[': array(out, depth); return;
      default: break;
    }
    Scalar scalar;
    if (!scanner_.scalar(scalar)) {
      out = nullptr;
      return;
    }
    switch (scalar.kind) {
      case Scalar::Kind::integer: out = scalar.integer; return;
      case Scalar::Kind::real: out = scalar.real; return;
      case Scalar::Kind::boolean: out = scalar.truth; return;
      case Scalar::Kind::unsigned_integer: out = scalar.unsigned_integer; return;
      case Scalar::Kind::text: out = checked(scalar.text); return;
    }
  }

  void object(Json& out, unsigned depth) {
    if (!out.is_object()) out = Json::object();
    auto& members = *out.get_ptr<Json::object_t*>();
    scanner_.expect('{');
    if (scanner_.accept('}')) return;
    for (;;) {
      const std::string_view key = checked(scanner_.string());
      // Our own text has its keys sorted, so that the end is the place.
      const auto place = members.empty() || members.rbegin()->first < key
                             ? members.emplace_hint(members.end(), std::string(key), nullptr)
                             : members.insert_or_assign(std::string(key), nullptr).first;
      scanner_.expect(':');
      value(place->second, depth + 1);
      if (scanner_.accept('}')) return;
      scanner_.expect(',');
    }
  }

  void array(Json& out, unsigned depth) {
    if (!out.is_array()) out = Json::array();
    auto& elements = *out.get_ptr<Json::array_t*>();
    scanner_.expect('[');
    if (scanner_.accept(']')) return;
    elements.reserve(4);  // instead of 1, 2 and 4
    for (;;) {
      value(elements.emplace_back(), depth + 1);
      if (scanner_.accept(']')) return;
      scanner_.expect(',');
    }
  }

  // The last string.
  std::string_view checked(std::string_view text) const {
    if (!scanner_.last_was_plain() && core::check_text(text) != core::TextFault::none) throw CorruptJson{};
    return text;
  }

  std::string buffer_;
  JsonScanner scanner_;
};

constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (unsigned c = 0; c < 256; ++c) plain[c] = c >= 0x20 && c != '"' && c != '\\';
  return plain;
}
constexpr auto plain = make_plain();

void write_string(std::string_view text, std::string& out) {
  out += '"';
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char* run = at;
    while (run != end && plain[static_cast<unsigned char>(*run)]) ++run;
    out.append(at, run);
    if (run == end) break;
    switch (*run) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: {
        constexpr char digits[] = "0123456789abcdef";
        const auto code = static_cast<unsigned char>(*run);
        out += "\\u00";
        out += digits[code >> 4U];
        out += digits[code & 0xFU];
      }
    }
    at = run + 1;
  }
  out += '"';
}

template <class Number>
void write_number(Number number, std::string& out) {
  std::array<char, 40> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  const std::string_view written(text.data(), static_cast<std::size_t>(end - text.data()));
  out += written;
  if constexpr (std::is_floating_point_v<Number>) {
    if (written.find_first_of(".en") == std::string_view::npos) out += ".0";
  }
}

}  // namespace

void parse_json(std::string_view text, Json& out) { Parser(text).whole(out); }

Json parse_json(std::string_view text) {
  Json out;
  parse_json(text, out);
  return out;
}

void write_json(const Json& value, std::string& out) {
  switch (value.type()) {
    case Json::value_t::object: {
      char separator = '{';
      const auto& members = *value.get_ptr<const Json::object_t*>();
      if (members.empty()) out += '{';
      for (const auto& [key, member] : members) {
        out += separator;
        separator = ',';
        write_string(key, out);
        out += ':';
        write_json(member, out);
      }
      out += '}';
      return;
    }
    case Json::value_t::array: {
      char separator = '[';
      const auto& elements = *value.get_ptr<const Json::array_t*>();
      if (elements.empty()) out += '[';
      for (const Json& element : elements) {
        out += separator;
        separator = ',';
        write_json(element, out);
      }
      out += ']';
      return;
    }
    case Json::value_t::string: write_string(*value.get_ptr<const std::string*>(), out); return;
    case Json::value_t::boolean: out += *value.get_ptr<const bool*>() ? "true" : "false"; return;
    case Json::value_t::number_integer: write_number(*value.get_ptr<const std::int64_t*>(), out); return;
    case Json::value_t::number_unsigned: write_number(*value.get_ptr<const std::uint64_t*>(), out); return;
    case Json::value_t::number_float: write_number(*value.get_ptr<const double*>(), out); return;
    default: out += "null"; return;
  }
}

std::string write_json(const Json& value) {
  std::string out;
  write_json(value, out);
  return out;
}

}  // namespace weir::sqlite
