// sq-2: 100,000 records in one create_batch. usage: sqlite_insert FILE
#include "sqlite_common.hpp"

namespace {

weir::awaitable<void> measure(std::string file, bool atomic) {
  bench::remove_files(file);
  auto db = co_await weir::AsyncDatabase::open(bench::url(file));
  co_await db.ping();
  auto records = bench::records();
  const bench::Measurement watch;
  co_await db.create_batch(std::move(records), weir::BatchOptions{}.atomic(atomic));
  watch.report(atomic ? "insert_txn_100k" : "insert_batch_100k", bench::record_count);
  co_await db.close();
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return 2;
  bench::run(measure(arguments[1], true));
  bench::run(measure(arguments[1], false));
}
