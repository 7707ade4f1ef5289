#include "core/operator.hpp"

#include "core/quote.hpp"

#include <weir/error.hpp>

#include <array>

namespace weir {
namespace core {
namespace {

constexpr std::array table{
    OperatorInfo{Operator::eq, "eq", Operator::eq, Operands::one},
    OperatorInfo{Operator::ne, "ne", Operator::eq, Operands::one},
    OperatorInfo{Operator::lt, "lt", Operator::lt, Operands::one},
    OperatorInfo{Operator::le, "le", Operator::le, Operands::one},
    OperatorInfo{Operator::gt, "gt", Operator::gt, Operands::one},
    OperatorInfo{Operator::ge, "ge", Operator::ge, Operands::one},
    OperatorInfo{Operator::in, "in", Operator::in, Operands::list},
    OperatorInfo{Operator::not_in, "not_in", Operator::in, Operands::list},
    OperatorInfo{Operator::between, "between", Operator::between, Operands::two},
    OperatorInfo{Operator::not_between, "not_between", Operator::between, Operands::two},
    OperatorInfo{Operator::like, "like", Operator::like, Operands::text},
    OperatorInfo{Operator::not_like, "not_like", Operator::like, Operands::text},
    OperatorInfo{Operator::ilike, "ilike", Operator::ilike, Operands::text},
    OperatorInfo{Operator::starts_with, "starts_with", Operator::starts_with, Operands::text},
    OperatorInfo{Operator::contains, "contains", Operator::contains, Operands::text},
    OperatorInfo{Operator::regex, "regex", Operator::regex, Operands::text},
    OperatorInfo{Operator::exists, "exists", Operator::exists, Operands::none},
    OperatorInfo{Operator::not_exists, "not_exists", Operator::exists, Operands::none},
    OperatorInfo{Operator::match, "match", Operator::match, Operands::text},
};

}  // namespace

const OperatorInfo& info_of(Operator op) {
  for (const auto& entry : table)
    if (entry.op == op) return entry;
  throw Error(errc::invalid_query, "an unknown operator");
}

}  // namespace core

std::string_view to_string(Operator op) noexcept {
  for (const auto& entry : core::table)
    if (entry.op == op) return entry.name;
  return "unknown";
}

Operator operator_from_string(std::string_view name) {
  for (const auto& entry : core::table)
    if (entry.name == name) return entry.op;
  throw Error(errc::invalid_query, "unknown operator " + core::in_quotes(name));
}

}  // namespace weir
