// pg-8 to pg-10: how it behaves, not how fast it is at most.
//
//   postgresql_load_bench rate SECONDS RATE     reads at a fixed rate over 16 connections; a read's time begins when it
//                                               should have begun
//   postgresql_load_bench storm                 1,000 queries of 50 ms with deadlines of 5 ms over a pool of 8, and
//                                               reads before and after it
//   postgresql_load_bench storm_shared          the same on connections that are shared
//   postgresql_load_bench calm, calm_shared     the same without the 1,000 queries: what the machine itself changes
//   postgresql_load_bench connect               32 connections at once, and how long the loop was away meanwhile
#include "postgresql_common.hpp"

#include <ctime>

namespace {

using Time = std::chrono::steady_clock;
using std::chrono::milliseconds;
namespace asio = boost::asio;

double microseconds(Time::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

// ---- a fixed rate ----

weir::awaitable<void> one_read(weir::PostgresDatabase sql, std::int32_t id, Time::time_point due,
                               std::vector<double>* times) {
  co_await bench::read_row(std::move(sql), id);
  times->push_back(microseconds(Time::now() - due));
}

void ended(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

weir::awaitable<void> at_rate(double seconds, double rate) {
  auto db = co_await weir::AsyncDatabase::open(bench::postgres_url("max_size=16&min_size=16"));
  const auto sql = db.native<weir::PostgresDatabase>().shared();
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor);
  bench::KeyPicker pick;
  auto warm = [&](int) { return bench::read_row(sql, 1); };
  co_await bench::all(64, warm);
  const auto count = static_cast<std::size_t>(seconds * rate);
  std::vector<double> times;
  times.reserve(count);
  const bench::Stopwatch watch;
  const auto begin = Time::now();
  for (std::size_t i = 0; i < count; ++i) {
    const auto due = begin + std::chrono::duration_cast<Time::duration>(
                                 std::chrono::duration<double>(static_cast<double>(i) / rate));
    if (due > Time::now()) {
      timer.expires_at(due);
      co_await timer.async_wait(asio::use_awaitable);
    }
    asio::co_spawn(executor, one_read(sql, static_cast<std::int32_t>(pick(bench::row_count)) + 1, due, &times), ended);
  }
  while (times.size() < count) {
    timer.expires_after(milliseconds(1));
    co_await timer.async_wait(asio::use_awaitable);
  }
  bench::report("weir", "open_loop", static_cast<double>(count), watch, bench::percentiles(std::move(times)));
  co_await db.close();
}

// ---- a storm of cancels ----

struct Storm {
  std::optional<weir::PostgresDatabase> sql;
  int left = 1'000;
  int done = 0;
  int stray = 0;
  std::int64_t most_backends = 0;
  Time::time_point stop;
  bool over = false;
};

weir::awaitable<void> too_slow(Storm* storm) {
  while (storm->left-- > 0) {
    try {
      co_await storm->sql->with_timeout(milliseconds(5)).query("SELECT pg_sleep(0.05)::text");
    } catch (const weir::Error& error) {
      if (error.kind() != weir::errc::timeout) throw;
    }
  }
}

weir::awaitable<void> read_rows(Storm* storm, unsigned seed) {
  bench::KeyPicker pick(seed);
  while (Time::now() < storm->stop) {
    try {
      co_await bench::read_row(*storm->sql, static_cast<std::int32_t>(pick(bench::row_count)) + 1);
    } catch (const weir::Error& error) {
      if (error.server_code() != "57014") throw;
      ++storm->stray;
    }
    ++storm->done;
  }
}

weir::awaitable<double> throughput(Storm* storm) {
  storm->done = 0;
  storm->stop = Time::now() + milliseconds(40);
  const bench::Stopwatch watch;
  auto task = [storm](int i) { return read_rows(storm, 12345U + static_cast<unsigned>(i)); };
  co_await bench::all(8, task);
  co_return storm->done / watch.seconds();
}

// Reads over the pool of the storm against reads over one that had none, in turn: what else the machine does meets
// both. The median of the ratios.
weir::awaitable<double> pace(Storm* storm, Storm* calm) {
  std::vector<double> ratios;
  for (int round = 0; round < 31; ++round) {
    const double here = co_await throughput(storm);
    const double there = co_await throughput(calm);
    ratios.push_back(here / there);
  }
  std::sort(ratios.begin(), ratios.end());
  co_return ratios[ratios.size() / 2];
}

weir::awaitable<void> watch_backends(Storm* storm, weir::PostgresDatabase watcher) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!storm->over) {
    const auto rows =
        co_await watcher.query("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bench_storm'");
    storm->most_backends = std::max(storm->most_backends, rows[0].get<std::int64_t>(0));
    timer.expires_after(milliseconds(5));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

// Each task has a connection of its own until all are there.
weir::awaitable<void> hold(weir::PostgresDatabase sql) { co_await sql.query("SELECT pg_sleep(0.3)::text"); }

// All connections are there from the start.
weir::awaitable<void> open_eight(Storm* storm, bool shared) {
  auto task = [storm](int) { return hold(*storm->sql); };
  co_await bench::all(8, task);
  if (shared) storm->sql = storm->sql->shared();
  co_await throughput(storm);
}

weir::awaitable<void> cancel_storm(bool shared, int queries) {
  const std::string eight = "max_size=8&min_size=8&application_name=";
  auto db = co_await weir::AsyncDatabase::open(bench::postgres_url(eight + "bench_storm"));
  auto control = co_await weir::AsyncDatabase::open(bench::postgres_url(eight + "bench_calm"));
  auto other = co_await weir::AsyncDatabase::open(bench::postgres_url("max_size=1&application_name=bench_watcher"));
  Storm storm;
  storm.left = queries;
  storm.sql = db.native<weir::PostgresDatabase>();
  co_await open_eight(&storm, shared);
  Storm calm;
  calm.sql = control.native<weir::PostgresDatabase>();
  co_await open_eight(&calm, shared);
  const double before = co_await pace(&storm, &calm);
  asio::co_spawn(co_await asio::this_coro::executor, watch_backends(&storm, other.native<weir::PostgresDatabase>()),
                 ended);
  const bench::Stopwatch watch;
  auto task = [&storm](int) { return too_slow(&storm); };
  co_await bench::all(64, task);
  const double seconds = watch.seconds();
  const double used = watch.cpu_seconds();
  const double after = co_await pace(&storm, &calm);
  storm.over = true;
  std::printf(
      "{\"peer\":\"weir\",\"case\":\"cancel_storm\",\"ops_s\":%.0f,\"client_cpu_us_op\":%.1f,\"most_backends\":%d,"
      "\"stray_57014\":%d,\"connects\":%d,\"after_to_before\":%.3f}\n",
      1'000 / seconds, used * 1'000, static_cast<int>(storm.most_backends), storm.stray,
      static_cast<int>(db.stats().connects), after / before);
  co_await db.close();
  co_await control.close();
  co_await other.close();
}

// ---- connecting ----

double thread_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Connecting {
  bool begun = false;  // the handle is there, and knows its options
  bool over = false;
  double seconds = 0;
  double longest_gap = 0;
};

weir::awaitable<void> connect_all(Connecting* state) {
  auto db = co_await weir::AsyncDatabase::open(bench::postgres_url("max_size=32&max_connecting=32"));
  const auto sql = db.native<weir::PostgresDatabase>();
  const bench::Stopwatch watch;
  state->begun = true;
  auto task = [&sql](int) { return hold(sql); };
  co_await bench::all(32, task);
  state->seconds = watch.seconds() - 0.3;
  state->over = true;
  co_await db.close();
}

weir::awaitable<void> tick(Connecting* state) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!state->over) {
    timer.expires_after(std::chrono::microseconds(500));
    const auto due = timer.expiry();
    co_await timer.async_wait(asio::use_awaitable);
    if (state->begun) state->longest_gap = std::max(state->longest_gap, microseconds(Time::now() - due));
  }
}

