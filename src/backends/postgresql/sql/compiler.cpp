#include "backends/postgresql/sql/compiler.hpp"

#include "backends/postgresql/sql/builder.hpp"
#include "backends/postgresql/sql/column_map.hpp"
#include "backends/postgresql/sql/merge_patch.hpp"
#include "backends/postgresql/sql/statements.hpp"

#include <weir/error.hpp>

namespace weir::postgres {
namespace {

void refuse_page(const Query& query) {
  if (!query.order().empty() || query.limit() || query.offset() != 0)
    throw Error(errc::invalid_query, "order, limit and offset have no meaning here");
}

// A part of ids that is the same whenever and wherever it is read.
std::string part_of(const std::string& id, Partition partition, Builder& builder) {
  const std::string count = builder.bind(Parameter::integer(static_cast<std::int64_t>(partition.count())));
  const std::string index = builder.bind(Parameter::integer(static_cast<std::int64_t>(partition.index())));
  return "(hashtextextended(" + id + ", 0) & 9223372036854775807) % " + count + " = " + index;
}

// "UPDATE … SET …" up to WHERE
std::string patched(const Table& table, const Json& merge_patch, const Bind& bind) {
  if (const ColumnMap* const columns = table.columns())
    return columns->patch(columns->checked_patch(merge_patch), bind);
  return "UPDATE " + table.quoted() + " SET fields = " + merge_expression("fields", merge_patch, bind) +
         ", version = DEFAULT";
}

}  // namespace

Compiled compile_select(const Table& table, const Query& query, Unordered unordered, Partition partition) {
  Builder builder(table);
  const bool paged = query.limit() || query.offset() != 0;
  const bool parted = partition.count() > 1;
  const bool by_id = unordered == Unordered::by_id || paged;
  if (const ColumnMap* const columns = table.columns(); columns != nullptr && query.select())
    for (const Path& path : *query.select()) columns->column_of(path);
  builder.sql = "SELECT " + table.selected() + " FROM " + table.from();
  const std::string order = builder.order(query, by_id);
  builder.where(query.filter(), parted && !paged ? part_of(table.id(), partition, builder) : "");
  builder.sql += order;
  builder.page(query);
  if (parted && paged) {
    // The page first, then the part of it. Its order is that of the page again.
    const std::string page = std::move(builder.sql);
    builder.sql = "SELECT id, fields, metadata, version FROM (SELECT *, row_number() OVER () AS place FROM (" + page +
                  ") AS page) AS numbered WHERE " + part_of("id", partition, builder) + " ORDER BY place";
  }
  return builder.finish();
}

Compiled compile_count(const Table& table, const Query& query) {
  Builder builder(table);
  builder.sql = "SELECT count(*) FROM " + table.from();
  builder.where(query.filter());
  return builder.finish();
}

Compiled compile_remove(const Table& table, const Query& query) {
  refuse_page(query);
  if (table.columns() != nullptr) table.columns()->refuse_write();
  Builder builder(table);
  builder.sql = "DELETE FROM " + table.from();
  builder.where(query.filter());
  return builder.finish();
}

Compiled compile_patch(const Table& table, const Query& query, const Json& merge_patch) {
  refuse_page(query);
  Builder builder(table);
  const Bind bind = [&builder](Parameter value) { return builder.bind(std::move(value)); };
  builder.sql = patched(table, merge_patch, bind);
  builder.where(query.filter());
  return builder.finish();
}

Compiled compile_patch(const Table& table, const std::string& id, const Json& merge_patch,
                       std::optional<std::int64_t> if_version) {
  Builder builder(table);
  const Bind bind = [&builder](Parameter value) { return builder.bind(std::move(value)); };
  builder.bind(Parameter::text(id));
  const std::string change = patched(table, merge_patch, bind) + " WHERE " + table.row_of_id();
  if (if_version) {
    const std::string version = table.columns() != nullptr ? table.columns()->version() : "version";
    builder.sql =
        conditional_change(change + " AND " + version + " = " + builder.bind(Parameter::integer(*if_version)), table);
  } else {
    builder.sql = change;
  }
  return builder.finish();
}

}  // namespace weir::postgres
