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

struct Case {
  const char* name;
  Body body;
  bool indexed;
};
constexpr Case cases[] = {{"scan", scan, false},
                          {"scan_rows", scan_rows, false},
                          {"json_filter_scan_noindex", count_without_index, false},
                          {"json_filter_indexed_10rows", search_indexed, true},
                          {"json_filter_indexed_10rows_stream", stream_indexed, true}};

weir::awaitable<void> prepare(std::string file) {
  auto db = co_await weir::AsyncDatabase::open(bench::url(file));
  co_await db.create_batch(bench::records());
  co_await db.close();
}

weir::awaitable<void> measure(std::string file, double seconds, std::string_view only) {
  auto plain = co_await weir::AsyncDatabase::open(bench::url(file));
  auto indexed = co_await weir::AsyncDatabase::open(bench::url(file, "index=value"));
  for (const Case& each : cases) {
    if (!only.empty() && only != each.name) continue;
    if (each.indexed) co_await indexed.ping();  // makes the index
    bench::Keys keys;
    std::size_t total = 0;
    const bench::Measurement watch;
    do {
      total += co_await each.body(each.indexed ? indexed : plain, keys);
    } while (watch.seconds() < seconds);
    watch.report(each.name, static_cast<double>(total));
  }
  co_await plain.close();
  co_await indexed.close();
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  bench::remove_files(arguments[1]);
  bench::apart([&] { bench::run(prepare(arguments[1])); });
  bench::run(measure(arguments[1], std::atof(arguments[2]), count > 3 ? arguments[3] : ""));
}