// The gap holds what the machine gave to others meanwhile, among them the server's 32 new processes; the CPU time of
// the longest handler does not.
void connecting() {
  asio::io_context loop(1);
  Connecting state;
  asio::co_spawn(loop, connect_all(&state), ended);
  asio::co_spawn(loop, tick(&state), ended);
  double most = 0;
  const bench::Stopwatch watch;
  for (;;) {
    const bool counts = state.begun;
    const double before = thread_seconds();
    if (loop.run_one() == 0) break;
    if (counts) most = std::max(most, thread_seconds() - before);
  }
  std::printf(
      "{\"peer\":\"weir\",\"case\":\"connect_32\",\"ops_s\":%.0f,\"client_cpu_us_op\":%.1f,\"longest_gap_ms\":%.3f,"
      "\"longest_handler_cpu_ms\":%.3f}\n",
      32 / state.seconds, watch.cpu_seconds() / 32 * 1e6, state.longest_gap / 1e3, most * 1e3);
}

}  // namespace

int main(int count, char** arguments) {
  const std::string mode = count > 1 ? arguments[1] : "";
  if (mode == "rate" && count > 3)
    bench::run(at_rate(std::atof(arguments[2]), std::atof(arguments[3])));
  else if (mode.starts_with("storm") || mode.starts_with("calm"))
    bench::run(cancel_storm(mode.ends_with("_shared"), mode.starts_with("storm") ? 1'000 : 0));
  else if (mode == "connect")
    connecting();
  else
    return 2;
}
