#pragma once

// The statements by id of one table. Pure.

#include "backends/postgresql/sql/table.hpp"

#include <string>

namespace weir::postgres {

class TableStatements {
 public:
  explicit TableStatements(const Table& table);

  std::string read;    // $1 id
  std::string exists;  // $1 id
  // Of an existing table what is written depends on the record, see ColumnMap; these are of the document table alone.
  std::string create;  // $1 id, $2 fields, $3 metadata; nothing happens when the id is there
  std::string upsert;  // the same
  std::string update;  // the same
  std::string remove;  // $1 id
  // With the expected version as the last parameter. They give the number of rows changed (0 or 1), and whether the id
  // is there.
  std::string update_if;
  std::string remove_if;
  // Of arrays.
  std::string read_many;      // $1 ids; only what is there
  std::string create_many;    // $1 ids, $2 fields, $3 metadata: all or, when one is there, an error
  std::string copy;           // the same as COPY in binary
  std::string create_absent;  // the same for those that are not there; gives the ids of what was made
  std::string upsert_many;    // no id twice
  std::string remove_many;    // $1 ids; gives those that were there
  // Of the catalogue.
  std::string look;  // $1 the table's name, $2 names of indexes: whether it is there, how many columns are as they
                     // should be, how many of the indexes are there, and 1 when COPY is not the same as INSERT
};

// A change of the row of $1 that gives the number of rows changed and whether the id is there.
std::string conditional_change(const std::string& change, const Table& table);

// $1 the table's name as SQL. Of each column: the table's kind, the column's name and type, the base type and its kind,
// the element's type and its kind, the type's modifier, whether it is generated or an identity, whether texts compare
// by bytes, the index that keeps it unique, whether it belongs to the primary key.
const char* columns_of_a_table() noexcept;

}  // namespace weir::postgres
