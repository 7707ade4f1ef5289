#include "backends/sqlite/operations.hpp"

#include "backends/sqlite/error.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

namespace weir::sqlite {
namespace {

// Versions come from the clock in microseconds and never repeat in a process, so that a record that was removed and
// made again has another version than before. An update gives at least the old version plus one. The first of `count`
// that follow one another.
std::int64_t take_versions(std::size_t count) {
  static std::atomic<std::int64_t> last{0};
  const auto now =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch());
  const auto more = static_cast<std::int64_t>(count);
  std::int64_t before = last.load(std::memory_order_relaxed);
  std::int64_t first = 0;
  do {
    first = std::max<std::int64_t>(now.count(), before + 1);
  } while (!last.compare_exchange_weak(before, first + more - 1, std::memory_order_relaxed));
  return first;
}

Error already_exists() { return Error(errc::already_exists, "the id is stored already"); }
Error conflict() { return Error(errc::conflict, "the stored version differs from if_version"); }

// No row was changed by a statement that asked for a version: either there is none, or it has another version.
bool absent_or_conflict(Connection& connection, const TableStatements& sql, const std::string& id) {
  if (exists_one(connection, sql, id)) throw conflict();
  return false;
}

void check_size(const std::string& text) {
  constexpr std::size_t most = 1'000'000'000;  // SQLITE_MAX_LENGTH
  if (text.size() >= most) throw make_error(SQLITE_TOOBIG, "a record larger than 1 GB as text");
}

}  // namespace

TableStatements::TableStatements(const Table& table) {
  const std::string& name = table.quoted();
  const std::string by_id = " WHERE id = ?1";
  const std::string next = "version = max(version + 1, ?4)";
  read = "SELECT id, fields, metadata, version FROM " + name + by_id;
  exists = "SELECT 1 FROM " + name + by_id;
  version = "SELECT version FROM " + name + by_id;
  insert = "INSERT INTO " + name + " (id, fields, metadata, version) VALUES (?1, ?2, ?3, ?4)";
  upsert = insert +
           " ON CONFLICT (id) DO UPDATE SET fields = excluded.fields, metadata = excluded.metadata, "
           "version = max(version + 1, excluded.version)";
  insert += " ON CONFLICT (id) DO NOTHING";
  update = "UPDATE " + name + " SET fields = ?2, metadata = ?3, " + next + by_id;
  update_if = update + " AND version = ?5";
  patch = "UPDATE " + name + " SET fields = weir_patch(fields, ?2), " + next + by_id;
  patch_if = patch + " AND version = ?5";
  remove = "DELETE FROM " + name + by_id;
  remove_if = remove + " AND version = ?5";
}

std::optional<Record> read_one(Connection& connection, const TableStatements& sql, const std::string& id) {
  StatementUse statement(connection, sql.read);
  statement->bind_text(1, id);
  if (!statement->step()) return std::nullopt;
  return read_record(*statement);
}

bool exists_one(Connection& connection, const TableStatements& sql, const std::string& id) {
  StatementUse statement(connection, sql.exists);
  statement->bind_text(1, id);
  return statement->step();
}

std::vector<std::optional<Record>> read_many(Connection& connection, const TableStatements& sql,
                                             const std::vector<std::string>& ids) {
  std::vector<std::optional<Record>> records;
  records.reserve(ids.size());
  StatementUse statement(connection, sql.read);
  for (const std::string& id : ids) {
    statement->bind_text(1, id);
    records.push_back(statement->step() ? std::optional<Record>(read_record(*statement)) : std::nullopt);
    statement->reset();
  }
  return records;
}

namespace {

const std::string& statement_of(const TableStatements& sql, WriteKind kind, bool conditional) {
  switch (kind) {
    case WriteKind::create: return sql.insert;
    case WriteKind::upsert: return conditional ? sql.update_if : sql.upsert;
    case WriteKind::update: return conditional ? sql.update_if : sql.update;
    case WriteKind::patch: return conditional ? sql.patch_if : sql.patch;
    case WriteKind::remove: break;
  }
  return conditional ? sql.remove_if : sql.remove;
}

// Writes one record after another with the same statement.
class RecordWriter {
 public:
  RecordWriter(Connection& connection, const TableStatements& sql, WriteKind kind, bool conditional = false)
      : connection_(connection), kind_(kind), statement_(connection, statement_of(sql, kind, conditional)) {}

