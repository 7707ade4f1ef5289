#pragma once

// SQL of the user's own.

#include "backends/sqlite/connection.hpp"

#include <weir/sqlite.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::sqlite {

// Rows of one statement. Throws Error invalid_argument for none, several, or another number of parameters.
std::vector<SqliteRow> query_rows(Connection& connection, const std::string& sql,
                                  const std::vector<SqliteValue>& values);
// The same, or nothing when the statement would write.
std::optional<std::vector<SqliteRow>> query_read_only(Connection& connection, const std::string& sql,
                                                      const std::vector<SqliteValue>& values);
// All statements one after another; rows changed by the last.
std::uint64_t execute_script(Connection& connection, const std::string& sql, const std::vector<SqliteValue>& values);
// BEGIN, COMMIT, END, ROLLBACK, SAVEPOINT and RELEASE belong to the Transaction.
void refuse_transaction_control(const std::string& sql);
// A consistent copy of the database in another file.
void copy_to(Connection& connection, const std::string& path);

}  // namespace weir::sqlite
