// Very many checkouts with everything going wrong in between: nothing is lost, nothing hangs, the counts are exact.
#include "stress/pool/line.hpp"
#include "support/sanitizers.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>

#include <random>
#include <thread>
#include <vector>

namespace weir::test {
namespace {

struct Tally {
  std::atomic<std::uint64_t> asked{0}, granted{0}, failed{0}, cancelled{0};
  std::atomic<int> running{0};
};

/// One user: asks, uses for a turn or two, gives back in one of several ways, dies or is cancelled now and then.
awaitable<void> user(std::shared_ptr<Pool<Line>> pool, std::shared_ptr<Tally> tally, std::uint64_t seed,
                     std::uint64_t times) {
  std::mt19937_64 random(seed);
  for (std::uint64_t i = 0; i < times; ++i) {
    const bool shared = pool->options().pipeline_depth() > 1 && random() % 2 == 0;
    ++tally->asked;
    Lease<Line> lease;
    std::exception_ptr failure;
    try {
      AcquireOptions options;
      options.shared(shared).timeout(std::chrono::milliseconds(1 + random() % 200));
      lease = co_await pool->acquire(options);
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) {
      ++tally->failed;
      co_await turn();
      continue;
    }
    ++tally->granted;
    const int others = lease->users.fetch_add(1);
    if (!shared) {
      EXPECT_EQ(others, 0) << "an exclusive line has two users";
    }
    if (random() % 4 == 0) co_await turn();
    lease->users.fetch_sub(1);
    switch (random() % 64) {
      case 0: lease.discard(); break;
      case 1: lease->dead = true; break;
      case 2: lease.fail(Error(errc::connection_lost, "gone")); break;
      default: break;
    }
  }
}

awaitable<void> trouble(std::shared_ptr<Pool<Line>> pool, std::shared_ptr<Tally> tally, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  while (tally->running > 0) {
    asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(random() % 5));
    co_await pause.async_wait(asio::use_awaitable);
    if (random() % 4 == 0) pool->clear();
    if (random() % 4 == 0) {
      const auto max = static_cast<unsigned>(1 + random() % 8);
      pool->resize(static_cast<unsigned>(random() % (max + 1)), max);
    }
  }
}

struct CancelledUser : std::enable_shared_from_this<CancelledUser> {
  asio::any_io_executor executor;
  asio::cancellation_signal signal;
};

awaitable<void> one_wait(std::shared_ptr<Pool<Line>> pool, std::shared_ptr<Tally> tally) {
  ++tally->asked;
  std::exception_ptr failure;
  try {
    auto lease = co_await pool->acquire();
  } catch (...) {
    failure = std::current_exception();
  }
  ++(failure ? tally->failed : tally->granted);
}

/// Starts a wait and gives it up at some moment, also in that of the hand-over. All of it on one executor.
awaitable<void> canceller(std::shared_ptr<Pool<Line>> pool, std::shared_ptr<Tally> tally, std::uint64_t seed,
                          std::uint64_t times) {
  std::mt19937_64 random(seed);
  const auto executor = co_await asio::this_coro::executor;
  for (std::uint64_t i = 0; i < times; ++i) {
    const auto signal = std::make_shared<asio::cancellation_signal>();
    const auto done = std::make_shared<bool>(false);
    asio::co_spawn(
        executor, one_wait(pool, tally),
        asio::bind_cancellation_slot(
            signal->slot(), asio::bind_executor(executor, [signal, done](std::exception_ptr) { *done = true; })));
    co_await turn(static_cast<int>(random() % 3));
    signal->emit(asio::cancellation_type::terminal);
    while (!*done) co_await turn();
  }
}

std::function<void(int)> sometimes_refused(std::uint64_t seed) {
  auto state = std::make_shared<std::atomic<std::uint64_t>>(seed);
  return [state](int) {
    const auto n = state->fetch_add(0x9e3779b97f4a7c15ULL);
    if ((n >> 32) % 8 == 0) throw Error(errc::connect_failed, "refused");
  };
}

std::shared_ptr<Lines> unreliable(std::uint64_t seed) {
  auto lines = std::make_shared<Lines>();
  lines->on_connect = sometimes_refused(seed);
  return lines;
}

PoolOptions rough(unsigned depth) {
  return PoolOptions{}
      .max_size(6)
      .max_connecting(3)
      .pipeline_depth(depth)
      .reconnect_min(1ms)
      .reconnect_max(4ms)
      .max_uses(500)
      .keepalive_interval(3ms)
      .validate_after(50ms)
      .max_lifetime(100ms)
      .idle_timeout(20ms);
}

// Everything was answered once, and everything that was opened is closed.
void expect_balanced(const PoolStats& stats, const Tally& tally) {
  EXPECT_EQ(stats.state, PoolState::closed);
  EXPECT_EQ(stats.idle + stats.used + stats.pending + stats.waiters + stats.shared_leases, 0U);
  EXPECT_EQ(stats.acquires, stats.acquires_immediate + stats.acquires_waited + stats.timeouts + stats.rejected +
                                stats.cancelled + stats.failed);
  EXPECT_EQ(stats.connects, stats.closed_total());
  EXPECT_EQ(tally.asked, tally.granted + tally.failed);
  EXPECT_EQ(stats.use_time.count(), stats.acquires_immediate + stats.acquires_waited);
}

void start_users(std::vector<asio::any_io_executor> executors, const std::shared_ptr<Pool<Line>>& pool,
                 const std::shared_ptr<Tally>& tally, std::uint64_t seed, std::uint64_t times) {
  const auto finished = [tally, pool](std::exception_ptr failure) {
    EXPECT_FALSE(failure);
    --tally->running;
  };
  tally->running += static_cast<int>(2 * executors.size());
  for (std::size_t i = 0; i < executors.size(); ++i) {
    asio::co_spawn(executors[i], user(pool, tally, seed + i, times), finished);
    asio::co_spawn(executors[i], canceller(pool, tally, seed + 1000 + i, times / 8), finished);
  }
}

TEST(CheckoutStorm, AMillionCheckoutsOnOneLoop) {
  for (const unsigned depth : {1U, 4U}) {
    const std::uint64_t seed = 20240607 + depth;
    SCOPED_TRACE(seed);
    auto lines = unreliable(seed);
    auto tally = std::make_shared<Tally>();
    asio::io_context loop(1);
    auto pool = pool_here(PoolRegistry::of(loop.get_executor()), lines, rough(depth));
    start_users(std::vector<asio::any_io_executor>(16, asio::any_io_executor(loop.get_executor())), pool, tally, seed,
                repetitions(1'000'000) / 16 / 2);
    asio::co_spawn(loop, trouble(pool, tally, seed), asio::detached);
    loop.run();
    run_on(loop, pool->close());
    expect_balanced(pool->stats(), *tally);
    EXPECT_EQ(*lines->open, 0);
    EXPECT_GT(tally->granted, tally->asked / 4);
  }
}

TEST(CheckoutStorm, OneLoopRunByEightThreads) {
  for (const unsigned depth : {1U, 4U}) {
    const std::uint64_t seed = 42 + depth;
    SCOPED_TRACE(seed);
    auto lines = unreliable(seed);
    auto tally = std::make_shared<Tally>();
    asio::io_context loop(8);
    auto pool = pool_here(PoolRegistry::of(loop.get_executor()), lines, rough(depth));
    std::vector<asio::any_io_executor> strands;
    for (int i = 0; i < 16; ++i) strands.push_back(asio::make_strand(loop));
    start_users(strands, pool, tally, seed, repetitions(1'000'000) / 16 / 2);
    asio::co_spawn(asio::make_strand(loop), trouble(pool, tally, seed), asio::detached);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { loop.run(); });
    for (auto& thread : threads) thread.join();
    run_on(loop, pool->close());
    expect_balanced(pool->stats(), *tally);
    EXPECT_EQ(*lines->open, 0);
  }
}

