#pragma once

// What is known of an operator beside its name.

#include <weir/filter.hpp>

namespace weir::core {

enum class Operands { none, one, two, list, text };

struct OperatorInfo {
  Operator op;
  std::string_view name;
  Operator positive;  // of a negative operator its opposite, else itself
  Operands operands;
};

const OperatorInfo& info_of(Operator op);

}  // namespace weir::core
