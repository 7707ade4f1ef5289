#include "backends/sqlite/native.hpp"

#include "backends/sqlite/error.hpp"
#include "backends/sqlite/transaction.hpp"

#include <weir/sqlite.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace weir {

using namespace sqlite;

namespace {

Clock::time_point deadline_of(std::chrono::milliseconds timeout) {
  return timeout.count() == 0 ? Clock::time_point::max() : Clock::now() + timeout;
}

awaitable<std::vector<SqliteRow>> query_database(std::shared_ptr<Link> link, std::chrono::milliseconds timeout,
                                                 std::string sql, std::vector<SqliteValue> parameters) {
  const auto deadline = deadline_of(timeout);
  co_await ensure(link, deadline);
  const auto text = std::make_shared<const std::string>(std::move(sql));
  const auto values = std::make_shared<const std::vector<SqliteValue>>(std::move(parameters));
  auto read = [text, values](Connection& connection) { return query_read_only(connection, *text, *values); };
  auto rows = co_await call(link, JobKind::read, deadline, std::move(read));
  if (rows) co_return std::move(*rows);
  auto write = [text, values](Connection& connection) { return query_rows(connection, *text, *values); };
  co_return co_await call(link, JobKind::alone, deadline, std::move(write));
}

awaitable<std::uint64_t> execute_database(std::shared_ptr<Link> link, std::chrono::milliseconds timeout,
                                          std::string sql, std::vector<SqliteValue> parameters) {
  const auto deadline = deadline_of(timeout);
  co_await ensure(link, deadline);
  auto work = [text = std::move(sql), values = std::move(parameters)](Connection& connection) {
    return execute_script(connection, text, values);
  };
  co_return co_await call(link, JobKind::bare, deadline, std::move(work));
}

awaitable<void> backup_database(std::shared_ptr<Link> link, std::chrono::milliseconds timeout, std::string path) {
  const auto deadline = deadline_of(timeout);
  auto work = [target = std::move(path)](Connection& connection) { copy_to(connection, target); };
  co_await call(link, JobKind::read, deadline, std::move(work));
}

awaitable<void> checkpoint_database(std::shared_ptr<Link> link, std::chrono::milliseconds timeout) {
  auto work = [](Connection& connection) {
    const int result =
        sqlite3_wal_checkpoint_v2(connection.raw(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    // Readers of older states: what could be copied was.
    if (result != SQLITE_OK && (result & 0xFF) != SQLITE_BUSY) connection.fail(result);
  };
  co_await call(link, JobKind::bare, deadline_of(timeout), std::move(work));
}

}  // namespace

SqliteDatabase::SqliteDatabase(std::shared_ptr<Link> link)
    : link_(std::move(link)), timeout_(link_->settings.timeout) {}

SqliteDatabase SqliteDatabase::with_timeout(std::chrono::milliseconds timeout) const {
  SqliteDatabase copy = *this;
  copy.timeout_ = timeout;
  return copy;
}

awaitable<std::vector<SqliteRow>> SqliteDatabase::query_values(std::string sql,
                                                               std::vector<SqliteValue> parameters) const {
  return query_database(link_, timeout_, std::move(sql), std::move(parameters));
}

awaitable<std::uint64_t> SqliteDatabase::execute_values(std::string sql, std::vector<SqliteValue> parameters) const {
  return execute_database(link_, timeout_, std::move(sql), std::move(parameters));
}

awaitable<void> SqliteDatabase::backup(std::string path) const {
  return backup_database(link_, timeout_, std::move(path));
}
awaitable<void> SqliteDatabase::checkpoint() const { return checkpoint_database(link_, timeout_); }

SqliteTransaction::SqliteTransaction(std::shared_ptr<SessionHandle> session, std::chrono::milliseconds timeout,
                                     bool read_only)
    : session_(std::move(session)), timeout_(timeout), read_only_(read_only) {}

awaitable<std::vector<SqliteRow>> SqliteTransaction::query_values(std::string sql,
                                                                  std::vector<SqliteValue> parameters) const {
  auto work = [text = std::move(sql), values = std::move(parameters),
               session = session_->session()](Connection& connection) {
    refuse_transaction_control(text);
    if (session->write) detach_cursors(*session);
    return query_rows(connection, text, values);
  };
  return call_in(session_, JobKind::in_session, deadline_of(timeout_), std::move(work));
}

awaitable<std::uint64_t> SqliteTransaction::execute_values(std::string sql, std::vector<SqliteValue> parameters) const {
  if (read_only_) throw Error(errc::invalid_argument, "the transaction is read only");
  auto work = [text = std::move(sql), values = std::move(parameters),
               session = session_->session()](Connection& connection) {
    refuse_transaction_control(text);
    detach_cursors(*session);
    return execute_script(connection, text, values);
  };
  return call_in(session_, JobKind::in_session, deadline_of(timeout_), std::move(work));
}

// ---- values and rows
// --------------------------------------------------------------------------------------------------

void SqliteValue::too_large() { throw Error(errc::invalid_argument, "an integer above 2^63-1 is no SQLite value"); }

void SqliteValue::mismatch(const char* wanted) const {
  static constexpr const char* names[] = {"NULL", "an integer", "a real", "text", "a blob"};
  throw Error(errc::invalid_argument, std::string("the value is ") + names[value_.index()] + ", not " + wanted);
}

std::int64_t SqliteValue::integer() const {
  if (const auto* number = std::get_if<std::int64_t>(&value_)) return *number;
  mismatch("an integer");
}

double SqliteValue::real() const {
  if (const auto* number = std::get_if<double>(&value_)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*number);
  mismatch("a number");
}

const std::string& SqliteValue::text() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return *text;
  mismatch("text");
}

const SqliteValue::Blob& SqliteValue::blob() const {
  if (const auto* blob = std::get_if<Blob>(&value_)) return *blob;
  mismatch("a blob");
}

SqliteRow::SqliteRow(std::shared_ptr<const std::vector<std::string>> columns, std::vector<SqliteValue> values)
    : columns_(std::move(columns)), values_(std::move(values)) {}

const std::vector<std::string>& SqliteRow::columns() const {
  static const std::vector<std::string> none;
  return columns_ ? *columns_ : none;
}

const SqliteValue& SqliteRow::at(std::size_t column) const {
  if (column >= values_.size())
    throw Error(errc::invalid_argument, "the row has " + std::to_string(values_.size()) + " columns");
  return values_[column];
}

const SqliteValue& SqliteRow::at(std::string_view column) const {
  const auto& names = columns();
  const auto found = std::find(names.begin(), names.end(), column);
  if (found == names.end())
    throw Error(errc::invalid_argument, "the row has no column \"" + std::string(column) + "\"");
  return values_[static_cast<std::size_t>(found - names.begin())];
}

}  // namespace weir
