// A server that is gone for half a minute, with a thousand callers who ask again and again: `scripts/test --full`. The
// gate has the same in little.
#include "stress/pool/tcp_line.hpp"
#include "support/sanitizers.hpp"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace weir::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Outage {
  milliseconds length;
  milliseconds patience;  ///< of one wait
  milliseconds reconnect_min;
  milliseconds reconnect_max;
};

Outage outage() {
  if (full_run()) return {30s, 5s, 50ms, 5s};
  if (under_sanitizer) return {6s, 1s, 10ms, 200ms};
  return {1500ms, 250ms, 10ms, 200ms};
}

struct Crowd {
  std::atomic<int> served{0}, timed_out{0}, other{0}, unnamed{0};
  std::atomic<bool> over{false};  ///< from then on a wait may end without a failed connect
  std::atomic<Clock::rep> first_served{0};
  std::atomic<Clock::rep> latest_answer{0};  ///< how long after its limit the slowest time-out came
};

/// Asks until it is served.
awaitable<void> insist(std::shared_ptr<TcpPool> pool, std::shared_ptr<Crowd> crowd, milliseconds patience) {
  AcquireOptions options;
  options.timeout(patience).operation("a question");
  for (;;) {
    Lease<TcpLine> lease;
    std::exception_ptr failure;
    const bool known = pool->stats().connects_failed > 0;
    const auto asked = Clock::now();
    try {
      lease = co_await pool->acquire(options);
    } catch (...) {
      failure = std::current_exception();
    }
    if (!failure) {
      co_await talk(*lease);
      if (crowd->served++ == 0) crowd->first_served = Clock::now().time_since_epoch().count();
      co_return;
    }
    const auto error = as_error(failure);
    ++(error.kind() == errc::pool_timeout ? crowd->timed_out : crowd->other);
    const bool named = std::string(error.what()).find("Connection refused") != std::string::npos;
    if (known && !named && !crowd->over) ++crowd->unnamed;
    const auto late = (Clock::now() - asked - patience).count();
    for (auto before = crowd->latest_answer.load();
         late > before && !crowd->latest_answer.compare_exchange_weak(before, late);) {
    }
  }
}

// How many connects one loop may try while nobody is there: the pauses are drawn from [0, min · 2^n], so half of each
// on average; three times as many is far outside of chance.
int most_attempts(const Outage& o) {
  int doublings = 0;
  milliseconds spent{0};
  for (auto pause = o.reconnect_min; pause < o.reconnect_max; pause *= 2) {
    spent += pause / 2;
    ++doublings;
  }
  const auto rest = std::max(milliseconds{0}, o.length - spent);
  return 3 * (doublings + static_cast<int>(rest / (o.reconnect_max / 2))) + 6;
}

TEST(LongOutage, AThousandCallersOnFourLoopsOutlastIt) {
  const auto o = outage();
  TcpServer server;
  auto crowd = std::make_shared<Crowd>();
  std::atomic<int> attempts{0};
  std::atomic<std::uint64_t> connects{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      asio::io_context loop(1);
      auto lines = std::make_shared<TcpLines>(server.port());
      auto pool = tcp_pool(
          loop, lines,
          PoolOptions{}.max_size(8).max_connecting(2).reconnect_min(o.reconnect_min).reconnect_max(o.reconnect_max));
      for (int i = 0; i < 250; ++i) asio::co_spawn(loop, insist(pool, crowd, o.patience), asio::detached);
      loop.run();
      const auto stats = pool->stats();
      EXPECT_LE(lines->most, 2) << "max_connecting";
      EXPECT_LE(stats.connects_failed, static_cast<std::uint64_t>(most_attempts(o)));
      EXPECT_GE(stats.connects_failed, 3U);
      EXPECT_EQ(stats.waiters + stats.used, 0U);
      EXPECT_EQ(stats.acquires, stats.acquires_immediate + stats.acquires_waited + stats.timeouts);
      attempts += lines->attempts;
      connects += stats.connects;
    });
  asio::io_context clock(1);
  asio::steady_timer gone(clock, o.length);
  gone.wait();
  EXPECT_EQ(crowd->served, 0);
  crowd->over = true;
  server.come();
  const auto back = Clock::now();
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(crowd->served, 1000);
  EXPECT_EQ(crowd->other, 0);
  EXPECT_GE(crowd->timed_out, 1000 * (o.length / o.patience) / 2);
  EXPECT_EQ(crowd->unnamed, 0) << "each is told the last connect error";
  EXPECT_LE(Clock::duration(crowd->latest_answer), under_sanitizer ? 10s : 2s) << "a wait ends when its time is over";
  // One step of the back-off, the connect itself, and room for a machine that has other things to do.
  const auto margin = under_sanitizer ? 5s : 1s;
  EXPECT_LE(Clock::time_point(Clock::duration(crowd->first_served)) - back, o.reconnect_max + margin);
  EXPECT_LE(server.accepted, 4 * 8) << "no herd: no more connections than the pools may have";
  EXPECT_LE(connects, static_cast<std::uint64_t>(server.accepted));
}

}  // namespace
}  // namespace weir::test
