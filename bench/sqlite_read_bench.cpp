// sq-1: point reads, one at a time and from 64 tasks. usage: sqlite_read FILE SECONDS
#include "sqlite_common.hpp"

namespace {

weir::awaitable<void> read_many(weir::AsyncDatabase db, double seconds, const bench::Measurement* watch, long* total,
                                std::uint32_t seed) {
  bench::Keys keys(seed);
  while (watch->seconds() < seconds) {
    for (int k = 0; k < 50; ++k) {
      const auto found = co_await db.read(bench::key(keys.next()));
      if (!found) std::abort();
      ++*total;
    }
  }
}

weir::awaitable<void> measure(std::string file, double seconds, std::string options, std::string suffix) {
  auto db = co_await weir::AsyncDatabase::open(bench::url(file, options));
  long total = 0;
  {
    const bench::Measurement watch;
    co_await read_many(db, seconds, &watch, &total, 12345);
    watch.report(("point_read" + suffix).c_str(), static_cast<double>(total));
  }
  total = 0;
  const bench::Measurement watch;
  auto task = [&](int i) { return read_many(db, seconds, &watch, &total, 12345U + static_cast<unsigned>(i)); };
  co_await bench::all(64, task);
  watch.report(("point_read_64tasks" + suffix).c_str(), static_cast<double>(total));
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
  bench::run(prepare(file));
  bench::run(measure(file, seconds, "", ""));
  bench::run(measure(file, seconds, "inline_reads=true", "_inline"));
}
