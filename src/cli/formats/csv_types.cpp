#include "cli/formats/csv_types.hpp"

#include "cli/formats/problem.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace weir::cli {
namespace {

constexpr std::array names{
    std::pair{CellKind::text, std::string_view("string")},  std::pair{CellKind::integer, std::string_view("int")},
    std::pair{CellKind::number, std::string_view("float")}, std::pair{CellKind::number, std::string_view("number")},
    std::pair{CellKind::boolean, std::string_view("bool")}, std::pair{CellKind::json, std::string_view("json")},
    std::pair{CellKind::any, std::string_view("any")},
};

bool digit(char byte) { return byte >= '0' && byte <= '9'; }

// The grammar of RFC 8259; `integral` tells whether there is neither fraction nor exponent.
bool json_number(std::string_view text, bool& integral) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const auto begin = at;
    while (at < text.size() && digit(text[at])) ++at;
    return at - begin;
  };
  const bool zero = at < text.size() && text[at] == '0';
  const auto whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  integral = true;
  if (at < text.size() && text[at] == '.') {
    ++at;
    integral = false;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    integral = false;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

std::optional<Json> integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  // As the JSON parser has it, so that both ways of reading a value give the same.
  if (value >= 0) return Json(static_cast<std::uint64_t>(value));
  return Json(value);
}

std::optional<Json> number(std::string_view text) {
  bool integral = false;
  if (!json_number(text, integral)) return std::nullopt;
  if (integral) return integer(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    // from_chars does not say on which side. Too small for a double is zero; too large is no number.
    value = std::strtod(std::string(text).c_str(), nullptr);
    if (std::abs(value) > 1) return std::nullopt;
  }
  return Json(value);
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<Json> boolean(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte; });
  for (const std::string_view yes : {"true", "t", "yes", "y", "1"})
    if (lower == yes) return Json(true);
  for (const std::string_view no : {"false", "f", "no", "n", "0"})
    if (lower == no) return Json(false);
  return std::nullopt;
}

[[noreturn]] void misfit(std::string_view text, std::string_view wanted) {
  throw JsonTextError(errc::invalid_argument, 0, "\"" + excerpt(text) + "\" is not " + std::string(wanted));
}

std::string_view description(CellKind kind) {
  switch (kind) {
    case CellKind::integer: return "an integer from -2^63 to 2^63-1";
    case CellKind::number: return "a number";
    case CellKind::boolean: return "true or false";
    default: return "a value";
  }
}

}  // namespace

std::optional<CellType> parse_cell_type(std::string_view name) {
  CellType type;
  type.guessed = false;
  if (name.ends_with('?')) {
    type.nullable = true;
    name.remove_suffix(1);
  }
  for (const auto& [kind, known] : names) {
    if (name != known || kind == CellKind::any) continue;
    type.kind = kind;
    return type;
  }
  return std::nullopt;
}

std::string to_string(CellType type) {
  // "number" rather than "float": the last name of a kind is the one that says most.
  std::string text;
  for (const auto& [kind, name] : names)
    if (kind == type.kind) text = name;
  if (type.nullable) text += '?';
  return text;
}

CellKind guess(std::string_view cell) {
  if (cell == "true" || cell == "false") return CellKind::boolean;
  if (cell.empty() || !(digit(cell.front()) || cell.front() == '-')) return CellKind::text;
  return number(cell) ? CellKind::number : CellKind::text;
}

std::optional<Json> convert(const CsvCell& cell, CellType type) {
  if (cell.text.empty() && (!cell.quoted || type.kind != CellKind::text)) return std::nullopt;
  if (type.nullable && !cell.quoted && cell.text == "null") return Json(nullptr);
  if (type.kind == CellKind::text || type.kind == CellKind::any) return Json(cell.text);
  if (type.kind == CellKind::json) {
    try {
      return parse_json(cell.text);
    } catch (const JsonTextError& error) {
      throw JsonTextError(error.code(), 0, "not JSON: " + error.reason());
    }
  }
  const auto text = trimmed(cell.text);
  std::optional<Json> value;
  if (type.kind == CellKind::integer) value = integer(text);
  if (type.kind == CellKind::number) value = number(text);
  if (type.kind == CellKind::boolean)
    value = type.guessed && guess(text) != CellKind::boolean ? std::nullopt : boolean(text);
  if (!value) misfit(cell.text, description(type.kind));
  return value;
}

std::vector<std::pair<std::string, CellType>> parse_types(std::string_view text) {
  std::vector<std::pair<std::string, CellType>> types;
  std::string name;
  std::string type;
  bool in_type = false;
  const auto add = [&] {
    const auto parsed = parse_cell_type(type);
    if (name.empty() || !in_type)
      throw Error(errc::invalid_argument,
                  "--types: \"" + excerpt(name) + "\" should be NAME:TYPE, as in name:string,age:int");
    if (!parsed)
      throw Error(errc::invalid_argument, "--types: \"" + excerpt(type) + "\" of column \"" + excerpt(name) +
                                              "\" is no type; types are string, int, float, number, bool and json");
    for (const auto& known : types)
      if (known.first == name)
        throw Error(errc::invalid_argument, "--types names column \"" + excerpt(name) + "\" twice");
    types.emplace_back(std::move(name), *parsed);
    name.clear();
    type.clear();
    in_type = false;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char byte = text[at];
    // Only these are special, so that a dot in a key stays "\.".
    if (byte == '\\' && at + 1 < text.size() && (text[at + 1] == ',' || text[at + 1] == ':')) {
      (in_type ? type : name) += text[++at];
    } else if (byte == ',') {
      add();
    } else if (byte == ':') {
      if (in_type) name += ':' + std::exchange(type, {});  // the last colon counts
      in_type = true;
    } else {
      (in_type ? type : name) += byte;
    }
  }
  if (!name.empty() || in_type || !types.empty()) add();
  return types;
}

}  // namespace weir::cli
