// Loops that end at any moment, and loops that are not kept alive by what a pool does in the background.
#include "stress/pool/line.hpp"

#include <boost/asio/thread_pool.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <thread>
#include <vector>

namespace weir::test {
namespace {

awaitable<void> hold_for_ever(std::shared_ptr<Pool<Line>> pool, bool shared) {
  AcquireOptions options;
  options.shared(shared);
  auto lease = co_await pool->acquire(options);
  asio::steady_timer timer(co_await asio::this_coro::executor, 24h);
  co_await timer.async_wait(asio::use_awaitable);
}

// Every order in which context, handle and leases can end, with waiters, connects and pings under way.
TEST(LoopLife, MayEndWithEverythingUnderWay) {
  for (const unsigned depth : {1U, 3U})
    for (const bool handle_first : {false, true})
      for (const bool slow_connect : {false, true})
        for (const int steps : {0, 1, 2, 3, 5, 10, 50}) {
          auto lines = std::make_shared<Lines>();
          if (slow_connect) lines->delay = 1h;
          std::shared_ptr<Pool<Line>> pool;
          {
            asio::io_context loop(1);
            pool = pool_here(PoolRegistry::of(loop.get_executor()), lines,
                             PoolOptions{}.max_size(2).min_size(1).pipeline_depth(depth).keepalive_interval(1ms));
            for (int i = 0; i < 6; ++i) asio::co_spawn(loop, hold_for_ever(pool, i % 2 == 1), asio::detached);
            for (int i = 0; i < steps; ++i) loop.poll_one();
            if (handle_first) pool.reset();
          }
          EXPECT_EQ(*lines->open, 0);
          if (pool) {
            EXPECT_EQ(pool->stats().state, PoolState::closed);
            EXPECT_FALSE(pool->try_acquire());
            EXPECT_EQ(pool->stats().used + pool->stats().waiters, 0U);
          }
        }
}

TEST(LoopLife, ALeaseOutlivesItsLoopAndIsInert) {
  auto lines = std::make_shared<Lines>();
  Lease<Line> lease;
  {
    asio::io_context loop(1);
    run_on(loop, [](std::shared_ptr<Lines> made_by, Lease<Line>& out) -> awaitable<void> {
      auto pool = pool_here(*co_await PoolRegistry::current(), made_by);
      out = co_await pool->acquire();
    }(lines, lease));
    EXPECT_EQ(lease->number, 1) << "between two lives of the loop";
  }
  EXPECT_EQ(*lines->open, 0) << "the descriptor went with the loop";
  EXPECT_EQ(lines->abandoned, 1);
  EXPECT_TRUE(lease);
  EXPECT_THROW(static_cast<void>(lease->number), Error);
  std::thread([moved = std::move(lease)]() mutable { moved.release(); }).join();
}

TEST(LoopLife, LeasesReturnedByAnotherThreadWhileTheLoopEnds) {
  for (int round = 0; round < 200; ++round) {
    auto lines = std::make_shared<Lines>();
    std::vector<Lease<Line>> leases;
    auto loop = std::make_unique<asio::io_context>(1);
    run_on(*loop, [](std::shared_ptr<Lines> made_by, std::vector<Lease<Line>>& out) -> awaitable<void> {
      auto pool = pool_here(*co_await PoolRegistry::current(), made_by);
      for (int i = 0; i < 8; ++i) out.push_back(co_await pool->acquire());
    }(lines, leases));
    std::thread other([&] { leases.clear(); });
    loop.reset();
    other.join();
    EXPECT_EQ(*lines->open, 0);
  }
}

TEST(LoopLife, AHandleInAStaticIsInertOnceItsLoopIsGone) {
  static std::shared_ptr<Pool<Line>> kept;
  auto lines = std::make_shared<Lines>();
  run([](std::shared_ptr<Lines> made_by) -> awaitable<void> {
    kept = pool_here(*co_await PoolRegistry::current(), made_by);
    auto lease = co_await kept->acquire();
  }(lines));
  EXPECT_EQ(*lines->open, 0);
  EXPECT_EQ(kept->stats().state, PoolState::closed);
  kept->clear();
  asio::io_context another(1);
  run_on(another, [](std::shared_ptr<Pool<Line>> pool) -> awaitable<void> {
    CO_EXPECT_FAILURE(pool->acquire(), errc::pool_closed);
    co_await pool->close();
  }(kept));
}

// A pool with everything in the background that there is: idle ones to ping and to close, sizes to keep.
PoolOptions busy() {
  return PoolOptions{}
      .min_size(2)
      .min_idle(1)
      .keepalive_interval(20ms)
      .idle_timeout(1h)
      .max_lifetime(1h)
      .validate_after(10ms);
}

// As long as that, and until the background has been at work.
awaitable<void> work_a_while(std::shared_ptr<Pool<Line>> pool, std::shared_ptr<Lines> lines,
                             std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  const int pings = lines->pings;
  const auto warm = [&] {
    const auto stats = pool->stats();
    return lines->pings > pings && stats.idle + stats.used >= 2;
  };
  while (std::chrono::steady_clock::now() < end || !warm()) {
    {
      auto lease = co_await pool->acquire();
      co_await turn();
    }
    asio::steady_timer pause(co_await asio::this_coro::executor, 5ms);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

TEST(LoopLife, RunReturnsWhenTheProgramsOwnWorkIsDoneAndThePoolGoesOnAfterARestart) {
  for (const int threads : {1, 8}) {
    SCOPED_TRACE(threads);
    asio::io_context loop(threads);
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(PoolRegistry::of(loop.get_executor()), lines, busy());
    for (int life = 0; life < 3; ++life) {
      for (int i = 0; i < threads; ++i) asio::co_spawn(loop, work_a_while(pool, lines, 120ms), asio::detached);
      const auto begin = std::chrono::steady_clock::now();
      const auto pings = lines->pings.load();
      std::vector<std::thread> others;
      for (int i = 1; i < threads; ++i) others.emplace_back([&] { loop.run(); });
      loop.run();
      for (auto& other : others) other.join();
      EXPECT_GE(std::chrono::steady_clock::now() - begin, 120ms);
      EXPECT_TRUE(loop.stopped());
      EXPECT_GE(pool->stats().idle + pool->stats().used, 2U) << "warm, or just being pinged";
      EXPECT_GT(lines->pings, pings) << "the background was at work in life " << life;
      loop.restart();
    }
    // Nothing of one's own to do: it returns at once, as it would without a pool, but for what is left of the pings
    // that were under way.
    EXPECT_LE(loop.run(), 64U);
  }
}

TEST(LoopLife, APingThatHangsInTheBackgroundEndsByItsOwnLimit) {
  asio::io_context loop(1);
  auto lines = std::make_shared<Lines>();
  auto pool = pool_here(PoolRegistry::of(loop.get_executor()), lines,
                        PoolOptions{}.keepalive_interval(5ms).ping_timeout(20ms).validate_after(0ms));
  lines->hang_pings = true;
  run_on(loop, [](std::shared_ptr<Pool<Line>> p) -> awaitable<void> {
    {
      auto lease = co_await p->acquire();
    }
    while (p->stats().pings_failed == 0) {
      asio::steady_timer pause(co_await asio::this_coro::executor, 5ms);
      co_await pause.async_wait(asio::use_awaitable);
    }
  }(pool));
  EXPECT_EQ(pool->stats().closed_by(CloseReason::validation), 1U);
  EXPECT_EQ(*lines->open, 0);
}

std::chrono::steady_clock::duration time_to_run(asio::io_context& loop, int threads) {
  const auto begin = std::chrono::steady_clock::now();
  loop.restart();
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back([&] { loop.run(); });
  loop.run();
  for (auto& other : others) other.join();
  return std::chrono::steady_clock::now() - begin;
}

awaitable<void> ask(std::shared_ptr<Pool<Line>> pool, std::chrono::milliseconds timeout, errc expected) {
  AcquireOptions options;
  options.timeout(timeout);
  std::exception_ptr failure;
  try {
    auto lease = co_await pool->acquire(options);
  } catch (...) {
    failure = std::current_exception();
  }
  if (expected == errc{})
    EXPECT_FALSE(failure);
  else
    EXPECT_EQ(as_error(failure).kind(), expected);
}

TEST(LoopLife, AConnectNobodyWaitsForAnyLongerDoesNotKeepTheLoopAndGoesOnInItsNextLife) {
  for (const int threads : {1, 8}) {
    SCOPED_TRACE(threads);
    asio::io_context loop(threads);
    auto lines = std::make_shared<Lines>();
    lines->delay = 2s;
    auto pool = pool_here(PoolRegistry::of(loop.get_executor()), lines,
                          PoolOptions{}.connect_timeout(1h).keepalive_interval(0ms));
    asio::co_spawn(loop, ask(pool, 20ms, errc::pool_timeout), asio::detached);
    EXPECT_LT(time_to_run(loop, threads), 1500ms);
    EXPECT_EQ(pool->stats().pending, 1U);
    asio::co_spawn(loop, ask(pool, 1h, errc{}), asio::detached);
    time_to_run(loop, threads);
    EXPECT_EQ(lines->attempts, 1) << "the same connect";
  }
}

TEST(LoopLife, SizesToKeepAndPingsThatHangDoNotKeepTheLoop) {
  for (const int threads : {1, 8}) {
    SCOPED_TRACE(threads);
    asio::io_context loop(threads);
    auto lines = std::make_shared<Lines>();
    lines->hang_pings = true;
    lines->hang_after = 1;
    auto pool = pool_here(
        PoolRegistry::of(loop.get_executor()), lines,
        PoolOptions{}.keepalive_interval(5ms).ping_timeout(1h).connect_timeout(1h).min_size(3).validate_after(0ms));
    asio::co_spawn(
        loop,
        [](std::shared_ptr<Lines> made_by, std::shared_ptr<Pool<Line>> p) -> awaitable<void> {
          {
            auto lease = co_await p->acquire();
          }
          asio::steady_timer pause(co_await asio::this_coro::executor);
          while (made_by->pings == 0) {
            pause.expires_after(2ms);
            co_await pause.async_wait(asio::use_awaitable);
          }
        }(lines, pool),
        asio::detached);
    EXPECT_LT(time_to_run(loop, threads), 30s);
    EXPECT_EQ(pool->stats().pending, 2U);
  }
}

// A task is taken out of the loop's count in the middle of a handler, while Asio has not yet counted what that handler
// has posted: the count must not come to nothing there, or the loop stops with work left to do.
TEST(LoopLife, ConnectsInTheBackgroundThatEndAtOnceDoNotStopARunningLoop) {
  asio::io_context loop(1);
  auto lines = std::make_shared<Lines>();
  auto pool = pool_here(PoolRegistry::of(loop.get_executor()), lines, PoolOptions{}.min_size(8).max_connecting(8));
  bool finished = false;
  asio::co_spawn(
      loop,
      [](std::shared_ptr<Pool<Line>> p, bool& done) -> awaitable<void> {
        {
          auto lease = co_await p->acquire();
        }
        while (p->stats().idle < 8) co_await turn();
        for (int i = 0; i < 10; ++i) {
          p->clear();  // eight connects begin, and end, in this handler
          co_await turn();
        }
        done = true;
      }(pool, finished),
      asio::detached);
  loop.run();
  EXPECT_TRUE(finished) << "run() returned before the program's own work was done";
  // And none may be counted for ever, or taken out twice.
  EXPECT_EQ(time_to_run(loop, 1) < 5s, true);
  bool again = false;
  run_on(loop, [](bool& done) -> awaitable<void> {
    co_await turn(3);
    done = true;
  }(again));
  EXPECT_TRUE(again);
}

TEST(LoopLife, AThreadPoolJoinsWithWarmPools) {
  asio::thread_pool threads(2);
  auto lines = std::make_shared<Lines>();
  auto pool = pool_here(PoolRegistry::of(threads.get_executor()), lines, busy());
  asio::co_spawn(threads, work_a_while(pool, lines, 60ms), asio::detached);
  threads.join();
  EXPECT_GE(pool->stats().idle + pool->stats().used, 1U);
}

/// Ends by std::exit with a warm pool, a lease and a waiter in statics, destroyed in this or that order.
[[noreturn]] void leave_main(bool loop_first) {
  static std::shared_ptr<Lines> lines = std::make_shared<Lines>();
  static Lease<Line> early_lease;
  static std::shared_ptr<Pool<Line>> early_pool;
  static asio::io_context loop(1);
  static Lease<Line> late_lease;
  static std::shared_ptr<Pool<Line>> late_pool;
  auto& lease = loop_first ? early_lease : late_lease;  // what was made last is destroyed first
  auto& pool = loop_first ? early_pool : late_pool;
  pool = pool_here(PoolRegistry::of(loop.get_executor()), lines, busy().max_size(3));
  run_on(loop, [](std::shared_ptr<Pool<Line>> p, Lease<Line>& out) -> awaitable<void> {
    out = co_await p->acquire();
    auto other = co_await p->acquire();
  }(pool, lease));
  std::exit(testing::Test::HasFailure() ? 1 : 0);
}

TEST(LoopLifeDeathTest, NothingHappensAfterMain) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(leave_main(true), testing::ExitedWithCode(0), "^$");
  EXPECT_EXIT(leave_main(false), testing::ExitedWithCode(0), "^$");
}

TEST(LoopLife, AfterAForkTheChildIsToldToOpenANewOne) {
  asio::io_context loop(1);
  auto lines = std::make_shared<Lines>();
  run_on(loop, [](std::shared_ptr<Lines> made_by) -> awaitable<void> {
    auto pool = pool_here(*co_await PoolRegistry::current(), made_by);
    auto lease = co_await pool->acquire();
    const auto child = ::fork();
    if (child == 0) {
      int result = 0;
      if (pool->try_acquire()) result |= 1;
      try {
        PoolRegistry::of(co_await asio::this_coro::executor);
        result |= 2;
      } catch (const Error& error) {
        if (error.kind() != errc::unavailable) result |= 4;
        if (std::string(error.what()).find("used after fork; open a new one") == std::string::npos) result |= 8;
      }
      const std::exception_ptr failure = co_await failure_of(pool->acquire());
      if (as_error(failure).kind() != errc::unavailable) result |= 16;
      lease.release();
      asio::io_context fresh(1);
      auto& registry = PoolRegistry::of(fresh.get_executor());
      if (registry.count() != 0) result |= 32;
      ::_exit(result);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    lease.release();
    EXPECT_TRUE(pool->try_acquire());
  }(lines));
}

}  // namespace
}  // namespace weir::test
