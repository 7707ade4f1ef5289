// sq-4: scans and filters. usage: sqlite_scan FILE SECONDS
#include "sqlite_common.hpp"

#include <weir/sqlite.hpp>

namespace {

weir::awaitable<void> measure(std::string file, double seconds) {
  bench::remove_files(file);
  auto db = co_await weir::AsyncDatabase::open("sqlite:" + file);
  co_await db.create_batch(bench::records());
  {
    long total = 0;
    const bench::Measurement watch;
    do {
      auto stream = db.stream();
      for (;;) {
        const auto batch = co_await stream.next_batch();
        if (batch.empty()) break;
        total += static_cast<long>(batch.size());
      }
    } while (watch.seconds() < seconds);
    watch.report("scan", static_cast<double>(total));
  }
  {
    long total = 0;
    auto& native = db.native<weir::SqliteDatabase>();
    const bench::Measurement watch;
    do {
      const auto rows = co_await native.query("SELECT id, fields, metadata FROM records");
      total += static_cast<long>(rows.size());
    } while (watch.seconds() < seconds);
    watch.report("scan_rows", static_cast<double>(total));
  }
  {
    long total = 0;
    bench::Keys keys;
    const bench::Measurement watch;
    do {
      const int low = keys.next();
      weir::Query query(weir::field("value").between(low, low + 100));
      co_await db.count(query);
      ++total;
    } while (watch.seconds() < seconds);
    watch.report("json_filter_scan_noindex", static_cast<double>(total));
  }
  co_await db.close();
  auto indexed = co_await weir::AsyncDatabase::open("sqlite:" + file + "?index=value");
  co_await indexed.ping();
  for (const bool by_id : {false, true}) {
    long total = 0;
    bench::Keys keys;
    const bench::Measurement watch;
    do {
      for (int k = 0; k < 20; ++k) {
        const int low = keys.next();
        weir::Query query(weir::field("value").between(low, low + 9));
        if (by_id) {
          co_await indexed.search(query);
        } else {
          auto stream = indexed.stream(query);
          while (!(co_await stream.next_batch()).empty()) {
          }
        }
        ++total;
      }
    } while (watch.seconds() < seconds);
    watch.report(by_id ? "json_filter_indexed_10rows" : "json_filter_indexed_10rows_stream",
                 static_cast<double>(total));
  }
  co_await indexed.close();
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  bench::run(measure(arguments[1], std::atof(arguments[2])));
}
