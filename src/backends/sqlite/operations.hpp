#pragma once

// What is done on a connection, one function per operation; called on the engine's threads, inside or outside of a
// transaction as the caller arranged it.

#include "backends/sqlite/codec.hpp"
#include "backends/sqlite/compiler.hpp"
#include "backends/sqlite/connection.hpp"

#include <weir/backend.hpp>
#include <weir/record.hpp>
#include <weir/results.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::sqlite {

// The statements of a table that never change, written once.
class TableStatements {
 public:
  explicit TableStatements(const Table& table);
  std::string read, exists, insert, upsert, update, update_if, patch, patch_if, remove, remove_if, version;
};

// A table with all that the operations need to know of it; shared by everything that works on it.
class TableContext {
 public:
  TableContext(Table described, bool create) : table(std::move(described)), statements(table), may_create(create) {}
  const Table table;
  const TableStatements statements;
  const bool may_create;
};

// Several reads of one state of the database.
template <class Body>
auto in_snapshot(Connection& connection, Body body) {
  struct End {
    Connection& connection;
    ~End() { connection.roll_back(); }
  } end{connection};  // before: BEGIN may be interrupted when it has been done
  StatementUse(connection, "BEGIN")->step();
  return body();
}

std::optional<Record> read_one(Connection& connection, const TableStatements& sql, const std::string& id);
bool exists_one(Connection& connection, const TableStatements& sql, const std::string& id);
std::vector<std::optional<Record>> read_many(Connection& connection, const TableStatements& sql,
                                             const std::vector<std::string>& ids);

// As Backend::write. One statement changes data, so that a failure leaves nothing behind.
bool write_one(Connection& connection, const TableStatements& sql, WriteKind kind, const Record& record,
               const std::optional<std::string>& if_version);

// The records from `begin` to `end` of a batch, in the transaction that is open; what is written is taken out of
// `records`. `result` is of this part, but for the indexes in its errors, which are those of the batch. Collects the
// errors of items, or throws the first.
void write_many(Connection& connection, const TableStatements& sql, WriteKind kind, std::vector<Record>& records,
                std::size_t begin, std::size_t end, bool collect, BatchResult& result);

std::uint64_t count_all(Connection& connection, const Compiled& compiled);
std::uint64_t change_all(Connection& connection, const Compiled& compiled);

// The table and its indexes, made when they are not there.
void ensure_table(Connection& connection, const TableContext& context);

}  // namespace weir::sqlite
