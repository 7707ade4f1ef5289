#include "backends/sqlite/error.hpp"
#include "backends/sqlite/native.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::sqlite {
namespace {

bool blank(const std::string& sql) {
  return std::all_of(sql.begin(), sql.end(), [](unsigned char c) { return std::isspace(c) != 0 || c == ';'; });
}

void bind_values(Statement& statement, const std::vector<SqliteValue>& values) {
  if (static_cast<std::size_t>(statement.parameters()) != values.size())
    throw Error(errc::invalid_argument, "the statement has " + std::to_string(statement.parameters()) +
                                            " parameters, " + std::to_string(values.size()) + " were given");
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto bind = [&](const auto& value) { statement.bind(static_cast<int>(i) + 1, Value(value)); };
    std::visit(bind, values[i].variant());
  }
}

SqliteValue column_value(const Statement& statement, int column) {
  switch (statement.type(column)) {
    case SQLITE_INTEGER: return SqliteValue(statement.integer(column));
    case SQLITE_FLOAT: return SqliteValue(statement.real(column));
    case SQLITE_TEXT: return SqliteValue(statement.text(column));
    case SQLITE_BLOB: {
      const auto bytes = statement.blob(column);
      return SqliteValue(SqliteValue::Blob(bytes.begin(), bytes.end()));
    }
    default: return {};
  }
}

std::vector<SqliteRow> rows_of(Statement& statement) {
  const int count = statement.columns();
  auto names = std::make_shared<std::vector<std::string>>();
  for (int i = 0; i < count; ++i) names->push_back(statement.name(i));
  std::vector<SqliteRow> rows;
  while (statement.step()) {
    std::vector<SqliteValue> values;
    values.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) values.push_back(column_value(statement, i));
    rows.emplace_back(names, std::move(values));
  }
  return rows;
}

void check_single(const Statement& statement) {
  if (statement.raw() == nullptr) throw Error(errc::invalid_argument, "there is no statement in the SQL");
  if (!blank(statement.rest())) throw Error(errc::invalid_argument, "query takes one statement");
}

