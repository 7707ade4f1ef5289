#include "backends/postgresql/sql/column.hpp"

#include "backends/postgresql/sql/table.hpp"
#include "backends/postgresql/sql/time_text.hpp"
#include "core/json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace weir::postgres {
namespace {

// `value` is SQL of the kind; may be NULL. Empty: the kind is shown by its text form.
std::string shown_as(ColumnKind kind, const std::string& value) {
  switch (kind) {
    case ColumnKind::real:
      // The shortest decimal text of a large double, read as an integer, would be another number.
      return "CASE WHEN abs(" + value + ") >= 9007199254740992 AND abs(" + value + ") < 9223372036854774784 THEN " +
             "to_jsonb(" + value + "::int8) ELSE to_jsonb(" + value + ") END";
    case ColumnKind::boolean:
    case ColumnKind::integer:
    case ColumnKind::real4:
    case ColumnKind::date:
    case ColumnKind::timestamp:
    case ColumnKind::other:
    case ColumnKind::composite: return "to_jsonb(" + value + ")";
    case ColumnKind::timestamptz:
      return "to_jsonb(CASE WHEN isfinite(" + value + ") THEN (to_jsonb(" + value +
             " AT TIME ZONE 'UTC') #>> '{}') || " + "'Z' ELSE " + value + "::text END)";
    case ColumnKind::bytea: return "to_jsonb(" + quote_literal("\\x") + " || encode(" + value + ", 'hex'))";
    case ColumnKind::json: return value + "::jsonb";
    case ColumnKind::jsonb: return value;
    default: return "to_jsonb(" + value + "::text)";
  }
}

// Elements that need a form of their own are shown one by one; of the others the array as a whole, which keeps its
// dimensions.
std::string shown_array(ColumnKind element, const std::string& value) {
  switch (element) {
    case ColumnKind::boolean:
    case ColumnKind::integer:
    case ColumnKind::real4:
    case ColumnKind::date:
    case ColumnKind::timestamp:
    case ColumnKind::json:
    case ColumnKind::jsonb:
    case ColumnKind::text:
    case ColumnKind::other:
    case ColumnKind::composite: return "to_jsonb(" + value + ")";
    case ColumnKind::real:
    case ColumnKind::timestamptz:
    case ColumnKind::bytea:
      return "(SELECT CASE WHEN " + value + " IS NOT NULL THEN coalesce(jsonb_agg(" + shown_as(element, "e.v") +
             " ORDER BY e.n), '[]') END FROM unnest(" + value + ") WITH ORDINALITY AS e(v, n))";
    default: return "to_jsonb(" + value + "::text[])";
  }
}

const char* wanted(const Column& column) {
  switch (column.kind) {
    case ColumnKind::boolean: return "it takes a boolean";
    case ColumnKind::integer: return "it takes an integer";
    case ColumnKind::real: return "it takes a number";
    case ColumnKind::real4: return "it takes a number that a float of four bytes holds";
    case ColumnKind::numeric:
      return column.digits ? "it takes a number, or a text that is one, with no more digits than it keeps"
                           : "it takes a number, or a text that is one";
    case ColumnKind::uuid: return "it takes the text of an UUID";
    case ColumnKind::date: return "it takes a text such as 2024-01-31";
    case ColumnKind::timestamp:
      return "it takes a text such as 2024-01-31T12:00:30, with no finer fraction than it keeps";
    case ColumnKind::timestamptz:
      return "it takes a text such as 2024-01-31T12:00:30Z, with a zone and no finer fraction than it keeps";
    case ColumnKind::bytea: return "it takes a text such as \\x00ff";
    case ColumnKind::array: return "it takes a list";
    case ColumnKind::composite: return "it takes an object";
    default: return "it takes a text";
  }
}

bool is_not_a_number(const std::string& text) noexcept {
  return text == "NaN" || text == "Infinity" || text == "-Infinity";
}

// Digits behind the point that count.
int decimal_places(std::string_view text) {
  int exponent = 0;
  if (const auto at = text.find_first_of("eE"); at != std::string_view::npos) {
    auto digits = text.substr(at + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    text = text.substr(0, at);
  }
  const auto last = text.find_last_of("123456789");
  if (last == std::string_view::npos) return 0;
  const auto point = text.find('.');
  // How far the last digit that counts is behind the point; before it, the distance is not above zero.
  const auto end = static_cast<int>(std::min(point, text.size()));
  const int places = static_cast<int>(last) < end ? static_cast<int>(last) + 1 - end : static_cast<int>(last) - end;
  return std::max(0, places - exponent);
}

bool fits_float(double value) noexcept {
  const auto narrow = static_cast<float>(value);
  if (!std::isfinite(narrow)) return false;
  std::array<char, 64> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), narrow);
  double back = 0;
  std::from_chars(text.data(), end, back);
  return error == std::errc{} && back == value;
}

bool is_hexadecimal(std::string_view text) noexcept {
  return text.size() % 2 == 0 && text.starts_with("\\x") &&
         text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
}

bool takes_numeric(const Column& column, const Json& value) {
  const auto* const text = value.get_ptr<const std::string*>();
  if (text == nullptr && !value.is_number()) return false;
  if (text != nullptr && !is_numeric_text(*text)) return false;
  if (text != nullptr && is_not_a_number(*text)) return true;
  return !column.digits || decimal_places(text != nullptr ? *text : core::dump_json(value)) <= *column.digits;
}

