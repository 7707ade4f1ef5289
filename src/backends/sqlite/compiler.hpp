#pragma once

// A query as SQL with bound values. Pure: no I/O and nothing of SQLite's interface.

#include "backends/sqlite/value.hpp"

#include <weir/options.hpp>
#include <weir/query.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace weir::sqlite {

// SQL text and what is bound to ?1, ?2, …
struct Compiled {
  Compiled() = default;
  std::string sql;
  std::vector<Value> values;
};

std::string quote_identifier(std::string_view name);
std::string quote_text(std::string_view text);

// A path that has an index. Every value of it is in one column of the index, in the order of the sort key:
//   a number or a string as itself · X'00' false · X'01' true · X'02' the way meets an array · X'03' an object ·
//   NULL no value
// so that one range of the index holds the scalars that satisfy a comparison, one more the arrays (which are then
// looked into), and none has to be converted.
struct IndexedPath {
  IndexedPath(std::string text, Path parsed);
  std::string name;  // as configured, "address.city"
  Path path;
  std::string expression;  // SQL over the column `fields`
};

class Table {
 public:
  // Throws Error invalid_argument for a path that SQLite's JSON functions cannot name.
  Table(std::string name, const std::vector<std::string>& indexed_paths);

  const std::string& name() const noexcept { return name_; }
  const std::string& quoted() const noexcept { return quoted_; }
  const std::vector<IndexedPath>& indexes() const noexcept { return indexes_; }
  const IndexedPath* index_of(const Path& path) const noexcept;
  std::string index_name(const IndexedPath& index) const;

  // What makes the table; each can be repeated.
  std::vector<std::string> schema() const;

 private:
  std::string name_;
  std::string quoted_;
  std::vector<IndexedPath> indexes_;
};

// id, fields, metadata, version of the records the query means, in its order and within its page. `by_id`: records
// without an order of their own come by id; otherwise as they are stored.
Compiled compile_select(const Table& table, const Query& query, bool by_id, Partition partition = {});

// A search, whose first records by an indexed path may be had without sorting all. That takes two statements, in one
// transaction, and is right only while no record has an array at the path, since an array sorts by its smallest or
// largest element.
struct Search {
  Search() = default;
  struct Ordered {
    Ordered() = default;
    Compiled arrays;         // a row when there is such a record
    Compiled with_value;     // in order, from the first to the last of the page
    Compiled without_value;  // by id; these come last. Limit and offset are the last two values
    std::size_t offset = 0;
    std::size_t limit = 0;
    bool other_index = false;  // the plain statement has the index of another path to go by, and may be the better one
  };
  Compiled plain;
  std::optional<Ordered> ordered;
};
Search compile_search(const Table& table, const Query& query);

// One number.
Compiled compile_count(const Table& table, const Query& query);
// Throws Error invalid_query for order, limit, offset.
Compiled compile_remove(const Table& table, const Query& query);
Compiled compile_patch(const Table& table, const Query& query, std::string merge_patch);

}  // namespace weir::sqlite