class BackupTarget {
 public:
  explicit BackupTarget(const std::string& path) {
    const int result = sqlite3_open_v2(
        path.c_str(), &handle_,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    if (result != SQLITE_OK) {
      const std::string text = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
      sqlite3_close(handle_);
      throw make_error(result, text);
    }
  }
  BackupTarget(const BackupTarget&) = delete;
  BackupTarget& operator=(const BackupTarget&) = delete;
  ~BackupTarget() { sqlite3_close(handle_); }
  sqlite3* handle() const noexcept { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace

std::vector<SqliteRow> query_rows(Connection& connection, const std::string& sql,
                                  const std::vector<SqliteValue>& values) {
  StatementUse statement(connection, sql);
  check_single(*statement);
  bind_values(*statement, values);
  return rows_of(*statement);
}

std::optional<std::vector<SqliteRow>> query_read_only(Connection& connection, const std::string& sql,
                                                      const std::vector<SqliteValue>& values) {
  StatementUse statement(connection, sql);
  check_single(*statement);
  if (!statement->read_only()) return std::nullopt;
  bind_values(*statement, values);
  auto rows = rows_of(*statement);
  if (connection.in_transaction()) {
    statement->reset();
    connection.roll_back();
    throw Error(errc::invalid_argument, "the statement left a transaction open; it was rolled back (use begin())");
  }
  return rows;
}

std::uint64_t execute_script(Connection& connection, const std::string& sql, const std::vector<SqliteValue>& values) {
  std::string rest = sql;
  bool any = false;
  std::int64_t changed = 0;
  while (!blank(rest)) {
    Statement statement(connection, rest);
    if (statement.raw() == nullptr) break;  // a comment
    if (any && !values.empty()) throw Error(errc::invalid_argument, "several statements take no parameters");
    if (!any && !values.empty() && !blank(statement.rest()))
      throw Error(errc::invalid_argument, "several statements take no parameters");
    any = true;
    bind_values(statement, values);
    const std::int64_t before = sqlite3_total_changes64(connection.raw());
    while (statement.step()) {
    }
    changed = sqlite3_total_changes64(connection.raw()) == before ? 0 : connection.changes();
    rest = statement.rest();
  }
  if (!any) throw Error(errc::invalid_argument, "there is no statement in the SQL");
  return static_cast<std::uint64_t>(changed);
}

namespace {

// Just enough of SQLite's tokens (sqlite.org/lang_comment.html, lang_keywords.html) to find where statements begin.
class StatementStarts {
 public:
  explicit StatementStarts(std::string_view sql) : sql_(sql) {}

  // The first word of the next statement in upper case, "" when it begins otherwise; nothing at the end.
  std::optional<std::string> next() {
    while (at_ < sql_.size()) {
      if (std::isspace(byte()) != 0 || sql_[at_] == ';')
        ++at_;
      else if (!skip_comment())
        break;
    }
    if (at_ >= sql_.size()) return std::nullopt;
    std::string word;
    while (at_ < sql_.size() && std::isalpha(byte()) != 0) {
      word += static_cast<char>(std::toupper(byte()));
      ++at_;
    }
    skip_statement();
    return word;
  }

 private:
  unsigned char byte() const { return static_cast<unsigned char>(sql_[at_]); }
  void go_behind(std::string_view end, std::size_t from) {
    const auto found = sql_.find(end, from);
    at_ = found == std::string_view::npos ? sql_.size() : found + end.size();
  }
  bool skip_comment() {
    const auto two = sql_.substr(at_, 2);
    if (two == "--")
      go_behind("\n", at_ + 2);
    else if (two == "/*")
      go_behind("*/", at_ + 2);
    else
      return false;
    return true;
  }
  // A quote that is doubled ends one piece and begins the next: the same for finding the end.
  void skip_statement() {
    while (at_ < sql_.size() && sql_[at_] != ';') {
      const char c = sql_[at_];
      if (skip_comment()) continue;
      if (c == '\'' || c == '"' || c == '`')
        go_behind(std::string_view(&c, 1), at_ + 1);
      else if (c == '[')
        go_behind("]", at_ + 1);
      else
        ++at_;
    }
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

}  // namespace

// A trigger's body has semicolons of its own: its END is a refusal too many, never one too few.
void refuse_transaction_control(const std::string& sql) {
  static constexpr std::array words{"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"};
  StatementStarts statements(sql);
  while (const auto word = statements.next()) {
    if (std::find(words.begin(), words.end(), *word) != words.end())
      throw Error(errc::invalid_argument, *word + " inside a transaction: use commit(), rollback() and savepoint()");
  }
}

void copy_to(Connection& connection, const std::string& path) {
  BackupTarget target(path);
  sqlite3_backup* backup = sqlite3_backup_init(target.handle(), "main", connection.raw(), "main");
  if (backup == nullptr) throw make_error(sqlite3_extended_errcode(target.handle()), sqlite3_errmsg(target.handle()));
  // The source is held for the whole copy, which is one state of it; writers go on in the log.
  connection.execute("BEGIN");
  int result = SQLITE_OK;
  while (result == SQLITE_OK) {
    if (connection.interrupted()) {
      result = SQLITE_INTERRUPT;
      break;
    }
    result = sqlite3_backup_step(backup, 1024);
  }
  const int finished = sqlite3_backup_finish(backup);
  connection.roll_back();
  if (result == SQLITE_INTERRUPT) throw make_error(SQLITE_INTERRUPT, "interrupted");
  if (result != SQLITE_DONE || finished != SQLITE_OK)
    throw make_error(result == SQLITE_DONE ? finished : result, sqlite3_errmsg(target.handle()));
}

}  // namespace weir::sqlite