TEST(CheckoutStorm, EightLoopsOnEightThreadsUnderOneLimit) {
  constexpr unsigned limit = 10;
  struct Bounded : Lines {
    awaitable<std::unique_ptr<Line>> connect() override {
      auto line = co_await Lines::connect();
      if (*open > static_cast<int>(limit)) ++too_many;
      co_return line;
    }
    std::atomic<int> too_many{0};
  };
  constexpr std::uint64_t seed = 7;
  auto lines = std::make_shared<Bounded>();
  lines->on_connect = sometimes_refused(seed);
  auto owner = std::make_shared<PoolOwner>();
  std::atomic<std::uint64_t> granted{0};
  std::atomic<bool> go_on{true};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      asio::io_context loop(1);
      auto tally = std::make_shared<Tally>();
      auto pool = PoolRegistry::of(loop.get_executor())
                      .get<Line>(PoolKey("line", "limited"), lines, rough(1).max_size(4).total_limit(limit), owner);
      start_users(std::vector<asio::any_io_executor>(4, asio::any_io_executor(loop.get_executor())), pool, tally,
                  seed + 100 * t, repetitions(1'000'000) / 32);
      asio::co_spawn(loop, trouble(pool, tally, seed + t), asio::detached);
      loop.run();
      run_on(loop, pool->close());
      expect_balanced(pool->stats(), *tally);
      granted += tally->granted;
    });
  // From elsewhere: figures are read, and nothing is disturbed by it.
  std::thread reader([&] {
    while (go_on) {
      EXPECT_LE(PoolRegistry::snapshot().size(), 8U);
      EXPECT_LE(owner->stats().max, 8U * 8U);  // resized up to 8 on each
      std::this_thread::yield();
    }
  });
  for (auto& thread : threads) thread.join();
  go_on = false;
  reader.join();
  EXPECT_GT(granted, repetitions(1'000'000) / 4);
  EXPECT_EQ(lines->too_many, 0);
  EXPECT_EQ(*lines->open, 0);
}

