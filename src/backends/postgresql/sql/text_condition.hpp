#pragma once

// Comparisons of a text that is a column, not inside a document: the id, or a mapped column. Pure.

#include "backends/postgresql/sql/index_condition.hpp"

#include <weir/filter.hpp>

#include <string>

namespace weir::postgres {

// `text` is SQL of a text that compares by bytes; `equal` is the same for a comparison by equality alone. Negation and
// `or_missing` are left aside, as is NULL: it makes the condition NULL, which is not true.
// @throws Error unsupported for `match`
std::string text_condition(const std::string& text, const std::string& equal, const Comparison& comparison,
                           const Bind& bind);

// " = ", " < ", …
const char* sql_operator(Operator op);

}  // namespace weir::postgres
