#pragma once

// Where records are: the document table (`id`, `fields`, `metadata`, `version`, and its indexes), or an existing table
// whose columns are the fields. Pure.

#include <weir/path.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::postgres {

class ColumnMap;

std::string quote_identifier(std::string_view name);
std::string quote_literal(std::string_view text);

// A path that was named to be indexed. Two indexes serve it:
//   `value` holds jsonb: the scalar at the path, '[0]' where the way meets an array or the string is too long for an
//   index (a reader has to
//           look for itself), NULL where there is no value. It serves equality of all types and ranges of numbers and
//           booleans.
//   `text`  holds the beginning of strings by bytes, for ranges of strings. jsonb compares strings by the database's
//   collation.
// Both narrow down only; the exact comparison stands beside them.
struct IndexedPath {
  IndexedPath(std::string text, Path parsed, std::string_view table);
  std::string name;  // as configured, "address.city"
  Path path;
  std::string value;  // SQL over the column `fields`
  std::string text;
  std::string value_index;  // names of the two indexes
  std::string text_index;
};

class Table {
 public:
  // Characters of a string that the text index holds.
  static constexpr std::size_t text_prefix = 200;
  // Longer strings are no values of the index of values.
  static constexpr std::size_t longest_value = 1000;

  // `schema` may be empty. Throws Error invalid_argument for names that PostgreSQL would cut.
  Table(std::string schema, std::string name, const std::vector<std::string>& indexed_paths);

  const std::string& name() const noexcept { return name_; }
  const std::string& schema() const noexcept { return schema_; }
  const std::string& quoted() const noexcept { return quoted_; }
  const std::vector<IndexedPath>& indexes() const noexcept { return indexes_; }
  const IndexedPath* index_of(const Path& path) const noexcept;
  const std::string& fields_index() const noexcept { return fields_index_; }

  // The same name with the columns that were found there.
  Table with_columns(std::shared_ptr<const ColumnMap> columns) const;
  // Of an existing table; null: it is the document table.
  const ColumnMap* columns() const noexcept { return columns_.get(); }
  // SQL behind FROM, UPDATE and DELETE FROM; the id, which compares by bytes; id, fields, metadata and version.
  const std::string& from() const noexcept;
  const std::string& id() const noexcept;
  const std::string& selected() const noexcept;
  // The row of the id $1.
  std::string row_of_id() const;

  // The names of all indexes but the primary key's.
  std::vector<std::string> index_names() const;
  // What makes the table; each statement may be repeated.
  std::vector<std::string> definition() const;
  // For the advisory lock under which it is made.
  std::int64_t lock_key() const noexcept;

 private:
  std::string schema_;
  std::string name_;
  std::string quoted_;
  std::string fields_index_;
  std::vector<IndexedPath> indexes_;
  std::shared_ptr<const ColumnMap> columns_;
};

}  // namespace weir::postgres
