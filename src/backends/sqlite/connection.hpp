#pragma once

// sqlite3 and sqlite3_stmt as objects: everything of SQLite's C interface that reads or writes goes through here. A
// connection is used by one thread at a time.

#include "backends/sqlite/value.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace weir::sqlite {

class Connection;

// A prepared statement; throws Error. Columns are numbered from 0, parameters from 1.
class Statement {
 public:
  Statement(Connection& connection, std::string_view sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  void bind(int index, std::int64_t value);
  // The text has to live until the next reset.
  void bind_text(int index, std::string_view text);
  void bind_null(int index);
  // A copy of the value is kept where it has to live on.
  void bind(int index, const Value& value);
  void bind_all(const std::vector<Value>& values);

  // True when a row is there, false at the end.
  bool step();
  void reset() noexcept;
  void clear() noexcept;

  int columns() const noexcept;
  int type(int column) const noexcept;
  bool is_null(int column) const noexcept;
  std::int64_t integer(int column) const noexcept;
  double real(int column) const noexcept;
  // Valid until the next step or reset.
  std::string_view text(int column) const;
  std::string_view blob(int column) const;
  std::string name(int column) const;
  bool read_only() const noexcept;
  int parameters() const noexcept;
  // What followed the first statement in the SQL that was given.
  const std::string& rest() const noexcept { return rest_; }
  sqlite3_stmt* raw() const noexcept { return statement_; }

 private:
  friend class Connection;
  void check(int result) const;

  Connection& connection_;
  sqlite3_stmt* statement_ = nullptr;
  std::string rest_;
};

// A cached statement in use: reset when it goes out of scope.
class StatementUse {
 public:
  StatementUse(Connection& connection, std::string_view sql);
  StatementUse(const StatementUse&) = delete;
  StatementUse& operator=(const StatementUse&) = delete;
  ~StatementUse();
  Statement* operator->() const noexcept { return statement_; }
  Statement& operator*() const noexcept { return *statement_; }

 private:
  Statement* statement_;
  bool* in_use_ = nullptr;          // of the cached one
  std::unique_ptr<Statement> own_;  // the cached one was in use already
};

struct ConnectionSettings {
  ConnectionSettings() = default;
  std::string path;
  std::string vfs;  // empty: the default one
  bool read_only = false;
  bool create = true;
  bool query_only = false;  // a reader's connection to a file that may be written
  std::string synchronous = "normal";
  std::string journal_mode = "wal";
  bool foreign_keys = true;
  std::uint64_t cache_bytes = 0;
  std::uint64_t mmap_bytes = 0;
  std::size_t statement_cache = 256;
};

class Connection {
 public:
  // Asked while another process holds the lock: how long it has taken so far, and whether to go on waiting.
  using BusyHandler = std::function<bool(std::chrono::nanoseconds waited)>;

  Connection(const ConnectionSettings& settings, BusyHandler busy);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Runs statements that give no rows anybody wants.
  void execute(const char* sql);
  void execute(const std::string& sql) { execute(sql.c_str()); }
  bool in_transaction() const noexcept;
  // Rolls back what is open; never throws.
  void roll_back() noexcept;
  std::int64_t changes() const noexcept;
  // Makes the running statement end with SQLITE_INTERRUPT; callable from any thread while the connection lives.
  void interrupt() noexcept;
  // The next job begins with a clean state.
  void clear_interrupt() noexcept { interrupted_.store(false, std::memory_order_relaxed); }
  bool interrupted() const noexcept { return interrupted_.load(std::memory_order_relaxed); }
  // Pages in the write-ahead log after the last commit of this connection.
  int wal_pages() const noexcept { return wal_pages_; }
  // Copies the log into the file as far as readers let it. Never waits.
  void checkpoint_passive() noexcept;

  // Throws what SQLite, or one of our functions inside it, has to say.
  [[noreturn]] void fail(int result);
  // Drops prepared statements, so that the file can be closed or the schema be read again.
  void drop_statements() noexcept;
  sqlite3* raw() const noexcept { return handle_; }

 private:
  friend class StatementUse;
  struct Cached {
    explicit Cached(Connection& connection, std::string_view text) : sql(text), statement(connection, sql) {}
    std::string sql;
    Statement statement;
    bool in_use = false;
  };

  void configure(const ConnectionSettings& settings);
  void set_journal_mode(const std::string& mode);

  sqlite3* handle_ = nullptr;
  BusyHandler busy_;
  std::chrono::steady_clock::time_point busy_since_;
  std::atomic<bool> interrupted_ = false;  // also between two statements, where SQLite forgets it
  int wal_pages_ = 0;
  std::exception_ptr failure_;  // of one of our SQL functions
  std::size_t cache_limit_;
  std::list<Cached> cache_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Cached>::iterator> by_sql_;
};

// While it lives, `over` is asked every so many instructions of SQLite's virtual machine; once it says yes, the
// statement fails with SQLITE_INTERRUPT, and `passed` tells why. Only that one: those that clean up after it are run.
// One at a time on a connection; what it is given outlives it.
class StatementLimit {
 public:
  StatementLimit(Connection& connection, int instructions, std::function<bool()> over, bool& passed);
  StatementLimit(const StatementLimit&) = delete;
  StatementLimit& operator=(const StatementLimit&) = delete;
  ~StatementLimit();

 private:
  static int ask(void* self) noexcept;
  Connection& connection_;
  const std::function<bool()> over_;
  bool& passed_;
};

}  // namespace weir::sqlite
