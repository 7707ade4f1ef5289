#include "backends/sqlite/connection.hpp"

#include "backends/sqlite/error.hpp"
#include "backends/sqlite/functions.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace weir::sqlite {

const char* kind_of(const Value& value) noexcept {
  static constexpr const char* names[] = {"null", "integer", "real", "text", "blob", "filter", "sort key"};
  return names[value.index()];
}

namespace {

int checked_size(std::size_t size) {
  if (size > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw make_error(SQLITE_TOOBIG, "a value is larger than 2 GiB");
  return static_cast<int>(size);
}

template <class T>
void destroy_shared(void* pointer) {
  delete static_cast<std::shared_ptr<const T>*>(pointer);
}

}  // namespace

Statement::Statement(Connection& connection, std::string_view sql) : connection_(connection) {
  const char* tail = nullptr;
  const int result = sqlite3_prepare_v3(connection.raw(), sql.data(), checked_size(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement_, &tail);
  if (result != SQLITE_OK) connection.fail(result);
  rest_.assign(tail, sql.data() + sql.size());
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::check(int result) const {
  if (result != SQLITE_OK) connection_.fail(result);
}

void Statement::bind(int index, std::int64_t value) { check(sqlite3_bind_int64(statement_, index, value)); }

void Statement::bind_text(int index, std::string_view text) {
  check(sqlite3_bind_text64(statement_, index, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_STATIC,
                            SQLITE_UTF8));
}

void Statement::bind_null(int index) { check(sqlite3_bind_null(statement_, index)); }

void Statement::bind(int index, const Value& value) {
  struct Binder {
    sqlite3_stmt* statement;
    int index;
    int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
    int operator()(std::int64_t number) const { return sqlite3_bind_int64(statement, index, number); }
    int operator()(double number) const { return sqlite3_bind_double(statement, index, number); }
    int operator()(const std::string& text) const {
      return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    int operator()(const Bytes& bytes) const {
      if (bytes.empty()) return sqlite3_bind_zeroblob(statement, index, 0);
      return sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
    }
    int operator()(const std::shared_ptr<const FilterProgram>& filter) const {
      return sqlite3_bind_pointer(statement, index, new std::shared_ptr<const FilterProgram>(filter),
                                  filter_pointer_type, destroy_shared<FilterProgram>);
    }
    int operator()(const std::shared_ptr<const KeyProgram>& key) const {
      return sqlite3_bind_pointer(statement, index, new std::shared_ptr<const KeyProgram>(key), key_pointer_type,
                                  destroy_shared<KeyProgram>);
    }
  };
  check(std::visit(Binder{statement_, index}, value));
}

void Statement::bind_all(const std::vector<Value>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) bind(static_cast<int>(i) + 1, values[i]);
}

bool Statement::step() {
  if (connection_.interrupted()) throw make_error(SQLITE_INTERRUPT, "interrupted");
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  connection_.fail(result);
}

void Statement::reset() noexcept { sqlite3_reset(statement_); }

void Statement::clear() noexcept {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

int Statement::columns() const noexcept { return sqlite3_column_count(statement_); }
int Statement::type(int column) const noexcept { return sqlite3_column_type(statement_, column); }
bool Statement::is_null(int column) const noexcept { return type(column) == SQLITE_NULL; }
std::int64_t Statement::integer(int column) const noexcept { return sqlite3_column_int64(statement_, column); }
double Statement::real(int column) const noexcept { return sqlite3_column_double(statement_, column); }

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (data == nullptr) {
    if (type(column) != SQLITE_NULL) throw make_error(SQLITE_NOMEM, "out of memory");
    return {};
  }
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Statement::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string Statement::name(int column) const {
  const char* name = sqlite3_column_name(statement_, column);
  return name == nullptr ? std::string() : std::string(name);
}

bool Statement::read_only() const noexcept { return statement_ == nullptr || sqlite3_stmt_readonly(statement_) != 0; }
int Statement::parameters() const noexcept { return sqlite3_bind_parameter_count(statement_); }

StatementUse::StatementUse(Connection& connection, std::string_view sql) {
  auto& cache = connection.cache_;
  if (const auto found = connection.by_sql_.find(sql); found != connection.by_sql_.end()) {
    if (!found->second->in_use) {
      if (found->second != cache.begin()) cache.splice(cache.begin(), cache, found->second);
      in_use_ = &found->second->in_use;
      *in_use_ = true;
      statement_ = &found->second->statement;
      return;
    }
    own_ = std::make_unique<Statement>(connection, sql);
    statement_ = own_.get();
    return;
  }
  if (connection.cache_limit_ == 0) {
    own_ = std::make_unique<Statement>(connection, sql);
    statement_ = own_.get();
    return;
  }
  cache.emplace_front(connection, sql);
  in_use_ = &cache.front().in_use;
  *in_use_ = true;
  connection.by_sql_.emplace(cache.front().sql, cache.begin());
  statement_ = &cache.front().statement;
  if (cache.size() > connection.cache_limit_) {
    auto last = std::prev(cache.end());
    if (!last->in_use) {
      connection.by_sql_.erase(last->sql);
      cache.erase(last);
    }
  }
}

StatementUse::~StatementUse() {
  if (own_) return;
  statement_->clear();
  *in_use_ = false;
}

Connection::Connection(const ConnectionSettings& settings, BusyHandler busy)
    : busy_(std::move(busy)), cache_limit_(settings.statement_cache) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (settings.read_only) {
    flags |= SQLITE_OPEN_READONLY;
  } else {
    flags |= SQLITE_OPEN_READWRITE;
    if (settings.create) flags |= SQLITE_OPEN_CREATE;
  }
  const int result =
      sqlite3_open_v2(settings.path.c_str(), &handle_, flags, settings.vfs.empty() ? nullptr : settings.vfs.c_str());
  try {
    if (result != SQLITE_OK) {
      if (handle_ == nullptr) throw make_error(SQLITE_NOMEM, "out of memory");
      if ((result & 0xFF) == SQLITE_CANTOPEN && !settings.create && sqlite3_system_errno(handle_) == ENOENT)
        throw Error(errc::not_found, "the file is not there, and is not to be made (option create_if_missing)",
                    ErrorContext{}.server_code(std::to_string(result)));
      fail(result);
    }
    configure(settings);
  } catch (...) {
    drop_statements();
    sqlite3_close_v2(handle_);
    throw;
  }
}

Connection::~Connection() {
  drop_statements();
  sqlite3_close_v2(handle_);
}

void Connection::configure(const ConnectionSettings& settings) {
  sqlite3_busy_handler(
      handle_,
      [](void* self, int tries) -> int {
        auto& connection = *static_cast<Connection*>(self);
        const auto now = std::chrono::steady_clock::now();
        if (tries == 0) connection.busy_since_ = now;
        return connection.busy_ && connection.busy_(now - connection.busy_since_) ? 1 : 0;
      },
      this);
  // A file whose schema was made to attack its reader cannot reach the file's own pages
  // (https://www.sqlite.org/security.html); our functions are not for schemas at all (functions.cpp).
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_limit(handle_, SQLITE_LIMIT_WORKER_THREADS, 0);
  register_functions(handle_, &failure_);
  if (!settings.read_only && !settings.query_only) set_journal_mode(settings.journal_mode);
  execute("PRAGMA synchronous=" + settings.synchronous);
  // A log that a long stream made large gives its room back
  // (https://www.sqlite.org/pragma.html#pragma_journal_size_limit).
  execute("PRAGMA journal_size_limit=67108864");
  execute(settings.foreign_keys ? "PRAGMA foreign_keys=ON" : "PRAGMA foreign_keys=OFF");
  if (settings.cache_bytes != 0) execute("PRAGMA cache_size=-" + std::to_string(settings.cache_bytes / 1024 + 1));
  execute("PRAGMA mmap_size=" + std::to_string(settings.mmap_bytes));
  if (settings.query_only) execute("PRAGMA query_only=ON");
  sqlite3_wal_hook(
      handle_,
      [](void* self, sqlite3*, const char*, int pages) -> int {
        static_cast<Connection*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
}

// Several processes may do this to a new file at once. SQLite does not call the busy handler for the change of mode, so
// that the wait is done here (https://www.sqlite.org/wal.html, "Sometimes Queries Return SQLITE_BUSY").
void Connection::set_journal_mode(const std::string& mode) {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    try {
      Statement statement(*this, "PRAGMA journal_mode=" + mode);
      statement.step();
      return;
    } catch (const Error& error) {
      const bool busy = error.kind() == errc::unavailable;
      if (!busy || !busy_ || !busy_(std::chrono::steady_clock::now() - begin)) throw;
    }
  }
}

void Connection::execute(const char* sql) {
  const int result = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) fail(result);
}

bool Connection::in_transaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }

void Connection::roll_back() noexcept {
  // What was to interrupt the statement before may come late and interrupt this one.
  constexpr int most = 8;
  for (int i = 0; i < most && in_transaction(); ++i) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

std::int64_t Connection::changes() const noexcept { return sqlite3_changes64(handle_); }

void Connection::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_relaxed);
  sqlite3_interrupt(handle_);
}

void Connection::checkpoint_passive() noexcept {
  // What is in the way (a reader, another process) will be gone another time.
  sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

void Connection::fail(int result) {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  const int extended = sqlite3_extended_errcode(handle_);
  // Where SQLite itself has no word for it: the log's index, for example, could not be made longer.
  if ((extended & 0xFF) == SQLITE_IOERR) {
    const int system = sqlite3_system_errno(handle_);
    if (system == ENOSPC || system == EDQUOT) throw make_error(SQLITE_FULL, "no room left on the device");
  }
  throw make_error(extended == SQLITE_OK || extended == SQLITE_ROW || extended == SQLITE_DONE ? result : extended,
                   sqlite3_errmsg(handle_));
}

void Connection::drop_statements() noexcept {
  by_sql_.clear();
  cache_.clear();
}

// https://www.sqlite.org/c3ref/progress_handler.html
StatementLimit::StatementLimit(Connection& connection, int instructions, std::function<bool()> over, bool& passed)
    : connection_(connection), over_(std::move(over)), passed_(passed) {
  sqlite3_progress_handler(connection_.raw(), instructions, &StatementLimit::ask, this);
}

StatementLimit::~StatementLimit() { sqlite3_progress_handler(connection_.raw(), 0, nullptr, nullptr); }

int StatementLimit::ask(void* self) noexcept {
  auto& limit = *static_cast<StatementLimit*>(self);
  if (limit.passed_ || !limit.over_()) return 0;
  limit.passed_ = true;
  return 1;
}

}  // namespace weir::sqlite
