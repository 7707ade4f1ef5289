#pragma once

// Behind the native handle: results that are kept, and the statements of users.

#include "backends/postgresql/link.hpp"
#include "backends/postgresql/wire/library.hpp"

#include <weir/postgresql.hpp>

#include <string>
#include <unordered_map>
#include <vector>

namespace weir::postgres {

// A result that rows view into.
class Rows {
 public:
  explicit Rows(ResultPtr result);
  const PGresult* result() const noexcept { return result_.get(); }
  std::size_t size() const noexcept { return size_; }
  std::size_t columns() const noexcept { return columns_; }
  // The first column of that name, as libpq folds it not: exactly.
  std::size_t column(std::string_view name) const;
  std::uint64_t affected() const noexcept;
  PostgresField field(std::size_t row, std::size_t column) const;

 private:
  const ResultPtr result_;
  const std::size_t size_;
  const std::size_t columns_;
};

std::vector<Parameter> to_parameters(std::vector<PostgresValue> values);
// Throws Error invalid_argument for BEGIN, COMMIT and their like.
void refuse_transaction_control(std::string_view sql);
// libpq takes C strings: what stands behind a NUL would not be sent.
void refuse_nul(std::string_view text, const char* what);
Clock::time_point deadline_of(std::chrono::milliseconds timeout);

}  // namespace weir::postgres
