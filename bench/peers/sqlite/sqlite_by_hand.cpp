// What a program without the library would write: SQLite's C interface on one thread, nlohmann::json for the records,
// and the table that the library makes. Beside it two floors on that table: cases with `_text` look at the columns
// only, those with `_codec` convert them with the library's own parser and writer: what a Record costs without a
// handle, a coroutine and threads around it. usage: sqlite_by_hand FILE SECONDS   (FILE is recreated)
#include "backends/sqlite/codec.hpp"
#include "sqlite_common.hpp"

#include <sqlite3.h>

#include <functional>
#include <string>
#include <string_view>

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
    if (sqlite3_open_v2(file.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        nullptr) != SQLITE_OK)
      fail();
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384");
    run("CREATE TABLE IF NOT EXISTS records (id TEXT NOT NULL PRIMARY KEY, fields TEXT NOT NULL, metadata TEXT NOT "
        "NULL DEFAULT "
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
  enum class Form { text, codec, by_hand };
  void write(sqlite3_stmt* statement, const weir::Record& record, Form form = Form::by_hand) {
    const std::string fields = form == Form::codec ? weir::sqlite::encode_fields(record.fields) : record.fields.dump();
    const std::string metadata = "{}";
    bind(statement, 1, record.id);
    bind(statement, 2, fields);
    bind(statement, 3, metadata);
    sqlite3_bind_int64(statement, 4, ++version_);
    step(statement);
    sqlite3_reset(statement);
  }
  // What the row comes to, so that nothing is left out.
  static std::size_t read(sqlite3_stmt* statement, Form form) {
    const auto text = [statement](int column) {
      return std::string_view(reinterpret_cast<const char*>(sqlite3_column_text(statement, column)),
                              static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    };
    weir::sqlite::Row columns;
    columns.id = text(0);
    columns.fields = text(1);
    columns.metadata = text(2);
    columns.version = sqlite3_column_int64(statement, 3);
    if (form == Form::text) return columns.fields.size();
    if (form == Form::codec) return weir::sqlite::decode(columns).fields.size();
    Row row;
    row.id = columns.id;
    row.fields = json::parse(columns.fields);
    if (columns.metadata != "{}") row.metadata = json::parse(columns.metadata);
    row.version = std::to_string(columns.version);
    return row.fields.size();
  }

 private:
  [[noreturn]] void fail() {
    std::fprintf(stderr, "%s\n", sqlite3_errmsg(handle_));
    std::exit(1);
  }
  sqlite3* handle_ = nullptr;
  std::int64_t version_ = 0;
};

void repeat(const std::string& name, double seconds, const std::function<std::size_t()>& body) {
  std::size_t total = 0;
  const bench::Measurement watch;
  do {
    total += body();
  } while (watch.seconds() < seconds);
  watch.report(name.c_str(), static_cast<double>(total), "by hand");
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

using Form = Store::Form;
struct Variant {
  Form form;
  const char* suffix;
};
constexpr Variant variants[] = {{Form::by_hand, ""}, {Form::codec, "_codec"}, {Form::text, "_text"}};

void insert_all(const std::string& file, const Variant& variant) {
  bench::remove_files(file);
  Store store(file);
  auto all = bench::records();
  sqlite3_stmt* statement = store.prepare(insert);
  repeat(std::string("insert_txn_100k") + variant.suffix, 0, [&] {
    store.run("BEGIN");
    for (const auto& record : all) store.write(statement, record, variant.form);
    store.run("COMMIT");
    all.clear();
    return static_cast<std::size_t>(record_count);
  });
  sqlite3_finalize(statement);
}

void read_all(Store& store, double seconds, const Variant& variant) {
  Keys keys;
  sqlite3_stmt* by_id = store.prepare("SELECT id, fields, metadata, version FROM records WHERE id = ?1");
  repeat(std::string("point_read") + variant.suffix, seconds, [&] {
    for (int k = 0; k < 50; ++k) {
      const std::string id = bench::key(keys.next());
      store.bind(by_id, 1, id);
      if (!store.step(by_id) || Store::read(by_id, variant.form) == 0) std::abort();
      sqlite3_reset(by_id);
    }
    return std::size_t{50};
  });
  sqlite3_finalize(by_id);
  sqlite3_stmt* everything = store.prepare("SELECT id, fields, metadata, version FROM records");
  repeat(std::string("scan") + variant.suffix, seconds, [&] {
    std::size_t rows = 0;
    for (; store.step(everything); ++rows) Store::read(everything, variant.form);
    sqlite3_reset(everything);
    return rows;
  });
  sqlite3_finalize(everything);
}

void write_all(Store& store, double seconds) {
  Keys keys;
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
}

void filter_all(Store& store, double seconds, const Variant& variant) {
  Keys keys;
  sqlite3_stmt* indexed = store.prepare(
      "SELECT id, fields, metadata, version FROM records WHERE json_extract(fields, '$.value') BETWEEN ?1 AND ?1 + 9 "
      "ORDER BY id");
  repeat(std::string("json_filter_indexed_10rows") + variant.suffix, seconds, [&] {
    sqlite3_bind_int(indexed, 1, keys.next());
    while (store.step(indexed)) Store::read(indexed, variant.form);
    sqlite3_reset(indexed);
    return std::size_t{1};
  });
  sqlite3_finalize(indexed);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  const std::string file = arguments[1];
  const double seconds = std::atof(arguments[2]);
  bench::apart([&] { insert_all(file, {Form::codec, "_codec"}); });
  bench::apart([&] { insert_all(file, {Form::by_hand, ""}); });
  Store store(file);
  for (const Variant& variant : variants) read_all(store, seconds, variant);
  write_all(store, seconds);
  store.run("CREATE INDEX by_value ON records (json_extract(fields, '$.value'))");
  for (const Variant& variant : variants) filter_all(store, seconds, variant);
}
