#include "backends/postgresql/sql/text_condition.hpp"

#include "backends/postgresql/sql/pattern.hpp"

#include <weir/error.hpp>

#include <algorithm>

namespace weir::postgres {

const char* sql_operator(Operator op) {
  switch (op) {
    case Operator::lt: return " < ";
    case Operator::le: return " <= ";
    case Operator::gt: return " > ";
    case Operator::ge: return " >= ";
    default: return " = ";
  }
}

std::string text_condition(const std::string& text, const std::string& equal, const Comparison& c, const Bind& bind) {
  const bool texts = std::all_of(c.operands.begin(), c.operands.end(), [](const Json& o) { return o.is_string(); });
  const auto operand = [&](std::size_t i) { return bind(Parameter::text(*operand_text(c.operands[i]))); };
  switch (c.test) {
    case Operator::in: {
      std::vector<std::string> all;
      for (const Json& one : c.operands)
        if (const std::string* value = operand_text(one)) all.push_back(*value);
      return all.empty() ? "false" : equal + " = ANY(" + bind(Parameter::text_array(all)) + ")";
    }
    case Operator::eq: return texts ? equal + " = " + operand(0) : "false";
    case Operator::lt:
    case Operator::le:
    case Operator::gt:
    case Operator::ge: return texts ? text + sql_operator(c.test) + operand(0) : "false";
    case Operator::between: {
      if (!texts) return "false";
      const std::string low = operand(0);
      return "(" + text + " >= " + low + " AND " + text + " <= " + operand(1) + ")";
    }
    case Operator::starts_with: {
      const std::string low = operand(0);
      const auto end = end_of_prefix(*operand_text(c.operands[0]));
      return end ? "(" + text + " >= " + low + " AND " + text + " < " + bind(Parameter::text(*end)) + ")"
                 : "(" + text + " >= " + low + ")";
    }
    case Operator::contains: return "strpos(" + text + ", " + operand(0) + ") > 0";
    case Operator::like:
    case Operator::ilike: return text + " ~ " + bind(Parameter::text(regular_expression(*c.like)));
    case Operator::regex: return text + " ~ " + bind(Parameter::text(regular_expression(*c.regex)));
    default: throw Error(errc::unsupported, "match: PostgreSQL tables have no full text index here");
  }
}

}  // namespace weir::postgres
