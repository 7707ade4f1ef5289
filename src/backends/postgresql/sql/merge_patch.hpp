#pragma once

// RFC 7396 as an SQL expression, so that a merge happens in the store, atomically. Pure.

#include "backends/postgresql/sql/index_condition.hpp"

#include <weir/record.hpp>

#include <string>

namespace weir::postgres {

// `target` is SQL of type jsonb, an object; `patch` is an object. The result is linear in the size of the patch.
std::string merge_expression(const std::string& target, const Json& patch, const Bind& bind);

}  // namespace weir::postgres
