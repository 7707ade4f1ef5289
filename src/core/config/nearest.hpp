#pragma once

#include <weir/export.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace weir::configuration {

/// Letters to insert, remove, change or swap with their neighbour to make one from the other, no part changed twice.
WEIR_API std::size_t damerau_levenshtein(std::string_view a, std::string_view b);

/// The candidate with the smallest distance, the first of several; empty only when there are none.
WEIR_API std::string nearest(std::string_view name, std::span<const std::string> candidates);

}  // namespace weir::configuration
