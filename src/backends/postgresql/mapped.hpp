#pragma once

// What an existing table needs besides SQL: its columns are read from the catalogue, and a value that the server
// refused is found, so that the error can name the column.

#include "backends/postgresql/operations.hpp"
#include "backends/postgresql/sql/column_map.hpp"

namespace weir::postgres {

// @throws Error not_found, and invalid_argument when no column can be the id
awaitable<void> map_columns(LinkPtr link, Clock::time_point deadline);

// create, upsert or update of one record; `expected` is a version.
std::vector<Statement> row_change(const Table& table, WriteKind kind, const Record& record,
                                  std::optional<std::int64_t> expected);

// The error, as it is to be reported: with the column whose value was refused, in one of these records.
awaitable<Error> explained(Call call, std::vector<Record> records, Error error);

}  // namespace weir::postgres
