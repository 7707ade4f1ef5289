#include "core/json_text.hpp"
#include "core/plain_run.hpp"
#include "core/utf8.hpp"

#include <weir/error.hpp>

#include <charconv>
#include <cmath>
#include <string_view>

namespace weir::core {
namespace {

[[noreturn]] void refuse_text(const char* why) {
  throw Error(errc::invalid_argument, std::string("JSON cannot hold ") + why);
}

template <class Integer>
void append_integer(std::string& out, Integer number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_escape(std::string& out, char c) {
  static constexpr char hex[] = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out += hex[static_cast<unsigned char>(c) >> 4U];
      out += hex[static_cast<unsigned char>(c) & 0xFU];
  }
}

void append(std::string& out, const Json& json, std::size_t depth) {
  switch (json.type()) {
    case Json::value_t::null: out += "null"; return;
    case Json::value_t::boolean: out += *json.get_ptr<const bool*>() ? "true" : "false"; return;
    case Json::value_t::number_integer: append_integer(out, *json.get_ptr<const Json::number_integer_t*>()); return;
    case Json::value_t::number_unsigned: append_integer(out, *json.get_ptr<const Json::number_unsigned_t*>()); return;
    case Json::value_t::number_float: append_json_number(out, *json.get_ptr<const Json::number_float_t*>()); return;
    case Json::value_t::string: append_json_string(out, *json.get_ptr<const std::string*>()); return;
    case Json::value_t::object: {
      if (depth == max_json_depth) refuse_text("nesting deeper than 1000");
      char before = '{';
      for (const auto& [key, value] : *json.get_ptr<const Json::object_t*>()) {
        out += before;
        append_json_string(out, key);
        out += ':';
        append(out, value, depth + 1);
        before = ',';
      }
      out += before == '{' ? "{}" : "}";
      return;
    }
    case Json::value_t::array: {
      if (depth == max_json_depth) refuse_text("nesting deeper than 1000");
      char before = '[';
      for (const Json& element : *json.get_ptr<const Json::array_t*>()) {
        out += before;
        append(out, element, depth + 1);
        before = ',';
      }
      out += before == '[' ? "[]" : "]";
      return;
    }
    case Json::value_t::binary:
    case Json::value_t::discarded: refuse_text("binary values");
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0;;) {
    i = plain_run(text, i, '"');
    if (i == text.size()) break;
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80) {
      if (decode_utf8(text, i) == invalid_code_point) refuse_text("text that is not UTF-8");
      continue;
    }
    out.append(text, plain, i - plain);
    append_escape(out, c);
    plain = ++i;
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

void append_json_number(std::string& out, double number) {
  if (!std::isfinite(number)) refuse_text("NaN or infinities");
  if (number == 0) {
    out += "0.0";
    return;
  }
  const double size = std::fabs(number);
  const bool in_full = size >= 0x1p53 && size <= 0x1p64;
  char digits[40];
  const auto end = in_full ? std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed).ptr
                           : std::to_chars(digits, digits + sizeof digits, number).ptr;
  const std::string_view text(digits, static_cast<std::size_t>(end - digits));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append_json(std::string& out, const Json& json) { append(out, json, 0); }

std::string dump_json(const Json& json) {
  std::string out;
  append(out, json, 0);
  return out;
}

}  // namespace weir::core
