// sq-4: scans and filters. usage: sqlite_scan FILE SECONDS [CASE]
#include "sqlite_common.hpp"

#include <weir/sqlite.hpp>

#include <string_view>

namespace {

using Body = weir::awaitable<std::size_t> (*)(weir::AsyncDatabase, bench::Keys&);

weir::awaitable<std::size_t> scan(weir::AsyncDatabase db, bench::Keys&) {
  std::size_t total = 0;
  auto stream = db.stream();
  for (;;) {
    const auto batch = co_await stream.next_batch();
    if (batch.empty()) co_return total;
    total += batch.size();
  }
}

weir::awaitable<std::size_t> scan_rows(weir::AsyncDatabase db, bench::Keys&) {
  const auto rows = co_await db.native<weir::SqliteDatabase>().query("SELECT id, fields, metadata FROM records");
  co_return rows.size();
}

weir::awaitable<std::size_t> count_without_index(weir::AsyncDatabase db, bench::Keys& keys) {
  const int low = keys.next();
  weir::Query query(weir::field("value").between(low, low + 100));
  co_await db.count(query);
  co_return 1;
}

weir::awaitable<std::size_t> search_indexed(weir::AsyncDatabase db, bench::Keys& keys) {
  for (int k = 0; k < 20; ++k) {
    const int low = keys.next();
    weir::Query query(weir::field("value").between(low, low + 9));
    co_await db.search(query);
  }
  co_return 20;
}

weir::awaitable<std::size_t> stream_indexed(weir::AsyncDatabase db, bench::Keys& keys) {
  for (int k = 0; k < 20; ++k) {
    const int low = keys.next();
    weir::Query query(weir::field("value").between(low, low + 9));
    auto stream = db.stream(query);
    while (!(co_await stream.next_batch()).empty()) {
    }
  }
  co_return 20;
}

enum Handle { plain, indexed, indexed_inline };
struct Case {
  const char* name;
  Body body;
  Handle handle;
};
constexpr Case cases[] = {{"scan", scan, plain},
                          {"scan_rows", scan_rows, plain},
                          {"json_filter_scan_noindex", count_without_index, plain},
                          {"json_filter_indexed_10rows", search_indexed, indexed},
                          {"json_filter_indexed_10rows_inline", search_indexed, indexed_inline},
                          {"json_filter_indexed_10rows_stream", stream_indexed, indexed}};

weir::awaitable<void> prepare(std::string file) {
  auto db = co_await weir::AsyncDatabase::open(bench::url(file));
  co_await db.create_batch(bench::records());
  co_await db.close();
}

weir::awaitable<void> measure(std::string file, double seconds, std::string_view only) {
  std::vector<weir::AsyncDatabase> handles;
  for (const char* options : {"", "index=value", "index=value&inline_reads=true"})
    handles.push_back(co_await weir::AsyncDatabase::open(bench::url(file, options)));
  for (const Case& each : cases) {
    if (!only.empty() && only != each.name) continue;
    const weir::AsyncDatabase& db = handles[each.handle];
    co_await db.ping();  // makes the index
    bench::Keys keys;
    std::size_t total = 0;
    const bench::Measurement watch;
    do {
      total += co_await each.body(db, keys);
    } while (watch.seconds() < seconds);
    watch.report(each.name, static_cast<double>(total));
  }
  for (const auto& db : handles) co_await db.close();
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  bench::remove_files(arguments[1]);
  bench::apart([&] { bench::run(prepare(arguments[1])); });
  bench::run(measure(arguments[1], std::atof(arguments[2]), count > 3 ? arguments[3] : ""));
}