// Pools that are closed under their users again and again, and made anew by whoever comes next.
awaitable<void> visitor(std::shared_ptr<Lines> lines, std::shared_ptr<PoolOwner> owner, std::shared_ptr<Tally> tally,
                        std::uint64_t seed, std::uint64_t times) {
  std::mt19937_64 random(seed);
  auto& registry = *co_await PoolRegistry::current();
  for (std::uint64_t i = 0; i < times; ++i) {
    auto pool = registry.get<Line>(PoolKey("line", "closing"), lines, rough(2), owner);
    ++tally->asked;
    std::exception_ptr failure;
    try {
      auto lease = co_await pool->acquire();
      if (random() % 4 == 0) co_await turn();
      if (random() % 64 == 0) lease.discard();
    } catch (...) {
      failure = std::current_exception();
    }
    ++(failure ? tally->failed : tally->granted);
    if (failure) {
      const auto kind = as_error(failure).kind();
      EXPECT_TRUE(kind == errc::pool_closed || kind == errc::pool_timeout) << as_error(failure).what();
      co_await turn();
    }
    if (random() % 256 == 0) co_await pool->close(std::chrono::milliseconds(random() % 3));
  }
  --tally->running;
}

TEST(CheckoutStorm, ClosedAgainAndAgainInBetween) {
  for (const int threads : {1, 8}) {
    SCOPED_TRACE(threads);
    auto lines = unreliable(3);
    auto owner = std::make_shared<PoolOwner>();
    auto tally = std::make_shared<Tally>();
    {
      asio::io_context loop(threads);
      for (std::uint64_t i = 0; i < 16; ++i)
        asio::co_spawn(asio::make_strand(loop), visitor(lines, owner, tally, i, repetitions(200'000) / 16),
                       [](std::exception_ptr failure) {
                         if (failure) ADD_FAILURE() << as_error(failure).what();
                       });
      std::vector<std::thread> others;
      for (int i = 1; i < threads; ++i) others.emplace_back([&] { loop.run(); });
      loop.run();
      for (auto& other : others) other.join();
      run_on(loop, owner->close());
      EXPECT_EQ(PoolRegistry::of(loop.get_executor()).count(), 0U);
    }
    EXPECT_EQ(tally->asked, tally->granted + tally->failed);
    EXPECT_GT(tally->granted, tally->asked / 2);
    EXPECT_EQ(*lines->open, 0);
  }
}

}  // namespace
}  // namespace weir::test
