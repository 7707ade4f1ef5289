// sq-1: point reads, one at a time and from 64 tasks, as Records and as rows of the native API.
// usage: sqlite_read FILE SECONDS
#include "sqlite_common.hpp"

#include <weir/sqlite.hpp>

namespace {

weir::awaitable<void> read_records(weir::AsyncDatabase db, double seconds, const bench::Measurement* watch,
                                   std::size_t* total, std::uint32_t seed) {
  bench::Keys keys(seed);
  while (watch->seconds() < seconds) {
    for (int k = 0; k < 50; ++k) {
      const auto found = co_await db.read(bench::key(keys.next()));
      if (!found) std::abort();
      ++*total;
    }
  }
}

weir::awaitable<void> read_rows(weir::AsyncDatabase db, double seconds, const bench::Measurement* watch,
                                std::size_t* total, std::uint32_t seed) {
  const auto native = db.native<weir::SqliteDatabase>();
  bench::Keys keys(seed);
  while (watch->seconds() < seconds) {
    for (int k = 0; k < 50; ++k) {
      const auto rows = co_await native.query("SELECT id, fields, metadata, version FROM records WHERE id = ?1",
                                              bench::key(keys.next()));
      if (rows.size() != 1) std::abort();
      ++*total;
    }
  }
}

weir::awaitable<void> measure(std::string file, double seconds, std::string options, std::string suffix,
                              decltype(&read_records) reads) {
  auto db = co_await weir::AsyncDatabase::open(bench::url(file, options));
  for (const int tasks : {1, 64}) {
    std::size_t total = 0;
    const bench::Measurement watch;
    auto task = [&](int i) { return reads(db, seconds, &watch, &total, 12345U + static_cast<unsigned>(i)); };
    co_await bench::all(tasks, task);
    watch.report(((tasks == 1 ? "point_read" : "point_read_64tasks") + suffix).c_str(), static_cast<double>(total));
  }
  co_await db.close();
}

weir::awaitable<void> prepare(std::string file) {
  auto db = co_await weir::AsyncDatabase::open(bench::url(file));
  co_await db.create_batch(bench::records());
  co_await db.close();
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  const std::string file = arguments[1];
  const double seconds = std::atof(arguments[2]);
  bench::remove_files(file);
  bench::apart([&] { bench::run(prepare(file)); });
  bench::run(measure(file, seconds, "", "", read_records));
  bench::run(measure(file, seconds, "", "_row", read_rows));
  bench::run(measure(file, seconds, "inline_reads=true", "_inline", read_records));
}