bool takes(const Column& column, const Json& value) {
  const auto* const text = value.get_ptr<const std::string*>();
  const auto in_time = [&](Zone zone) {
    const auto digits = text != nullptr ? fraction_digits(*text, zone) : std::nullopt;
    return digits && *digits <= column.digits.value_or(6);
  };
  switch (column.kind) {
    case ColumnKind::boolean: return value.is_boolean();
    case ColumnKind::integer: return value.is_number_integer() || is_whole(value);
    case ColumnKind::real: return value.is_number() || (text != nullptr && is_not_a_number(*text));
    case ColumnKind::real4:
      return value.is_number() ? fits_float(value.get<double>()) : text != nullptr && is_not_a_number(*text);
    case ColumnKind::numeric: return takes_numeric(column, value);
    case ColumnKind::uuid: return text != nullptr && canonical_uuid(*text);
    case ColumnKind::date: return text != nullptr && is_date(*text);
    case ColumnKind::timestamp: return in_time(Zone::none);
    case ColumnKind::timestamptz: return in_time(Zone::required);
    case ColumnKind::bytea: return text != nullptr && is_hexadecimal(*text);
    case ColumnKind::json:
    case ColumnKind::jsonb: return true;
    case ColumnKind::array: return value.is_array();
    case ColumnKind::composite: return value.is_object();
    case ColumnKind::text:
    case ColumnKind::name:
    case ColumnKind::other: break;
  }
  return text != nullptr;
}

}  // namespace

std::string Column::sql() const { return "t." + quote_identifier(name); }

std::string Column::shown() const {
  return kind == ColumnKind::array ? shown_array(element, sql()) : shown_as(kind, sql());
}

// Numbers are numbers here, not texts.
std::string Column::document() const {
  return kind == ColumnKind::array && element == ColumnKind::numeric ? "to_jsonb(" + sql() + ")" : shown();
}

std::string Column::text() const {
  switch (kind) {
    case ColumnKind::text: return sql() + " COLLATE \"C\"";
    case ColumnKind::bytea: return "(" + quote_literal("\\x") + " || encode(" + sql() + ", 'hex')) COLLATE \"C\"";
    case ColumnKind::date:
    case ColumnKind::timestamp:
    case ColumnKind::other:
    case ColumnKind::timestamptz: return "((" + shown() + ") #>> '{}') COLLATE \"C\"";
    default: return sql() + "::text COLLATE \"C\"";
  }
}

bool Column::has_inside() const noexcept {
  return kind == ColumnKind::json || kind == ColumnKind::jsonb || kind == ColumnKind::array ||
         kind == ColumnKind::composite;
}

ColumnKind kind_of(std::uint32_t type, std::string_view typtype) noexcept {
  constexpr std::uint32_t padded = 1042;  // char(n)
  if (typtype == "c") return ColumnKind::composite;
  if (typtype == "e" || type == padded) return ColumnKind::name;
  switch (static_cast<TypeId>(type)) {
    case TypeId::boolean: return ColumnKind::boolean;
    case TypeId::int2:
    case TypeId::int4:
    case TypeId::int8: return ColumnKind::integer;
    case TypeId::float4: return ColumnKind::real4;
    case TypeId::float8: return ColumnKind::real;
    case TypeId::numeric: return ColumnKind::numeric;
    case TypeId::text:
    case TypeId::varchar: return ColumnKind::text;
    case TypeId::uuid: return ColumnKind::uuid;
    case TypeId::date: return ColumnKind::date;
    case TypeId::timestamp: return ColumnKind::timestamp;
    case TypeId::timestamptz: return ColumnKind::timestamptz;
    case TypeId::bytea: return ColumnKind::bytea;
    case TypeId::json: return ColumnKind::json;
    case TypeId::jsonb: return ColumnKind::jsonb;
    default: return ColumnKind::other;
  }
}

// numeric: precision and scale in 16 bits each, 4 added; times: the digits themselves.
std::optional<int> digits_of(ColumnKind kind, std::int32_t modifier) noexcept {
  if (modifier < 0) return std::nullopt;
  if (kind == ColumnKind::numeric) {
    // Since version 15 a scale may be below zero: 11 bits with a sign.
    const int scale = ((modifier - 4) & 0x7FF) ^ 1024;
    return std::max(0, scale - 1024);
  }
  if (kind == ColumnKind::timestamp || kind == ColumnKind::timestamptz) return modifier;
  return std::nullopt;
}

void check_value(const Column& column, const Json& value) {
  if (value.is_null() || takes(column, value)) return;
  throw column_error(errc::invalid_argument, column, wanted(column));
}

bool is_whole(const Json& value) noexcept {
  const auto* const number = value.get_ptr<const double*>();
  return number != nullptr && std::trunc(*number) == *number && *number >= -9223372036854775808.0 &&
         *number < 9223372036854775808.0;
}

bool is_numeric_text(std::string_view text) noexcept {
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") return true;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const auto digits = [&text] {
    const auto all = text.substr(0, text.find_first_not_of("0123456789"));
    text.remove_prefix(all.size());
    return all.size();
  };
  std::size_t count = digits();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    count += digits();
  }
  if (count == 0) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    const auto exponent = digits();
    if (exponent == 0 || exponent > 6) return false;
  }
  return text.empty();
}

std::optional<std::string> canonical_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i] >= 'A' && text[i] <= 'F' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
    out += c;
  }
  return out;
}

Error column_error(errc code, const Column& column, const std::string& why) {
  return {code, "column \"" + column.name + "\" (" + column.type + "): " + why};
}

}  // namespace weir::postgres
