#pragma once

// Comparisons as jsonpath (https://www.postgresql.org/docs/15/functions-json.html#FUNCTIONS-SQLJSON-PATH). A value
// becomes part of the path, as a JSON literal, and the path as a whole is a bound parameter: one SQL text serves all
// values. Pure.

#include <weir/filter.hpp>
#include <weir/path.hpp>

#include <cstddef>
#include <string>

namespace weir::postgres {

// The values at a path: `$."a"[*]…."b"[*]…`. In lax mode `[*]` of a scalar is the scalar, and eight of them look
// through as many arrays directly inside one another as a record may hold.
// With `skip`, from below the first keys: the value that is looked into is already what they lead to.
std::string json_path(const Path& path, std::size_t skip = 0);
// The path with a condition: something is found exactly if some value satisfies `test`, leaving negation and
// `or_missing` aside.
// @throws Error unsupported for `match`
std::string json_path(const Comparison& comparison, std::size_t skip = 0);
// Something is found exactly if a scalar is at the path or below it.
std::string json_path_exists(const Path& path, std::size_t skip = 0);

}  // namespace weir::postgres
