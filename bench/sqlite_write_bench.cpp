// sq-3: single writes, each acknowledged after its commit, from one task and from 64. usage: sqlite_write FILE SECONDS
// [TASKS]
#include "sqlite_common.hpp"

namespace {

weir::awaitable<void> write_many(weir::AsyncDatabase db, double seconds, const bench::Measurement* watch, long* total,
                                 std::uint32_t seed) {
  bench::Keys keys(seed);
  while (watch->seconds() < seconds) {
    for (int k = 0; k < 10; ++k) {
      const int i = keys.next();
      weir::Record record;
      record.id = bench::key(i);
      record.fields = {{"name", "name-" + std::to_string(i)}, {"value", i}, {"score", i * 0.5}};
      co_await db.upsert(std::move(record));
      ++*total;
    }
  }
}

// New records, whose keys grow.
weir::awaitable<void> create_many(weir::AsyncDatabase db, double seconds, const bench::Measurement* watch, long* total,
                                  int* next) {
  while (watch->seconds() < seconds) {
    for (int k = 0; k < 10; ++k) {
      const int i = (*next)++;
      weir::Record record;
      record.id = bench::key(i);
      record.fields = {{"name", "name-" + std::to_string(i)}, {"value", i}, {"score", i * 0.5}};
      co_await db.create(std::move(record));
      ++*total;
    }
  }
}

weir::awaitable<void> prepare(std::string file) {
  auto db = co_await weir::AsyncDatabase::open(bench::url(file));
  co_await db.create_batch(bench::records());
  co_await db.close();
}

weir::awaitable<void> measure(std::string file, double seconds, std::vector<int> counts) {
  auto db = co_await weir::AsyncDatabase::open(bench::url(file));
  int next = bench::record_count;
  for (const int tasks : counts) {
    long total = 0;
    const bench::Measurement watch;
    auto task = [&](int i) { return write_many(db, seconds, &watch, &total, 12345U + static_cast<unsigned>(i)); };
    co_await bench::all(tasks, task);
    const std::string suffix = tasks == 1 ? "" : "_" + std::to_string(tasks) + "tasks";
    watch.report(("write_autocommit_wal_normal" + suffix).c_str(), static_cast<double>(total));
    total = 0;
    const bench::Measurement creates;
    auto create = [&](int) { return create_many(db, seconds, &creates, &total, &next); };
    co_await bench::all(tasks, create);
    creates.report(("create_autocommit" + suffix).c_str(), static_cast<double>(total));
  }
  co_await db.close();
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  std::vector<int> counts{1, 64, 512};
  if (count > 3) counts = {std::atoi(arguments[3])};
  bench::remove_files(arguments[1]);
  bench::apart([&] { bench::run(prepare(arguments[1])); });
  bench::run(measure(arguments[1], std::atof(arguments[2]), std::move(counts)));
}
