#pragma once

// A query as SQL with bound values. Pure.

#include "backends/postgresql/sql/parameter.hpp"
#include "backends/postgresql/sql/table.hpp"

#include <weir/options.hpp>
#include <weir/query.hpp>

#include <string>
#include <vector>

namespace weir::postgres {

// SQL text and what is bound to $1, $2, …
struct Compiled {
  Compiled() = default;
  std::string sql;
  std::vector<Parameter> values;
};

// How records without an order of their own come.
enum class Unordered {
  by_id,
  as_stored  // whatever costs the server least
};

// id, fields, metadata, version of the records the query means, in its order and within its page; of these, those of
// the partition.
Compiled compile_select(const Table& table, const Query& query, Unordered unordered, Partition partition = {});
// One number.
Compiled compile_count(const Table& table, const Query& query);
// Throws Error invalid_query for order, limit, offset.
Compiled compile_remove(const Table& table, const Query& query);
Compiled compile_patch(const Table& table, const Query& query, const Json& merge_patch);

// By id. `if_version` of a patch and of the prepared forms below is the last parameter.
Compiled compile_patch(const Table& table, const std::string& id, const Json& merge_patch,
                       std::optional<std::int64_t> if_version);

}  // namespace weir::postgres
