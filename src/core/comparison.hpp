#pragma once

// From what the user wrote to a checked comparison.

#include <weir/filter.hpp>

namespace weir::core {

// @throws Error invalid_query naming path and operator
Comparison make_comparison(bool on_id, Path path, Operator op, Json value);

// Whether the record satisfies it; `match` throws unsupported.
bool evaluate_comparison(const Comparison& comparison, const Record& record);

}  // namespace weir::core
