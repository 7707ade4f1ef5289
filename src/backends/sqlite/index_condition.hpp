#pragma once

// What a comparison means for the index of its path.

#include "backends/sqlite/value.hpp"

#include <weir/filter.hpp>

#include <functional>
#include <optional>
#include <string>

namespace weir::sqlite {

// How much an index narrows the comparison down: 0 not at all, more is better.
int index_rank(const Comparison& comparison) noexcept;

// Whether a condition is also true of the records with an array at the path, which have to be looked into.
enum class ArrayRows { included, left_out };

// What the expression of an index is for those records (see IndexedPath).
inline constexpr const char* array_marker = "X'02'";

// A condition on the index's expression that is true wherever the comparison is; it may be true of more.
std::string index_condition(const Comparison& comparison, const std::string& expression, ArrayRows arrays,
                            const std::function<std::string(Value)>& bind);

// The least string above all that begin with the prefix; none when there is no such string. Bytes above UTF-8 are fine:
// SQLite compares with memcmp.
std::optional<std::string> end_of_prefix(std::string prefix);

}  // namespace weir::sqlite
