// pg-5, pg-6: many rows and documents at once.
//
//   postgresql_write_bench create_batch N [atomic]     documents through the library
//   postgresql_write_bench copy_rows N                 COPY in binary, by rows
#include "postgresql_common.hpp"

namespace {

weir::awaitable<void> create_batch(unsigned count, bool atomic) {
  auto db = co_await weir::AsyncDatabase::open(bench::postgres_url("table=bench_made&timeout=120s"));
  auto sql = db.native<weir::PostgresDatabase>();
  co_await sql.execute("TRUNCATE bench_made");
  std::vector<weir::Record> records;
  for (unsigned i = 0; i < count; ++i) records.push_back(bench::document(i));
  const auto options = weir::BatchOptions().atomic(atomic);
  const bench::Stopwatch watch;
  const auto result = co_await db.create_batch(std::move(records), options);
  if (result.succeeded() != count) std::abort();
  bench::report("weir", "create_batch", count, watch);
  co_await db.close();
}

weir::awaitable<void> copy_rows(std::int32_t count) {
  auto db = co_await weir::AsyncDatabase::open(bench::postgres_url());
  auto sql = db.native<weir::PostgresDatabase>();
  co_await sql.execute("TRUNCATE bench_sink");
  const auto base = weir::PostgresTime(std::chrono::seconds(1'700'000'000));
  const bench::Stopwatch watch;
  auto in = co_await sql.copy_in("COPY bench_sink FROM STDIN (FORMAT binary)");
  char name[32];
  for (std::int32_t i = 0; i < count; ++i) {
    std::snprintf(name, sizeof name, "name-%011d", i);
    if (in.add_row(i, name, i * 0.5, weir::PostgresTime(base + std::chrono::seconds(i)))) co_await in.flush();
  }
  const auto stored = co_await in.finish();
  if (stored != static_cast<std::uint64_t>(count)) std::abort();
  bench::report("weir", "copy_in", count, watch);
  co_await db.close();
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  const std::string mode = arguments[1];
  const int size = std::atoi(arguments[2]);
  if (mode == "copy_rows")
    bench::run(copy_rows(size));
  else
    bench::run(create_batch(static_cast<unsigned>(size), count > 3));
}
