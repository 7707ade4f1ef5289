// The failure storms for real: a server on the loopback interface that is gone, comes back, falls silent, or is slow.
#include "stress/pool/tcp_line.hpp"
#include "support/sanitizers.hpp"

#include <vector>

namespace weir::test {
namespace {

using Clock = std::chrono::steady_clock;

struct Answers {
  std::atomic<int> served{0}, timed_out{0}, full{0}, broken{0}, other{0}, named{0};
  std::atomic<Clock::rep> first_served{0};
  int answered() const { return served + timed_out + full + broken + other; }
};

/// One user: acquires, asks one question, gives back.
awaitable<void> user(std::shared_ptr<TcpPool> pool, std::shared_ptr<Answers> outcome,
                     std::chrono::milliseconds patience, std::string expected_text) {
  AcquireOptions options;
  options.timeout(patience).operation("a question");
  Lease<TcpLine> lease;
  std::exception_ptr failure;
  try {
    lease = co_await pool->acquire(options);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    const auto error = as_error(failure);
    ++(error.kind() == errc::pool_timeout ? outcome->timed_out
       : error.kind() == errc::pool_full  ? outcome->full
                                          : outcome->other);
    if (std::string(error.what()).find(expected_text) != std::string::npos) ++outcome->named;
    co_return;
  }
  try {
    co_await talk(*lease);
  } catch (const boost::system::system_error&) {
    failure = std::current_exception();
  }
  if (failure) {
    lease.fail(Error(errc::connection_lost, "the answer did not come"));
    ++outcome->broken;
    co_return;
  }
  if (outcome->served++ == 0) outcome->first_served = Clock::now().time_since_epoch().count();
}

constexpr auto refused = "Connection refused";

TEST(ServerOutage, AThousandWaitersOnFourLoopsWhileItIsGone) {
  TcpServer server;
  auto outcome = std::make_shared<Answers>();
  std::vector<std::thread> threads;
  std::atomic<int> attempts{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      asio::io_context loop(1);
      auto lines = std::make_shared<TcpLines>(server.port());
      auto pool = tcp_pool(loop, lines, PoolOptions{}.max_connecting(2).reconnect_min(20ms).reconnect_max(200ms));
      for (int i = 0; i < 250; ++i) asio::co_spawn(loop, user(pool, outcome, 1s, refused), asio::detached);
      loop.run();
      EXPECT_EQ(pool->stats().timeouts, 250U);
      EXPECT_EQ(pool->stats().waiters + pool->stats().used + pool->stats().idle, 0U);
      EXPECT_LE(lines->most, 2) << "max_connecting";
      attempts += lines->attempts;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(outcome->timed_out, 1000);
  EXPECT_EQ(outcome->named, 1000) << "each is told the last connect error";
  // Two at first, then one at a time: 10 ms, 20, 40, 80 and from there 100 ms apart on average.
  EXPECT_LE(attempts, 4 * 60);
  EXPECT_GE(attempts, 4 * 3);
}

TEST(ServerOutage, EverybodyIsServedSoonAfterItIsBackAndNobodyStormsIt) {
  TcpServer server;
  auto outcome = std::make_shared<Answers>();
  std::vector<std::thread> threads;
  constexpr auto step = 200ms;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      asio::io_context loop(1);
      auto pool = tcp_pool(loop, std::make_shared<TcpLines>(server.port()),
                           PoolOptions{}.max_size(5).max_connecting(2).reconnect_min(20ms).reconnect_max(step));
      for (int i = 0; i < 250; ++i) asio::co_spawn(loop, user(pool, outcome, 60s, refused), asio::detached);
      loop.run();
      EXPECT_EQ(pool->stats().last_connect_error, "");
      EXPECT_GT(pool->stats().connects_failed, 0U);
    });
  asio::io_context clock(1);
  asio::steady_timer gone(clock, 1s);
  gone.wait();
  EXPECT_EQ(outcome->answered(), 0);
  server.come();
  const auto back = Clock::now();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(outcome->served, 1000);
  // One step of the back-off, the connect itself, and room for a machine that has other things to do.
  EXPECT_LE(Clock::time_point(Clock::duration(outcome->first_served)) - back, step + (under_sanitizer ? 5s : 1s));
  EXPECT_LE(server.accepted, 4 * 5) << "no more connections than the pools may have";
}

TEST(ServerOutage, ARestartUnderLoadLosesOnlyWhatWasUnderWay) {
  TcpServer server;
  server.come();
  auto outcome = std::make_shared<Answers>();
  asio::io_context loop(1);
  auto lines = std::make_shared<TcpLines>(server.port());
  auto pool = tcp_pool(loop, lines, PoolOptions{}.max_size(4).reconnect_min(5ms).reconnect_max(50ms));
  server.delay = 2ms;
  for (int i = 0; i < 1000; ++i) asio::co_spawn(loop, user(pool, outcome, 60s, refused), asio::detached);
  while (outcome->served < 100) loop.run_one();
  server.go();
  for (const auto end = Clock::now() + 200ms; Clock::now() < end;) loop.run_one_for(5ms);
  EXPECT_LE(outcome->broken, 4) << "one for each connection that was in use";
  server.delay = 0ms;
  server.come();
  loop.run();
  EXPECT_EQ(outcome->answered(), 1000);
  EXPECT_EQ(outcome->served + outcome->broken, 1000);
  const auto stats = pool->stats();
  EXPECT_EQ(stats.connects - stats.closed_total(), stats.idle);
}

TEST(ServerOutage, ConnectsThatHangHalfOpenAreCutOffAndNamed) {
  TcpServer server;
  server.silent = true;  // the kernel accepts, nobody greets
  server.come();
  auto outcome = std::make_shared<Answers>();
  asio::io_context loop(1);
  auto lines = std::make_shared<TcpLines>(server.port());
  auto pool = tcp_pool(loop, lines, PoolOptions{}.connect_timeout(50ms).reconnect_min(10ms).reconnect_max(50ms));
  for (int i = 0; i < 100; ++i) asio::co_spawn(loop, user(pool, outcome, 500ms, "connect_timeout"), asio::detached);
  loop.run();
  EXPECT_EQ(outcome->timed_out, 100);
  EXPECT_EQ(outcome->named, 100);
  EXPECT_LE(lines->most, 2);
}

TEST(ServerOutage, IdleConnectionsThatFellSilentAreFoundByTheirPing) {
  TcpServer server;
  server.come();
  asio::io_context loop(1);
  auto lines = std::make_shared<TcpLines>(server.port());
  auto pool = tcp_pool(
      loop, lines,
      PoolOptions{}.max_size(3).min_size(3).keepalive_interval(50ms).ping_timeout(250ms).connect_timeout(250ms));
  asio::co_spawn(
      loop,
      [](std::shared_ptr<TcpPool> p, TcpServer& there) -> awaitable<void> {
        asio::steady_timer pause(co_await asio::this_coro::executor);
        {
          auto lease = co_await p->acquire();
        }
        while (p->stats().idle < 3) {
          pause.expires_after(5ms);
          co_await pause.async_wait(asio::use_awaitable);
        }
        there.silent = true;
        while (p->stats().closed_by(CloseReason::validation) < 3) {
          pause.expires_after(5ms);
          co_await pause.async_wait(asio::use_awaitable);
        }
      }(pool, server),
      asio::detached);
  const auto begin = Clock::now();
  loop.run();
  EXPECT_LT(Clock::now() - begin, 10s);
  EXPECT_EQ(pool->stats().closed_by(CloseReason::validation), 3U);
}

// One that went silent while idle costs a caller no more than one ping, and its neighbours go with it.
TEST(ServerOutage, ASilentConnectionCostsACallerOnePing) {
  TcpServer server;
  server.come();
  asio::io_context loop(1);
  auto pool = tcp_pool(loop, std::make_shared<TcpLines>(server.port()),
                       PoolOptions{}.max_size(3).keepalive_interval(0ms).validate_after(20ms).ping_timeout(100ms));
  asio::co_spawn(
      loop,
      [](std::shared_ptr<TcpPool> p, TcpServer& there) -> awaitable<void> {
        {
          auto first = co_await p->acquire();
          auto second = co_await p->acquire();
          auto third = co_await p->acquire();
        }
        there.silent_up_to = 3;
        asio::steady_timer pause(co_await asio::this_coro::executor, 50ms);
        co_await pause.async_wait(asio::use_awaitable);
        auto lease = co_await p->acquire();
        EXPECT_EQ(lease->number, 4);
        co_await talk(*lease);
        EXPECT_EQ(p->stats().pings_failed, 1U);
        EXPECT_EQ(p->stats().closed_by(CloseReason::validation), 3U);
      }(pool, server),
      asio::detached);
  loop.run();
}

TEST(ServerOutage, WhatTheServerClosedWhileIdleIsNotHandedOut) {
  TcpServer server;
  server.come();
  asio::io_context loop(1);
  auto pool = tcp_pool(loop, std::make_shared<TcpLines>(server.port()), PoolOptions{}.max_size(2).validate_after(0ms));
  const auto ask = [](std::shared_ptr<TcpPool> p, int expected) -> awaitable<void> {
    auto lease = co_await p->acquire();
    EXPECT_EQ(lease->number, expected);
    co_await talk(*lease);
  };
  asio::co_spawn(loop, ask(pool, 1), asio::detached);
  loop.run();
  server.go();
  server.come();
  loop.restart();
  asio::co_spawn(loop, ask(pool, 2), asio::detached);
  loop.run();
  EXPECT_EQ(pool->stats().closed_by(CloseReason::validation), 1U);
}

TEST(ServerOutage, ASlowServerFillsABoundedQueueAndTheRestFailsAtOnce) {
  TcpServer server;
  server.come();
  server.delay = 5s;
  auto outcome = std::make_shared<Answers>();
  asio::io_context loop(1);
  auto pool = tcp_pool(loop, std::make_shared<TcpLines>(server.port()), PoolOptions{}.max_size(2).max_waiters(10));
  for (int i = 0; i < 50; ++i) asio::co_spawn(loop, user(pool, outcome, 2s, "a question"), asio::detached);
  while (outcome->full < 40) loop.run_one();
  EXPECT_EQ(outcome->served + outcome->timed_out, 0) << "refused before anybody else had an answer";
  loop.run();
  EXPECT_EQ(outcome->full, 40);
  EXPECT_EQ(outcome->served, 2);
  EXPECT_EQ(outcome->timed_out, 8);
  EXPECT_EQ(outcome->named, 8) << "each time-out says who holds the connections";
  EXPECT_EQ(server.most_open, 2);
}

}  // namespace
}  // namespace weir::test
