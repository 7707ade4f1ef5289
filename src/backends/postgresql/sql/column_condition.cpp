#include "backends/postgresql/sql/column_condition.hpp"

#include "backends/postgresql/sql/json_path.hpp"
#include "backends/postgresql/sql/text_condition.hpp"
#include "backends/postgresql/sql/time_text.hpp"
#include "core/json_text.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace weir::postgres {
namespace {

bool is_pattern(Operator op) noexcept {
  return op == Operator::like || op == Operator::ilike || op == Operator::starts_with || op == Operator::contains ||
         op == Operator::regex || op == Operator::match;
}

// A type whose values are bound in their text form.
struct Typed {
  std::string value;  // SQL of the column
  TypeId type;
  std::string type_name;
};

// Equality and order, for operands that are texts of the type; of those that are none of its JSON type nothing is
// given.
using Texts = std::vector<std::optional<std::string>>;

std::string compare(const Typed& typed, Operator op, const Texts& operands, const Bind& bind) {
  const auto value = [&](std::size_t i) { return bind(Parameter::as_text(typed.type, *operands[i])); };
  if (op == Operator::in) {
    std::vector<std::string> all;
    for (const auto& one : operands)
      if (one) all.push_back(*one);
    return all.empty()
               ? "false"
               : typed.value + " = ANY((" + bind(Parameter::text_array(all)) + "::text[])::" + typed.type_name + "[])";
  }
  if (std::any_of(operands.begin(), operands.end(), [](const auto& one) { return !one; })) return "false";
  if (op == Operator::between) {
    const std::string low = value(0);
    return "(" + typed.value + " >= " + low + " AND " + typed.value + " <= " + value(1) + ")";
  }
  return typed.value + sql_operator(op) + value(0);
}

template <class F>
Texts texts_of(const Comparison& c, F convert) {
  Texts out;
  for (const Json& operand : c.operands) out.push_back(convert(operand));
  return out;
}

std::string whole_text(const Json& value) {
  return std::to_string(value.is_number_float() ? static_cast<std::int64_t>(value.get<double>())
                                                : value.get<std::int64_t>());
}

// Whole numbers in the type that its indexes know; with a fraction, as numeric.
std::string integer_condition(const Column& column, const Comparison& c, const Bind& bind) {
  const auto whole = [](const Json& o) { return o.is_number_integer() || is_whole(o); };
  const bool all_whole = std::all_of(c.operands.begin(), c.operands.end(), whole);
  if (c.test == Operator::in || all_whole)
    return compare({column.sql(), TypeId::int8, "int8"}, c.test,
                   texts_of(c, [&](const Json& o) { return whole(o) ? std::optional(whole_text(o)) : std::nullopt; }),
                   bind);
  return compare(
      {column.sql(), TypeId::numeric, "numeric"}, c.test,
      texts_of(c, [](const Json& o) { return o.is_number() ? std::optional(core::dump_json(o)) : std::nullopt; }),
      bind);
}

std::string numeric_condition(const Column& column, const std::string& value, const Comparison& c, const Bind& bind) {
  return compare({value, TypeId::numeric, "numeric"}, c.test,
                 texts_of(c,
                          [&](const Json& o) -> std::optional<std::string> {
                            if (o.is_number()) return core::dump_json(o);
                            const auto* const text = o.get_ptr<const std::string*>();
                            if (text == nullptr || column.kind != ColumnKind::numeric) return std::nullopt;
                            if (!is_numeric_text(*text))
                              throw column_error(errc::invalid_query, column,
                                                 "compare it with a number, or a text that is one");
                            return *text;
                          }),
                 bind);
}

// An integer that no double is equal to lies between two of them.
std::string double_range(const std::string& value, Operator op, const Json& operand, const Bind& bind) {
  double limit = operand.get<double>();
  if (operand.is_number_integer()) {
    const auto exact = operand.get<std::int64_t>();
    constexpr double end = 9223372036854775808.0;
    const bool above = limit >= end || static_cast<std::int64_t>(limit) > exact;
    const bool below = !above && static_cast<std::int64_t>(limit) < exact;
    if ((above || below) && op == Operator::eq) return "false";
    if (above && op == Operator::le) op = Operator::lt;
    if (above && op == Operator::gt) op = Operator::ge;
    if (below && op == Operator::lt) op = Operator::le;
    if (below && op == Operator::ge) op = Operator::gt;
  }
  return value + sql_operator(op) + bind(Parameter::as_text(TypeId::float8, core::dump_json(Json(limit))));
}

std::string double_condition(const std::string& value, const Comparison& c, const Bind& bind) {
  if (c.test == Operator::in) {
    std::vector<std::string> all;
    for (const Json& o : c.operands) {
      if (!o.is_number()) continue;
      const auto d = o.get<double>();
      const bool same =
          o.is_number_float() || (d < 9223372036854775808.0 && static_cast<std::int64_t>(d) == o.get<std::int64_t>());
      if (same) all.push_back(core::dump_json(Json(d)));
    }
    return all.empty() ? "false" : value + " = ANY((" + bind(Parameter::text_array(all)) + "::text[])::float8[])";
  }
  if (!std::all_of(c.operands.begin(), c.operands.end(), [](const Json& o) { return o.is_number(); })) return "false";
  if (c.test != Operator::between) return double_range(value, c.test, c.operands[0], bind);
  const std::string low = double_range(value, Operator::ge, c.operands[0], bind);
  return "(" + low + " AND " + double_range(value, Operator::le, c.operands[1], bind) + ")";
}

std::string boolean_condition(const Column& column, const Comparison& c, const Bind& bind) {
  return compare({column.sql(), TypeId::boolean, "bool"}, c.test,
                 texts_of(c,
                          [](const Json& o) {
                            return o.is_boolean() ? std::optional<std::string>(o.get<bool>() ? "true" : "false")
                                                  : std::nullopt;
                          }),
                 bind);
}

std::string time_condition(const Column& column, const Typed& typed, const Comparison& c, const Bind& bind) {
  return compare(typed, c.test,
                 texts_of(c,
                          [&](const Json& o) -> std::optional<std::string> {
                            const auto* const text = o.get_ptr<const std::string*>();
                            if (text == nullptr) return std::nullopt;
                            if (column.kind == ColumnKind::date) {
                              if (!is_date(*text))
                                throw column_error(errc::invalid_query, column,
                                                   "compare it with a text such as 2024-01-31");
                            } else if (const bool zoned = column.kind == ColumnKind::timestamptz;
                                       !fraction_digits(*text, zoned ? Zone::required : Zone::none)) {
                              throw column_error(errc::invalid_query, column,
                                                 zoned ? "compare it with a text such as 2024-01-31T12:00:30Z"
                                                       : "compare it with a text such as 2024-01-31T12:00:30");
                            }
                            return *text;
                          }),
                 bind);
}

std::string uuid_condition(const Column& column, const Comparison& c, const Bind& bind) {
  return compare({column.sql(), TypeId::uuid, "uuid"}, c.test,
                 texts_of(c,
                          [](const Json& o) {
                            const auto* const text = o.get_ptr<const std::string*>();
                            return text != nullptr ? canonical_uuid(*text) : std::nullopt;
                          }),
                 bind);
}

std::string plain_condition(const Column& column, const Comparison& c, const Bind& bind) {
  const std::string text = column.text();
  const bool own_equality = column.kind == ColumnKind::text && column.compares_by_bytes;
  return text_condition(text, own_equality ? column.sql() : text, c, bind);
}

bool is_equality(Operator op) noexcept { return op == Operator::eq || op == Operator::in; }

}  // namespace

