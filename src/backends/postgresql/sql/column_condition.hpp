#pragma once

// A comparison with a column of its own type, so that the table's own indexes serve it. Pure.

#include "backends/postgresql/sql/column.hpp"
#include "backends/postgresql/sql/index_condition.hpp"

#include <weir/filter.hpp>

#include <string>

namespace weir::postgres {

// True or not, or NULL, which stands for false; negation and `or_missing` are left aside. The comparison's path begins
// with the column.
// @throws Error invalid_query, naming the column, for what its type cannot be compared with; unsupported for `match`
std::string column_condition(const Column& column, const Comparison& comparison, const Bind& bind);

// Whether there is a value at the path.
std::string column_exists(const Column& column, const Path& path, const Bind& bind);

}  // namespace weir::postgres
