// What a program without the library would write: SQLite's C interface on one thread, nlohmann::json for the records,
// and the table that the library makes. usage: sqlite_by_hand FILE SECONDS   (FILE is recreated)
#include "sqlite_common.hpp"

#include <sqlite3.h>

#include <functional>
#include <optional>

namespace {

using bench::Keys;
using bench::record_count;
using nlohmann::json;

struct Row {
  std::string id;
  json fields;
  json metadata;
  std::string version;
};

class Store {
 public:
  explicit Store(const std::string& file) {
    bench::remove_files(file);
    if (sqlite3_open_v2(file.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        nullptr) != SQLITE_OK)
      fail();
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384");
    run("CREATE TABLE records (id TEXT NOT NULL PRIMARY KEY, fields TEXT NOT NULL, metadata TEXT NOT NULL DEFAULT "
        "'{}', "
        "version INTEGER NOT NULL)");
  }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store() { sqlite3_close_v2(handle_); }

  void run(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
  }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) fail();
    return statement;
  }
  bool step(sqlite3_stmt* statement) {
    const int result = sqlite3_step(statement);
    if (result != SQLITE_ROW && result != SQLITE_DONE) fail();
    return result == SQLITE_ROW;
  }
  void bind(sqlite3_stmt* statement, int index, const std::string& text) {
    if (sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC) != SQLITE_OK)
      fail();
  }
  void write(sqlite3_stmt* statement, const weir::Record& record) {
    const std::string fields = record.fields.dump();
    const std::string metadata = "{}";
    bind(statement, 1, record.id);
    bind(statement, 2, fields);
    bind(statement, 3, metadata);
    sqlite3_bind_int64(statement, 4, ++version_);
    step(statement);
    sqlite3_reset(statement);
  }
  static Row read(sqlite3_stmt* statement) {
    const auto text = [statement](int column) {
      return std::string_view(reinterpret_cast<const char*>(sqlite3_column_text(statement, column)),
                              static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    };
    Row row;
    row.id = text(0);
    row.fields = json::parse(text(1));
    if (text(2) != "{}") row.metadata = json::parse(text(2));
    row.version = std::to_string(sqlite3_column_int64(statement, 3));
    return row;
  }

 private:
  [[noreturn]] void fail() {
    std::fprintf(stderr, "%s\n", sqlite3_errmsg(handle_));
    std::exit(1);
  }
  sqlite3* handle_ = nullptr;
  std::int64_t version_ = 0;
};

void repeat(const char* name, double seconds, const std::function<std::size_t()>& body) {
  std::size_t total = 0;
  const bench::Measurement watch;
  do {
    total += body();
  } while (watch.seconds() < seconds);
  watch.report(name, static_cast<double>(total), "by hand");
}

constexpr const char* insert = "INSERT INTO records (id, fields, metadata, version) VALUES (?1, ?2, ?3, ?4)";
constexpr const char* upsert =
    "INSERT INTO records (id, fields, metadata, version) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO UPDATE SET fields "
    "= "
    "excluded.fields, metadata = excluded.metadata, version = excluded.version";

weir::Record small_record(int i) {
  weir::Record record;
  record.id = bench::key(i);
  record.fields = {{"name", "name-" + std::to_string(i)}, {"value", i}, {"score", i * 0.5}};
  return record;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  const double seconds = std::atof(arguments[2]);
  Store store(arguments[1]);
  {
    auto all = bench::records();
    sqlite3_stmt* statement = store.prepare(insert);
    repeat("insert_txn_100k", 0, [&] {
      store.run("BEGIN");
      for (const auto& record : all) store.write(statement, record);
      store.run("COMMIT");
      all.clear();
      return static_cast<std::size_t>(record_count);
    });
    sqlite3_finalize(statement);
  }
  Keys keys;
  sqlite3_stmt* by_id = store.prepare("SELECT id, fields, metadata, version FROM records WHERE id = ?1");
  repeat("point_read", seconds, [&] {
    for (int k = 0; k < 50; ++k) {
      const std::string id = bench::key(keys.next());
      store.bind(by_id, 1, id);
      std::optional<Row> row;
      if (store.step(by_id)) row = Store::read(by_id);
      sqlite3_reset(by_id);
      if (!row) std::abort();
    }
    return std::size_t{50};
  });
  sqlite3_finalize(by_id);
  sqlite3_stmt* everything = store.prepare("SELECT id, fields, metadata, version FROM records");
  repeat("scan", seconds, [&] {
    std::size_t rows = 0;
    for (; store.step(everything); ++rows) Store::read(everything);
    sqlite3_reset(everything);
    return rows;
  });
  sqlite3_finalize(everything);
  int next = record_count;
  for (const std::size_t group : {std::size_t{1}, std::size_t{64}}) {
    const auto in_groups = [&](const char* name, sqlite3_stmt* statement, const std::function<int()>& number) {
      repeat(name, seconds, [&] {
        if (group > 1) store.run("BEGIN IMMEDIATE");
        for (std::size_t k = 0; k < group; ++k) store.write(statement, small_record(number()));
        if (group > 1) store.run("COMMIT");
        return group;
      });
      sqlite3_finalize(statement);
    };
    in_groups(group == 1 ? "write_autocommit_wal_normal" : "write_64_per_commit", store.prepare(upsert),
              [&] { return keys.next(); });
    in_groups(group == 1 ? "create_autocommit" : "create_64_per_commit", store.prepare(insert), [&] { return next++; });
  }
  store.run("CREATE INDEX by_value ON records (json_extract(fields, '$.value'))");
  sqlite3_stmt* indexed = store.prepare(
      "SELECT id, fields, metadata, version FROM records WHERE json_extract(fields, '$.value') BETWEEN ?1 AND ?1 + 9 "
      "ORDER BY id");
  repeat("json_filter_indexed_10rows", seconds, [&] {
    sqlite3_bind_int(indexed, 1, keys.next());
    std::vector<Row> rows;
    while (store.step(indexed)) rows.push_back(Store::read(indexed));
    sqlite3_reset(indexed);
    return std::size_t{1};
  });
  sqlite3_finalize(indexed);
}
