#include "core/comparison.hpp"

#include "core/operator.hpp"
#include "core/scalar.hpp"
#include "core/utf8.hpp"
#include "core/value_order.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <cmath>

namespace weir::core {
namespace {

std::string name_of(const Comparison& comparison) {
  return (comparison.on_id ? std::string("id") : "\"" + comparison.path.to_string() + "\"") + " " +
         std::string(to_string(comparison.op));
}

[[noreturn]] void refuse(const Comparison& comparison, const std::string& why) {
  throw Error(errc::invalid_query, name_of(comparison) + ": " + why);
}

// Refuses what no store could hold; gives numbers one form, so that every compiler sees the same.
void check_scalar(const Comparison& comparison, Json& value) {
  switch (value.type()) {
    case Json::value_t::number_unsigned: {
      const auto number = value.get<Json::number_unsigned_t>();
      if (!std::in_range<std::int64_t>(number)) refuse(comparison, "an integer outside -2^63 to 2^63-1");
      value = static_cast<std::int64_t>(number);
      return;
    }
    case Json::value_t::number_float: {
      const double number = value.get<double>();
      if (!std::isfinite(number)) refuse(comparison, "NaN and infinities are no values");
      if (number == 0.0) value = 0.0;  // also of -0.0
      return;
    }
    case Json::value_t::string: {
      const auto fault = check_text(*value.get_ptr<const std::string*>());
      if (fault == TextFault::invalid_utf8) refuse(comparison, "the operand is not valid UTF-8");
      if (fault == TextFault::nul) refuse(comparison, "the operand holds U+0000");
      return;
    }
    case Json::value_t::boolean:
    case Json::value_t::number_integer: return;
    case Json::value_t::null: refuse(comparison, "null is an operand of eq, ne, in and not_in only");
    default: refuse(comparison, std::string("the operand is a scalar, not ") + value.type_name());
  }
}

void check_list(Comparison& comparison) {
  if (!comparison.value.is_array()) refuse(comparison, "the operand is a list");
  for (Json& element : comparison.value) {
    if (element.is_null()) {
      comparison.or_missing = true;
      continue;
    }
    check_scalar(comparison, element);
    comparison.operands.push_back(element);
  }
  auto& list = comparison.operands;
  std::sort(list.begin(), list.end(), [](const Json& a, const Json& b) { return compare_scalars(a, b) < 0; });
  list.erase(
      std::unique(list.begin(), list.end(), [](const Json& a, const Json& b) { return compare_scalars(a, b) == 0; }),
      list.end());
}

void check_ends(Comparison& comparison) {
  if (!comparison.value.is_array() || comparison.value.size() != 2)
    refuse(comparison, "the operand is a list of two ends");
  for (Json& element : comparison.value) {
    check_scalar(comparison, element);
    comparison.operands.push_back(element);
  }
}

void check_text_operand(Comparison& comparison) {
  if (!comparison.value.is_string())
    refuse(comparison, std::string("the operand is a string, not ") + comparison.value.type_name());
  check_scalar(comparison, comparison.value);
  comparison.operands.push_back(comparison.value);
  const auto& text = *comparison.value.get_ptr<const std::string*>();
  try {
    switch (comparison.test) {
      case Operator::like: comparison.like = LikePattern::parse(text); break;
      case Operator::ilike: comparison.like = LikePattern::parse(text, LikePattern::Case::fold_ascii); break;
      case Operator::regex: comparison.regex = Regex::parse(text); break;
      default: break;
    }
  } catch (const Error& error) {
    refuse(comparison, std::string(error.message()));
  }
}

bool satisfied(const Comparison& c, const Record& record) {
  if (c.test == Operator::match) throw Error(errc::unsupported, name_of(c) + ": full text is not searched here");
  if (c.test == Operator::exists) return c.on_id || exists(record.fields, c.path);
  if (c.on_id) return satisfies(c, Scalar::of(std::string_view(record.id)));
  if (any_value(record.fields, c.path, [&c](const Json& value) { return satisfies(c, Scalar::of(value)); }))
    return true;
  return c.or_missing && !exists(record.fields, c.path);
}

}  // namespace

Comparison make_comparison(bool on_id, Path path, Operator op, Json value) {
  Comparison c;
  const OperatorInfo& info = info_of(op);
  c.on_id = on_id;
  c.path = std::move(path);
  c.op = op;
  c.value = std::move(value);
  c.test = info.positive;
  c.negated = info.positive != op;
  switch (info.operands) {
    case Operands::none:
      if (!c.value.is_null()) refuse(c, "takes no operand");
      break;
    case Operands::one:
      if (c.value.is_null() && c.test == Operator::eq) {
        c.test = Operator::exists;
        c.negated = !c.negated;
        break;
      }
      check_scalar(c, c.value);
      c.operands.push_back(c.value);
      break;
    case Operands::two: check_ends(c); break;
    case Operands::list:
      check_list(c);
      if (c.operands.empty() && c.or_missing) {
        c.test = Operator::exists;
        c.negated = !c.negated;
        c.or_missing = false;
      }
      break;
    case Operands::text: check_text_operand(c); break;
  }
  return c;
}

bool evaluate_comparison(const Comparison& comparison, const Record& record) {
  return satisfied(comparison, record) != comparison.negated;
}

}  // namespace weir::core