  // Whether a row was changed.
  bool write(const Record& record, std::int64_t version, std::optional<std::int64_t> expected = {}) {
    struct Reset {
      Statement& statement;
      ~Reset() { statement.reset(); }
    } reset{*statement_};
    // Kept from one record to the next, unless a huge one made it huge.
    thread_local std::string fields;
    if (fields.capacity() > (std::size_t{1} << 20)) fields = std::string();
    fields.clear();
    std::string metadata;
    statement_->bind_text(1, record.id);
    if (kind_ != WriteKind::remove) {
      encode_fields(record.fields, fields);
      check_size(fields);
      statement_->bind_text(2, fields);
      if (kind_ != WriteKind::patch) {
        metadata = encode_metadata(record.metadata);
        statement_->bind_text(3, metadata);
      }
      statement_->bind(4, version);
    }
    if (expected) statement_->bind(5, *expected);
    statement_->step();
    return connection_.changes() != 0;
  }

 private:
  Connection& connection_;
  const WriteKind kind_;
  StatementUse statement_;
};

}  // namespace

bool write_one(Connection& connection, const TableStatements& sql, WriteKind kind, const Record& record,
               const std::optional<std::string>& if_version) {
  std::optional<std::int64_t> expected;
  const bool conditional = if_version.has_value() && kind != WriteKind::create;
  if (conditional) {
    expected = parse_version(*if_version);
    if (!expected) {
      // No record ever had such a version.
      if (exists_one(connection, sql, record.id) || kind == WriteKind::upsert) throw conflict();
      return false;
    }
  }
  if (RecordWriter(connection, sql, kind, conditional).write(record, take_versions(1), expected)) return true;
  if (kind == WriteKind::create) throw already_exists();
  if (!conditional) return false;
  if (absent_or_conflict(connection, sql, record.id) || kind != WriteKind::upsert) return false;
  throw Error(errc::conflict, "the record is absent, if_version names a version of it");
}

void write_many(Connection& connection, const TableStatements& sql, WriteKind kind, std::vector<Record>& records,
                std::size_t begin, std::size_t end, bool collect, BatchResult& result) {
  result.ids.resize(end - begin);
  RecordWriter writer(connection, sql, kind);
  std::int64_t version = take_versions(end - begin);
  for (std::size_t i = begin; i < end; ++i) {
    Record& record = records[i];
    try {
      if (writer.write(record, version++)) {
        result.ids[i - begin] = std::move(record.id);
      } else if (kind == WriteKind::create) {
        throw already_exists();
      }
      // Taken apart while it is in the processor's cache: later it would have to be fetched again.
      const Record done = std::move(record);
    } catch (const Error& error) {
      // What concerns the file and not the item ends the batch.
      const bool of_item = error.kind() == errc::already_exists || error.kind() == errc::conflict ||
                           error.kind() == errc::too_large || error.kind() == errc::constraint_violation ||
                           error.kind() == errc::invalid_argument;
      if (!collect || !of_item || !connection.in_transaction()) throw;
      result.errors.emplace_back(i, std::move(record.id), error);
    }
  }
}

std::uint64_t count_all(Connection& connection, const Compiled& compiled) {
  StatementUse statement(connection, compiled.sql);
  statement->bind_all(compiled.values);
  if (!statement->step()) return 0;
  return static_cast<std::uint64_t>(statement->integer(0));
}

std::uint64_t change_all(Connection& connection, const Compiled& compiled) {
  StatementUse statement(connection, compiled.sql);
  statement->bind_all(compiled.values);
  statement->step();
  return static_cast<std::uint64_t>(connection.changes());
}

void ensure_table(Connection& connection, const TableContext& context) {
  if (!context.may_create) return;
  // Nothing is written, and no lock is asked for, where everything is there.
  const auto there = [&connection](const char* type, const std::string& name) {
    StatementUse statement(connection, "SELECT 1 FROM sqlite_schema WHERE type = ?1 AND name = ?2");
    statement->bind_text(1, type);
    statement->bind_text(2, name);
    return statement->step();
  };
  const Table& table = context.table;
  bool complete = there("table", table.name()) || there("view", table.name());
  for (const IndexedPath& index : table.indexes()) complete = complete && there("index", table.index_name(index));
  if (complete) return;
  connection.execute("BEGIN IMMEDIATE");
  try {
    for (const std::string& statement : table.schema()) connection.execute(statement);
    connection.execute("COMMIT");
  } catch (...) {
    connection.roll_back();
    throw;
  }
}

}  // namespace weir::sqlite
