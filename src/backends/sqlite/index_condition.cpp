#include "backends/sqlite/index_condition.hpp"

#include <cmath>
#include <limits>

namespace weir::sqlite {
namespace {

// See IndexedPath for the order of what the index holds.
constexpr const char* first_text = "''";
constexpr const char* first_blob = "X''";

Bytes boolean_key(bool truth) { return Bytes{static_cast<unsigned char>(truth ? 1 : 0)}; }

Value value_of(const Json& operand) {
  if (operand.is_string()) return *operand.get_ptr<const std::string*>();
  if (operand.is_boolean()) return boolean_key(*operand.get_ptr<const bool*>());
  if (operand.is_number_float()) return *operand.get_ptr<const double*>();
  return *operand.get_ptr<const std::int64_t*>();
}

// SQLite 3.40 may read a double one unit beside the true one on machines without long double, in the index as well as
// in its own functions. One unit of room on either side costs nothing, as the filter function decides in the end.
Value lower_value(const Json& operand) {
  if (!operand.is_number_float()) return value_of(operand);
  return std::nextafter(*operand.get_ptr<const double*>(), -std::numeric_limits<double>::infinity());
}

Value upper_value(const Json& operand) {
  if (!operand.is_number_float()) return value_of(operand);
  return std::nextafter(*operand.get_ptr<const double*>(), std::numeric_limits<double>::infinity());
}

// An integer operand may equal a stored double such as 5.0, which SQLite compares exactly.
std::string equal_to(const Json& operand, const std::string& e, const std::function<std::string(Value)>& bind) {
  if (!operand.is_number_float()) return e + " = " + bind(value_of(operand));
  const std::string low = bind(lower_value(operand));
  return "(" + e + " >= " + low + " AND " + e + " <= " + bind(upper_value(operand)) + ")";
}

const char* end_of_type(const Json& operand) {
  if (operand.is_string()) return first_blob;
  if (operand.is_boolean()) return array_marker;
  return first_text;
}

const char* begin_of_type(const Json& operand) {
  if (operand.is_string()) return first_text;
  if (operand.is_boolean()) return first_blob;
  return nullptr;  // numbers begin behind NULL, which no comparison takes
}

}  // namespace

std::optional<std::string> end_of_prefix(std::string prefix) {
  while (!prefix.empty()) {
    const auto last = static_cast<unsigned char>(prefix.back());
    if (last != 0xFF) {
      prefix.back() = static_cast<char>(last + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return std::nullopt;
}

int index_rank(const Comparison& c) noexcept {
  if (c.negated || c.or_missing) return 0;
  switch (c.test) {
    case Operator::eq: return 6;
    case Operator::in: return c.operands.size() <= 1000 ? 5 : 0;
    case Operator::between: return 4;
    case Operator::starts_with: return c.operands[0].get_ptr<const std::string*>()->empty() ? 1 : 3;
    case Operator::lt:
    case Operator::le:
    case Operator::gt:
    case Operator::ge: return 2;
    case Operator::exists: return 1;
    default: return 0;
  }
}

std::string index_condition(const Comparison& c, const std::string& e, ArrayRows arrays,
                            const std::function<std::string(Value)>& bind) {
  const bool with_arrays = arrays == ArrayRows::included;
  const auto or_array = [&](const std::string& condition) {
    return with_arrays ? "(" + condition + " OR " + e + " = " + array_marker + ")" : condition;
  };
  const auto lower = [&](const Json& operand) { return e + " >= " + bind(lower_value(operand)); };
  const auto upper = [&](const Json& operand) { return e + " <= " + bind(upper_value(operand)); };
  switch (c.test) {
    case Operator::eq: return or_array(equal_to(c.operands[0], e, bind));
    case Operator::in: {
      if (c.operands.empty()) return "0";
      std::string condition = "(";
      std::string list;
      for (const Json& operand : c.operands) {
        if (operand.is_number_float()) {
          condition += equal_to(operand, e, bind) + " OR ";
        } else {
          list += (list.empty() ? "" : ", ") + bind(value_of(operand));
        }
      }
      if (with_arrays) list += (list.empty() ? "" : ", ") + std::string(array_marker);
      return condition + e + " IN (" + list + "))";
    }
    case Operator::between: {
      const std::string low = lower(c.operands[0]);
      return or_array("(" + low + " AND " + upper(c.operands[1]) + ")");
    }
    case Operator::starts_with: {
      const auto& prefix = *c.operands[0].get_ptr<const std::string*>();
      const auto end = end_of_prefix(prefix);
      const std::string low = e + " >= " + bind(prefix);
      return or_array("(" + low + " AND " + e + " < " + (end ? bind(Value(*end)) : first_blob) + ")");
    }
    case Operator::lt:
    case Operator::le: {
      const char* begin = begin_of_type(c.operands[0]);
      std::string condition = "(" + upper(c.operands[0]);
      if (begin != nullptr) condition += " AND " + e + " >= " + begin;
      return or_array(condition + ")");
    }
    case Operator::gt:
    case Operator::ge:
      return or_array("(" + lower(c.operands[0]) + " AND " + e + " < " + end_of_type(c.operands[0]) + ")");
    default: return e + " IS NOT NULL";
  }
}

}  // namespace weir::sqlite