std::string column_exists(const Column& column, const Path& path, const Bind& bind) {
  if (!column.has_inside()) return column.sql() + " IS NOT NULL";
  return column.document() + " @? " + bind(Parameter::jsonpath(json_path_exists(path, 1)));
}

std::string column_condition(const Column& column, const Comparison& c, const Bind& bind) {
  if (c.test == Operator::match)
    throw column_error(errc::unsupported, column, "match: mapped tables have no full text search");
  if (c.test == Operator::exists) return column_exists(column, c.path, bind);
  if (column.has_inside()) return column.document() + " @? " + bind(Parameter::jsonpath(json_path(c, 1)));
  const std::string name = column.sql();
  const bool pattern = is_pattern(c.test);
  switch (column.kind) {
    case ColumnKind::boolean: return pattern ? "false" : boolean_condition(column, c, bind);
    case ColumnKind::integer: return pattern ? "false" : integer_condition(column, c, bind);
    case ColumnKind::real: return pattern ? "false" : double_condition(name, c, bind);
    case ColumnKind::real4:
      return pattern ? "false" : numeric_condition(column, "(" + name + "::text)::numeric", c, bind);
    case ColumnKind::numeric:
      return pattern ? plain_condition(column, c, bind) : numeric_condition(column, name, c, bind);
    case ColumnKind::uuid:
      return is_equality(c.test) ? uuid_condition(column, c, bind) : plain_condition(column, c, bind);
    case ColumnKind::date:
      return pattern ? plain_condition(column, c, bind) : time_condition(column, {name, TypeId::date, "date"}, c, bind);
    case ColumnKind::timestamp:
      return pattern ? plain_condition(column, c, bind)
                     : time_condition(column, {name, TypeId::timestamp, "timestamp"}, c, bind);
    case ColumnKind::timestamptz:
      return pattern ? plain_condition(column, c, bind)
                     : time_condition(column, {name, TypeId::timestamptz, "timestamptz"}, c, bind);
    default: return plain_condition(column, c, bind);
  }
}

}  // namespace weir::postgres
