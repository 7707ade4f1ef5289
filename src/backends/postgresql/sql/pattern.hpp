#pragma once

// Patterns as PostgreSQL's "advanced regular expressions"
// (https://www.postgresql.org/docs/15/functions-matching.html#FUNCTIONS-POSIX-REGEXP). Written from the parsed form,
// never by rewriting text. Pure.

#include <weir/pattern.hpp>

#include <string>

namespace weir::postgres {

// "^(?:…)$"; `.` is to match newlines, which it does by default in SQL and with the flag "s" in jsonpath.
std::string regular_expression(const LikePattern& pattern);
std::string regular_expression(const Regex& regex);

}  // namespace weir::postgres
