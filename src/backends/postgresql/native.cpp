#include "backends/postgresql/native.hpp"

#include "backends/postgresql/sql/own_words.hpp"
#include "backends/postgresql/transaction.hpp"

#include <weir/error.hpp>

#include <charconv>

namespace weir {

using namespace postgres;

namespace postgres {

Rows::Rows(ResultPtr result)
    : result_(std::move(result)),
      size_(static_cast<std::size_t>(PQntuples(result_.get()))),
      columns_(static_cast<std::size_t>(PQnfields(result_.get()))) {}

std::size_t Rows::column(std::string_view name) const {
  for (std::size_t i = 0; i < columns_; ++i)
    if (name == PQfname(result_.get(), static_cast<int>(i))) return i;
  throw Error(errc::invalid_argument, "the result has no column \"" + std::string(name) + "\"");
}

std::uint64_t Rows::affected() const noexcept {
  const std::string_view count = PQcmdTuples(const_cast<PGresult*>(result_.get()));
  std::uint64_t rows = 0;
  std::from_chars(count.data(), count.data() + count.size(), rows);
  return rows;
}

PostgresField Rows::field(std::size_t row, std::size_t column) const {
  if (column >= columns_)
    throw Error(errc::invalid_argument, "column " + std::to_string(column) + " of " + std::to_string(columns_));
  const int x = static_cast<int>(column);
  const int y = static_cast<int>(row);
  PostgresField out;
  out.type = PQftype(result_.get(), x);
  out.null = PQgetisnull(result_.get(), y, x) != 0;
  out.bytes = {PQgetvalue(result_.get(), y, x), static_cast<std::size_t>(PQgetlength(result_.get(), y, x))};
  out.column = PQfname(result_.get(), x);
  return out;
}

std::vector<Parameter> to_parameters(std::vector<PostgresValue> values) {
  std::vector<Parameter> out;
  out.reserve(values.size());
  for (PostgresValue& value : values) {
    const auto type = static_cast<TypeId>(value.type());
    if (value.is_null()) {
      out.push_back(Parameter::null(type));
    } else if (value.binary()) {
      out.push_back(Parameter::raw(type, value.bytes()));
    } else {
      refuse_nul(value.bytes(), "a text");
      out.push_back(Parameter::as_text(type, value.bytes()));
    }
  }
  return out;
}

void refuse_nul(std::string_view text, const char* what) {
  if (text.find('\0') != std::string_view::npos)
    throw Error(errc::invalid_argument, std::string(what) + " with a NUL byte, which PostgreSQL cannot hold");
}

void refuse_transaction_control(std::string_view sql) {
  if (controls_transaction(sql))
    throw Error(errc::invalid_argument,
                first_word(sql) + " is the transaction's own: use begin(), savepoint(), commit(), rollback()");
}

Clock::time_point deadline_of(std::chrono::milliseconds timeout) {
  return timeout.count() == 0 ? Clock::time_point::max() : Clock::now() + timeout;
}

namespace {

constexpr const char* operation = "native query";

std::vector<Statement> statement_of(std::string sql, std::vector<PostgresValue> values) {
  std::vector<Statement> out;
  out.emplace_back(std::move(sql), to_parameters(std::move(values)));
  return out;
}

PostgresRows rows_of(Request& request) {
  return PostgresRows(std::make_shared<const Rows>(std::move(request.results.at(request.leading))));
}

// What a user asks for. Whether a SELECT writes nobody knows, so an answer that is lost leaves it open.
awaitable<PostgresRows> ask_native(std::shared_ptr<Conduit> conduit, std::string sql, std::vector<PostgresValue> values,
                                   Sharing sharing, std::chrono::milliseconds timeout) {
  std::optional<Error> failed;
  try {
    refuse_nul(sql, "a statement");
    refuse_transaction_control(sql);
    const auto request =
        co_await conduit->ask_foreign(statement_of(std::move(sql), std::move(values)), sharing, deadline_of(timeout));
    co_return rows_of(*request);
  } catch (const Error& error) {
    failed = error;
  }
  throw failed->within("postgres", operation, conduit->link().settings.endpoint);
}

awaitable<void> finished(awaitable<PostgresRows> rows) { co_await std::move(rows); }

awaitable<std::uint64_t> count_of(awaitable<PostgresRows> rows) {
  const PostgresRows result = co_await std::move(rows);
  co_return result.affected();
}

}  // namespace
}  // namespace postgres

// ---- rows
// -----------------------------------------------------------------------------------------------------------------

std::size_t PostgresRow::size() const noexcept { return rows_ ? rows_->columns() : 0; }

PostgresField PostgresRow::field(std::size_t column) const {
  if (!rows_) throw Error(errc::invalid_argument, "an empty row");
  return rows_->field(row_, column);
}

PostgresField PostgresRow::field(std::string_view column) const {
  if (!rows_) throw Error(errc::invalid_argument, "an empty row");
  return rows_->field(row_, rows_->column(column));
}

std::size_t PostgresRows::size() const noexcept { return rows_ ? rows_->size() : 0; }

std::vector<std::string> PostgresRows::columns() const {
  std::vector<std::string> out;
  for (std::size_t i = 0; rows_ && i < rows_->columns(); ++i)
    out.emplace_back(PQfname(rows_->result(), static_cast<int>(i)));
  return out;
}

std::uint64_t PostgresRows::affected() const noexcept { return rows_ ? rows_->affected() : 0; }

PostgresRow PostgresRows::operator[](std::size_t row) const {
  if (row >= size())
    throw Error(errc::invalid_argument, "row " + std::to_string(row) + " of " + std::to_string(size()));
  return {rows_, row};
}

// ---- the handle
// -----------------------------------------------------------------------------------------------------------

PostgresDatabase::PostgresDatabase(std::shared_ptr<Link> link)
    : link_(std::move(link)), timeout_(link_->settings.timeout) {}

PostgresDatabase PostgresDatabase::with_timeout(std::chrono::milliseconds timeout) const {
  PostgresDatabase copy = *this;
  copy.timeout_ = timeout;
  return copy;
}

PostgresDatabase PostgresDatabase::shared() const {
  PostgresDatabase copy = *this;
  copy.shared_ = true;
  copy.reset_ = false;
  return copy;
}

PostgresDatabase PostgresDatabase::with_reset() const {
  PostgresDatabase copy = *this;
  copy.reset_ = true;
  copy.shared_ = false;
  return copy;
}

awaitable<PostgresRows> PostgresDatabase::query_values(std::string sql, std::vector<PostgresValue> parameters) const {
  auto conduit = std::make_shared<PoolConduit>(link_, reset_);
  return ask_native(std::move(conduit), std::move(sql), std::move(parameters),
                    shared_ ? Sharing::shared : Sharing::exclusive, timeout_);
}

awaitable<std::uint64_t> PostgresDatabase::execute_values(std::string sql,
                                                          std::vector<PostgresValue> parameters) const {
  return count_of(query_values(std::move(sql), std::move(parameters)));
}

awaitable<void> PostgresDatabase::notify(std::string channel, std::string payload) const {
  std::vector<PostgresValue> values;
  values.emplace_back(std::move(channel));
  values.emplace_back(std::move(payload));
  return finished(query_values("SELECT pg_notify($1, $2)", std::move(values)));
}

PostgresTransaction::PostgresTransaction(std::shared_ptr<TransactionConduit> conduit, std::chrono::milliseconds timeout)
    : conduit_(std::move(conduit)), timeout_(timeout) {}

awaitable<PostgresRows> PostgresTransaction::query_values(std::string sql,
                                                          std::vector<PostgresValue> parameters) const {
  return ask_native(conduit_, std::move(sql), std::move(parameters), Sharing::exclusive, timeout_);
}

awaitable<std::uint64_t> PostgresTransaction::execute_values(std::string sql,
                                                             std::vector<PostgresValue> parameters) const {
  return count_of(query_values(std::move(sql), std::move(parameters)));
}

}  // namespace weir
