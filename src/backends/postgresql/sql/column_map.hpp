#pragma once

// An existing table whose columns are a record's fields. Pure: what the catalogue says is given to it.

#include "backends/postgresql/sql/column.hpp"
#include "backends/postgresql/sql/index_condition.hpp"

#include <weir/path.hpp>
#include <weir/record.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weir::postgres {

class ColumnMap {
 public:
  // `table` as SQL. `key` names the column that is the id; empty: the primary key's only column. Of what is read only
  // (views, foreign tables) there are no versions.
  // @throws Error invalid_argument, naming the columns, when no column can be the id
  ColumnMap(std::string table, std::vector<Column> columns, const std::string& key, bool read_only);

  bool is_read_only() const noexcept { return read_only_; }
  const Column& key() const noexcept { return key_; }
  // SQL, for statements in which the table is called t.
  const std::string& from() const noexcept { return from_; }          // "table" AS t
  const std::string& id() const noexcept { return id_; }              // compares by bytes
  const std::string& selected() const noexcept { return selected_; }  // id, fields, metadata, version
  const std::string& version() const noexcept { return version_; }

  // The column that a path begins with. @throws Error invalid_query
  const Column& column_of(const Path& path) const;
  std::string id_condition(const Comparison& comparison, const Bind& bind) const;

  // Whether a row can have this id: "007" is the text of no integer.
  bool may_be_id(std::string_view id) const;
  // The row of the id $1, and the rows of the ids in the array $1.
  std::string row_of_id() const;
  std::string rows_of_ids() const;

  // What a record holds, as the columns take it.
  // @throws Error invalid_argument naming the column or the path that is none, unsupported where nothing can be written
  Json checked(const std::string& id, const Json& fields, const Json& metadata) const;
  Json checked_patch(const Json& merge_patch) const;
  void refuse_write() const;

  // Statements of one record, $1 the id, $2 the fields as jsonb, $3 of a conditional one the version. The texts depend
  // on which columns are given; in an update the others get their default.
  std::string insert(const Json& fields, bool or_update) const;
  std::string update(const Json& fields) const;
  // Of arrays, $1 ids, $2 fields, in which all have the same columns.
  enum class Present { refused, left_out, replaced };
  std::string insert_many(const Json& fields, Present present) const;
  // "UPDATE … SET … [FROM …]" of a merge patch, whose values are bound; no row is named.
  std::string patch(const Json& merge_patch, const Bind& bind) const;

  const std::vector<Column>& columns() const noexcept { return columns_; }  // without the id
  // They ask for nothing but whether the server takes the values: $1 fields as jsonb[], or ids.
  static std::string probe(const Column& column);
  std::string probe_id() const;

 private:
  const Column* find(std::string_view name) const noexcept;
  std::vector<const Column*> given(const Json& fields) const;
  Column choose_key(std::vector<Column>& columns, const std::string& key) const;
  std::string id_value(const std::string& text) const;
  std::string insert_from(const Json& fields, const std::string& id, const std::string& source) const;
  std::string replacing() const;
  Json check_all(const Json& fields) const;

  const std::string table_;
  const bool read_only_;
  std::vector<Column> columns_;  // without the key
  Column key_;
  std::string from_;
  std::string id_;
  std::string selected_;
  std::string version_;
};

}  // namespace weir::postgres
