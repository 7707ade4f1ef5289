#pragma once

// The vocabulary of the text form, for reading and writing it.

#include <weir/filter.hpp>

#include <optional>
#include <string_view>

namespace weir::core {

// Words are read in either case, AND like and.
bool same_word(std::string_view text, std::string_view word) noexcept;
// Words that are no path unless in backquotes.
bool is_reserved(std::string_view word) noexcept;
// "=" and its like.
std::optional<Operator> comparison_of(std::string_view symbol) noexcept;
// Operators that are words and stand between path and value.
std::optional<Operator> operator_of(std::string_view word) noexcept;
bool is_negative(Operator op) noexcept;
// not_in of in, where there is one.
std::optional<Operator> negative_of(Operator op) noexcept;
// How the operator is written.
std::string_view text_of(Operator op) noexcept;

}  // namespace weir::core
