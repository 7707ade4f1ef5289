// pool-1: what a checkout costs on a warm pool.
//
//   pool_bench SECONDS [THREADS]
//     pool_try_confined    try_acquire and release on a loop with one thread
//     pool_try_shared      the same on a loop that several threads may run (one does): with the pool's mutex
//     pool_try_contended   the same, THREADS threads at it (wall time of one operation)
//     pool_await_confined  co_await acquire() and release
//     pool_await_shared
//     pool_waiters         1,000 coroutines wait for 16 connections, each keeps its own for one turn of the loop
#include "count_allocations.hpp"
#include "measure.hpp"

#include <weir/pool.hpp>
#include <weir/registry.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

namespace asio = boost::asio;

namespace {

constexpr unsigned size = 16;

struct Connection {
  long used = 0;
};

class Connections : public weir::ConnectionFactory<Connection> {
 public:
  weir::awaitable<std::unique_ptr<Connection>> connect() override { co_return std::make_unique<Connection>(); }
};

using Pool = weir::Pool<Connection>;

weir::awaitable<void> fill(std::shared_ptr<Pool> pool) {
  std::vector<weir::Lease<Connection>> leases;
  for (unsigned i = 0; i < size; ++i) leases.push_back(co_await pool->acquire());
}

struct Loop {
  explicit Loop(int threads)
      : context(threads),
        pool(weir::PoolRegistry::of(context.get_executor())
                 .get<Connection>(weir::PoolKey("bench", "here"), std::make_shared<Connections>(),
                                  weir::PoolOptions{}.max_size(size).max_waiters(100'000))) {
    run(fill(pool));
  }
  void run(weir::awaitable<void> work) {
    asio::co_spawn(context, std::move(work), asio::detached);
    context.restart();
    context.run();
  }
  asio::io_context context;
  std::shared_ptr<Pool> pool;
};

std::string allocations_per(std::uint64_t total, std::uint64_t operations) {
  char text[64];
  std::snprintf(text, sizeof text, ",\"allocations_op\":%.4f",
                static_cast<double>(total) / static_cast<double>(operations));
  return text;
}

weir::awaitable<void> checkouts(std::shared_ptr<Pool> pool, double seconds, std::atomic<std::uint64_t>& done) {
  std::uint64_t n = 0;
  for (const bench::Stopwatch watch; watch.seconds() < seconds;)
    for (int i = 0; i < 1000; ++i) {
      auto lease = pool->try_acquire();
      if (!lease) continue;
      auto* const connection = lease->operator->();
      __asm__ volatile("" ::"r"(connection) : "memory");
      ++n;
    }
  done += n;
  co_return;
}

weir::awaitable<void> awaited(std::shared_ptr<Pool> pool, double seconds, std::atomic<std::uint64_t>& done) {
  std::uint64_t n = 0;
  for (const bench::Stopwatch watch; watch.seconds() < seconds;)
    for (int i = 0; i < 1000; ++i, ++n) {
      auto lease = co_await pool->acquire();
      auto* const connection = lease.operator->();
      __asm__ volatile("" ::"r"(connection) : "memory");
    }
  done += n;
}

using Work = weir::awaitable<void> (*)(std::shared_ptr<Pool>, double, std::atomic<std::uint64_t>&);

void measure(const char* name, int hint, int threads, double seconds, Work work) {
  Loop loop(hint);
  std::atomic<std::uint64_t> done{0};
  loop.run(work(loop.pool, 0.1, done));  // warm-up
  done = 0;
  loop.context.restart();
  for (int i = 0; i < threads; ++i) asio::co_spawn(loop.context, work(loop.pool, seconds, done), asio::detached);
  const auto before = bench::allocations();
  const bench::Stopwatch watch;
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back([&] { loop.context.run(); });
  loop.context.run();
  for (auto& other : others) other.join();
  bench::report("weir", name, static_cast<double>(done), watch, allocations_per(bench::allocations() - before, done));
}

// The turns of all who wait; the first ten thousand are not counted, and the clock is looked at now and then.
class Turns {
 public:
  explicit Turns(double seconds) : seconds_(seconds) {}
  bool another() {
    if (over_) return false;
    ++done_;
    if (done_ == unmeasured) {
      allocations_ = bench::allocations();
      watch_ = bench::Stopwatch();
    }
    if (done_ <= unmeasured || done_ % 1024 != 0 || watch_.seconds() < seconds_) return true;
    over_ = true;
    const auto measured = done_ - unmeasured;
    bench::report("weir", "pool_waiters", static_cast<double>(measured), watch_,
                  allocations_per(bench::allocations() - allocations_, measured));
    return false;
  }

 private:
  static constexpr std::uint64_t unmeasured = 10'000;
  const double seconds_;
  std::uint64_t done_ = 0, allocations_ = 0;
  bench::Stopwatch watch_;
  bool over_ = false;
};

weir::awaitable<void> wait_in_turn(std::shared_ptr<Pool> pool, Turns& turns) {
  const auto executor = co_await asio::this_coro::executor;
  while (turns.another()) {
    auto lease = co_await pool->acquire();
    co_await asio::post(executor, asio::use_awaitable);
  }
}

void measure_waiters(double seconds) {
  Loop loop(1);
  Turns turns(seconds);
  for (int i = 0; i < 1000; ++i) asio::co_spawn(loop.context, wait_in_turn(loop.pool, turns), asio::detached);
  loop.context.restart();
  loop.context.run();
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1;
  const int threads = argc > 2 ? std::max(1, std::atoi(argv[2])) : 2;
  measure("pool_try_confined", 1, 1, seconds, &checkouts);
  measure("pool_try_shared", 2, 1, seconds, &checkouts);
  measure("pool_try_contended", threads, threads, seconds, &checkouts);
  measure("pool_await_confined", 1, 1, seconds, &awaited);
  measure("pool_await_shared", 2, 1, seconds, &awaited);
  measure_waiters(seconds);
}
