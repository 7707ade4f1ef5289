#pragma once

// What a comparison implies about a path's indexes: a condition that they serve and that is true of every record the
// comparison is true of. It narrows down; the comparison itself stands beside it. Pure.

#include "backends/postgresql/sql/parameter.hpp"
#include "backends/postgresql/sql/table.hpp"

#include <weir/filter.hpp>

#include <functional>
#include <optional>
#include <string>

namespace weir::postgres {

using Bind = std::function<std::string(Parameter)>;

// Null for what is no text.
inline const std::string* operand_text(const Json& operand) { return operand.get_ptr<const std::string*>(); }

// Empty when no index helps.
std::optional<std::string> index_condition(const Comparison& comparison, const IndexedPath& index, const Bind& bind);

// The least text that is greater than every text which begins with `prefix`, in the order of code points; empty: there
// is none.
std::optional<std::string> end_of_prefix(std::string_view prefix);

}  // namespace weir::postgres
