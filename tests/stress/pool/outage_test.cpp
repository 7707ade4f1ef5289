// A server that is gone for a while, on real loops and clocks: the same as the simulated storms, shorter.
#include "stress/pool/line.hpp"
#include "support/sanitizers.hpp"

#include <thread>
#include <vector>

namespace weir::test {
namespace {

struct Server {
  std::atomic<bool> up{true};
  std::atomic<int> connecting{0}, most{0}, attempts{0};
};

class Gated : public Lines {
 public:
  explicit Gated(std::shared_ptr<Server> s) : server(std::move(s)) {}
  awaitable<std::unique_ptr<Line>> connect() override {
    ++server->attempts;
    const int now = ++server->connecting;
    for (int most = server->most; now > most && !server->most.compare_exchange_weak(most, now);) {
    }
    asio::steady_timer there(co_await asio::this_coro::executor, 1ms);
    co_await there.async_wait(asio::use_awaitable);
    --server->connecting;
    if (!server->up) throw Error(errc::connect_failed, "connection refused");
    co_return std::make_unique<Line>(open);
  }
  std::shared_ptr<Server> server;
};

struct Outcome {
  std::atomic<int> served{0}, timed_out{0}, other{0}, named{0};
};

awaitable<void> wait_once(std::shared_ptr<Pool<Line>> pool, std::shared_ptr<Outcome> outcome,
                          std::chrono::milliseconds time) {
  AcquireOptions options;
  options.timeout(time);
  std::exception_ptr failure;
  try {
    auto lease = co_await pool->acquire(options);
    ++outcome->served;
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return;
  const auto error = as_error(failure);
  ++(error.kind() == errc::pool_timeout ? outcome->timed_out : outcome->other);
  if (std::string(error.what()).find("connection refused") != std::string::npos) ++outcome->named;
}

TEST(Outage, FourLoopsWithAThousandWaitersEachProbeOneAtATimeAndAllAreAnswered) {
  auto server = std::make_shared<Server>();
  auto outcome = std::make_shared<Outcome>();
  server->up = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      asio::io_context loop(1);
      auto pool = pool_here(PoolRegistry::of(loop.get_executor()), std::make_shared<Gated>(server),
                            PoolOptions{}.max_connecting(1).reconnect_min(5ms).reconnect_max(200ms));
      for (int i = 0; i < 250; ++i) asio::co_spawn(loop, wait_once(pool, outcome, 2s), asio::detached);
      loop.run();
      EXPECT_EQ(pool->stats().timeouts, 250U);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(outcome->timed_out, 1000);
  EXPECT_EQ(outcome->named, 1000) << "each is told the last connect error";
  EXPECT_LE(server->most, 4) << "one probe for each loop";
  EXPECT_LE(server->attempts, 4 * 80);
}

TEST(Outage, TheFirstIsServedWithinOneStepOfTheBackoffOnceItIsBack) {
  auto server = std::make_shared<Server>();
  auto outcome = std::make_shared<Outcome>();
  server->up = false;
  asio::io_context loop(1);
  auto pool = pool_here(PoolRegistry::of(loop.get_executor()), std::make_shared<Gated>(server),
                        PoolOptions{}.reconnect_min(5ms).reconnect_max(100ms));
  for (int i = 0; i < 100; ++i) asio::co_spawn(loop, wait_once(pool, outcome, 10s), asio::detached);
  std::chrono::steady_clock::time_point back{}, first{};
  asio::co_spawn(
      loop,
      [](std::shared_ptr<Server> s, std::shared_ptr<Outcome> o, std::chrono::steady_clock::time_point& up,
         std::chrono::steady_clock::time_point& served) -> awaitable<void> {
        asio::steady_timer timer(co_await asio::this_coro::executor, 300ms);
        co_await timer.async_wait(asio::use_awaitable);
        EXPECT_EQ(o->served, 0);
        s->up = true;
        up = std::chrono::steady_clock::now();
        while (o->served == 0) {
          timer.expires_after(1ms);
          co_await timer.async_wait(asio::use_awaitable);
        }
        served = std::chrono::steady_clock::now();
      }(server, outcome, back, first),
      asio::detached);
  loop.run();
  EXPECT_EQ(outcome->served, 100);
  // One step of 100 ms, the connect, and room for a busy machine.
  EXPECT_LE(first - back, 100ms + 1ms + (under_sanitizer ? 5s : 1s));
}

}  // namespace
}  // namespace weir::test
