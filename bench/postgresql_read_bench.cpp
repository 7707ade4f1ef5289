// pg-1 to pg-4: point reads as rows and as Records, from one task or many, over one connection or a pool.
//
//   postgresql_read_bench rows|records TASKS CONNECTIONS SECONDS
//   postgresql_read_bench rows_batch|records_batch SECONDS       64 keys in one statement
#include "postgresql_common.hpp"

namespace {

using Time = std::chrono::steady_clock;

struct Work {
  weir::AsyncDatabase db;
  std::optional<weir::PostgresDatabase> sql;
  bool records = false;
  Time::time_point stop;
  std::size_t done = 0;
  std::vector<double> latencies;  // of one task
  bool timed = false;
};

weir::awaitable<void> read_on(Work* work, unsigned seed) {
  bench::KeyPicker pick(seed);
  auto now = Time::now();
  while (now < work->stop) {
    const unsigned i = pick(bench::row_count);
    if (work->records) {
      const auto found = co_await work->db.read(bench::key(i));
      if (!found || found->fields["value"] != i) std::abort();
    } else {
      co_await bench::read_row(*work->sql, static_cast<std::int32_t>(i + 1));
    }
    ++work->done;
    const auto after = Time::now();
    if (work->timed) work->latencies.push_back(std::chrono::duration<double, std::micro>(after - now).count());
    now = after;
  }
}

weir::awaitable<void> read_batches(Work* work) {
  bench::KeyPicker pick;
  while (Time::now() < work->stop) {
    if (work->records) {
      std::vector<std::string> ids(64);
      for (auto& id : ids) id = bench::key(pick(bench::row_count));
      const auto found = co_await work->db.read_batch(std::move(ids));
      for (const auto& one : found)
        if (!one || one->fields.size() != 6) std::abort();
    } else {
      std::vector<std::int64_t> ids(64);
      for (auto& id : ids) id = pick(bench::row_count) + 1;
      const auto rows =
          co_await work->sql->query("SELECT id, name, score, ts FROM bench_narrow WHERE id = ANY($1)", ids);
      for (const auto& row : rows)
        if (row.get<std::int32_t>(0) == 0 || row.get<std::string>(1).size() != 16 || row.get<double>(2) == 0)
          std::abort();
    }
    work->done += 64;
  }
}

weir::awaitable<void> for_seconds(Work* work, int tasks, double seconds) {
  work->stop = Time::now() + std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(seconds));
  if (tasks == 0) {
    co_await read_batches(work);
    co_return;
  }
  auto task = [work](int i) { return read_on(work, 12345U + static_cast<unsigned>(i)); };
  co_await bench::all(tasks, task);
}

weir::awaitable<void> measure(std::string mode, int tasks, int connections, double seconds) {
  Work work;
  const auto size = std::to_string(connections);
  work.db = co_await weir::AsyncDatabase::open(
      bench::postgres_url("table=bench_documents&max_size=" + size + "&min_size=" + size));
  work.sql = work.db.native<weir::PostgresDatabase>().shared();
  work.records = mode.starts_with("records");
  co_await for_seconds(&work, tasks, 0.3);
  work.done = 0;
  work.timed = tasks == 1;
  work.latencies.reserve(1U << 20U);
  const bench::Stopwatch watch;
  co_await for_seconds(&work, tasks, seconds);
  bench::report("weir", mode + "_" + size + "conns_" + std::to_string(tasks) + "tasks", static_cast<double>(work.done),
                watch, bench::percentiles(std::move(work.latencies)));
  co_await work.db.close();
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  const std::string mode = arguments[1];
  if (mode.ends_with("_batch")) {
    bench::run(measure(mode, 0, 1, std::atof(arguments[2])));
    return 0;
  }
  if (count < 5) return 2;
  bench::run(measure(mode, std::atoi(arguments[2]), std::atoi(arguments[3]), std::atof(arguments[4])));
}
