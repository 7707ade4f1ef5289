// The driver on real loops: leases, waiting, cancelling, closing.
#include "stress/pool/line.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <future>
#include <thread>
#include <vector>

namespace weir::test {
namespace {

TEST(Driver, OpensReusesAndCounts) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(*co_await PoolRegistry::current(), lines);
    for (int i = 0; i < 3; ++i) {
      auto lease = co_await pool->acquire();
      EXPECT_EQ(lease->number, 1);
      EXPECT_EQ(lease.connection_id(), 1U);
      EXPECT_EQ(pool->stats().used, 1U);
    }
    EXPECT_EQ(pool->stats().idle, 1U);
    EXPECT_EQ(pool->stats().acquires_immediate, 2U);
    EXPECT_EQ(pool->stats().acquires_waited, 1U);
    auto lease = pool->try_acquire();
    EXPECT_TRUE(lease);
    lease->discard();
    EXPECT_EQ(pool->stats().closed_by(CloseReason::error), 1U);
    EXPECT_EQ(*lines->open, 0);
  }());
}

TEST(Driver, AnEmptyLeaseCanBeDestroyedAssignedAndTested) {
  Lease<Line> empty;
  EXPECT_FALSE(empty);
  empty.release();
  empty.discard();
  empty = Lease<Line>{};
  EXPECT_THROW(empty->number = 1, Error);
  EXPECT_THROW(static_cast<void>(empty.endpoint()), Error);
}

TEST(Driver, TheFreeCheckDiscardsWhatDiedAndTakesTheNext) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(*co_await PoolRegistry::current(), lines);
    auto a = co_await pool->acquire();
    auto b = co_await pool->acquire();
    b->dead = true;
    a.release();
    b.release();
    auto lease = co_await pool->acquire();
    EXPECT_EQ(lease->number, 1);
    EXPECT_EQ(pool->stats().closed_by(CloseReason::validation), 1U);
  }());
}

TEST(Driver, AResetThatFailsThrowsOrHangsClosesTheConnection) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(*co_await PoolRegistry::current(), lines, PoolOptions{}.max_size(1).reset_timeout(500ms));
    lines->answer = ReturnAs::reset;
    int number = 1;
    for (const auto how : {Lines::Resetting::well, Lines::Resetting::fails, Lines::Resetting::throws,
                           Lines::Resetting::hangs, Lines::Resetting::well}) {
      lines->resetting = how;
      {
        auto lease = co_await pool->acquire();
        EXPECT_EQ(lease->number, number);
      }
      if (how != Lines::Resetting::well) ++number;
      auto again = co_await pool->acquire();
      EXPECT_EQ(again->number, number) << "the same after a reset, another when it did not work";
      lines->resetting = Lines::Resetting::well;
    }
    EXPECT_EQ(pool->stats().closed_by(CloseReason::reset), 3U);
    EXPECT_GE(lines->resets, 5);
    EXPECT_EQ(*lines->open, 1);
  }());
}

awaitable<void> hold_for_turns(std::shared_ptr<Pool<Line>> pool, std::vector<int>& order, int number, int turns) {
  auto lease = co_await pool->acquire();
  order.push_back(number);
  co_await turn(turns);
}

TEST(Driver, ServesInTurnAndNeverInlineFromARelease) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(*co_await PoolRegistry::current(), lines, PoolOptions{}.max_size(1));
    auto lease = co_await pool->acquire();
    std::vector<int> order;
    const auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i < 5; ++i) asio::co_spawn(executor, hold_for_turns(pool, order, i, 2), asio::detached);
    co_await turn();
    EXPECT_EQ(pool->stats().waiters, 5U);
    lease.release();
    EXPECT_TRUE(order.empty()) << "the next one runs later, not inside of release";
    co_await turn(100);
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  }());
}

TEST(Driver, AThousandWaitersAreServedWithoutRecursion) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(*co_await PoolRegistry::current(), lines, PoolOptions{}.max_size(2));
    std::vector<int> order;
    const auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i < 1000; ++i) asio::co_spawn(executor, hold_for_turns(pool, order, i, 0), asio::detached);
    while (order.size() < 1000) co_await turn();
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  }());
}

TEST(Driver, ATimeOutEndsTheWait) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(*co_await PoolRegistry::current(), lines, PoolOptions{}.max_size(1));
    AcquireOptions first;
    first.operation("the long one");
    auto lease = co_await pool->acquire(first);
    AcquireOptions quick;
    quick.timeout(20ms);
    const auto error = as_error(co_await failure_of(pool->acquire(quick)));
    EXPECT_EQ(error.kind(), errc::pool_timeout);
    EXPECT_NE(std::string(error.what()).find("the long one"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("1 in use of at most 1"), std::string::npos) << error.what();
    EXPECT_EQ(error.backend(), "line");
    AcquireOptions late;
    late.deadline(std::chrono::steady_clock::now() + 10ms);
    CO_EXPECT_FAILURE(pool->acquire(late), errc::timeout);
    EXPECT_EQ(pool->stats().timeouts, 2U);
    EXPECT_EQ(pool->stats().waiters, 0U);
  }());
}

TEST(Driver, AConnectErrorThatDoesNotPassIsThrown) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    lines->on_connect = [](int) { throw Error(errc::authentication_failed, "wrong password"); };
    auto pool = pool_here(*co_await PoolRegistry::current(), lines);
    const auto error = as_error(co_await failure_of(pool->acquire()));
    EXPECT_EQ(error.kind(), errc::authentication_failed);
    EXPECT_EQ(error.endpoint(), "here");
    EXPECT_NE(pool->stats().last_connect_error.find("wrong password"), std::string::npos);
  }());
}

TEST(Driver, AForeignExceptionFromConnectIsAConnectFailure) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    lines->on_connect = [](int n) {
      if (n <= 2) throw std::runtime_error("out of luck");
    };
    auto pool = pool_here(*co_await PoolRegistry::current(), lines,
                          PoolOptions{}.fail_fast(true).reconnect_min(1ms).reconnect_max(1ms));
    const auto error = as_error(co_await failure_of(pool->acquire()));
    EXPECT_EQ(error.kind(), errc::connect_failed);
    EXPECT_NE(std::string(error.what()).find("out of luck"), std::string::npos);
    auto lease = co_await pool->acquire();
    EXPECT_TRUE(lease);
  }());
}

TEST(Driver, AConnectThatHangsIsCutOffByItsOwnLimit) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    lines->delay = 1h;
    auto pool = pool_here(*co_await PoolRegistry::current(), lines,
                          PoolOptions{}.connect_timeout(10ms).fail_fast(true).reconnect_min(1ms).reconnect_max(1ms));
    const auto error = as_error(co_await failure_of(pool->acquire()));
    EXPECT_EQ(error.kind(), errc::connect_failed);
    EXPECT_NE(std::string(error.what()).find("connect_timeout"), std::string::npos) << error.what();
  }());
}

awaitable<void> cancelled_wait(std::shared_ptr<Pool<Line>> pool, bool& done) {
  const auto failure = co_await failure_of(pool->acquire());
  const auto error = as_error(failure);
  EXPECT_EQ(error.kind(), errc::cancelled);
  EXPECT_TRUE(error.code() == boost::system::errc::operation_canceled);
  done = true;
}

TEST(Driver, CancellingAWaitLeavesTheQueueAndTheConnectFeedsTheNext) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    lines->delay = 20ms;
    auto pool = pool_here(*co_await PoolRegistry::current(), lines, PoolOptions{}.max_size(1));
    asio::cancellation_signal signal;
    bool done = false;
    asio::co_spawn(co_await asio::this_coro::executor, cancelled_wait(pool, done),
                   asio::bind_cancellation_slot(signal.slot(), asio::detached));
    co_await turn();
    EXPECT_EQ(pool->stats().waiters, 1U);
    signal.emit(asio::cancellation_type::terminal);
    EXPECT_EQ(pool->stats().waiters, 0U);
    co_await turn(2);
    EXPECT_TRUE(done);
    EXPECT_EQ(pool->stats().cancelled, 1U);
    auto lease = co_await pool->acquire();
    EXPECT_EQ(lines->attempts, 1) << "the connect went on for the next";
  }());
}

TEST(Driver, SharedLeasesShare) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(*co_await PoolRegistry::current(), lines, PoolOptions{}.max_size(1).pipeline_depth(2));
    AcquireOptions shared;
    shared.shared(true);
    auto a = co_await pool->acquire(shared);
    auto b = pool->try_acquire_shared();
    EXPECT_TRUE(b);
    EXPECT_EQ(&*a, &**b);
    EXPECT_FALSE(pool->try_acquire_shared());
    EXPECT_FALSE(pool->try_acquire());
    EXPECT_EQ(pool->stats().shared_leases, 2U);
  }());
}

TEST(Driver, OneReportedFailureClosesEverythingAsOld) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(*co_await PoolRegistry::current(), lines);
    auto a = co_await pool->acquire();
    auto b = co_await pool->acquire();
    b.release();
    a.fail(Error(errc::connection_lost, "the server is shutting down"));
    EXPECT_FALSE(a);
    EXPECT_EQ(*lines->open, 0);
    EXPECT_EQ(pool->stats().generation, 1U);
    pool->clear();
    EXPECT_EQ(pool->stats().generation, 2U);
  }());
}

TEST(Driver, PingGoesThereAndBack) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(*co_await PoolRegistry::current(), lines);
    const auto round_trip = co_await pool->ping();
    EXPECT_GE(round_trip, 0ns);
    EXPECT_EQ(lines->pings, 1);
    EXPECT_EQ(pool->stats().idle, 1U);
  }());
}

TEST(Driver, CloseWaitsForLeasesAndThenRefuses) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    auto* registry = co_await PoolRegistry::current();
    auto pool = pool_here(*registry, lines);
    auto lease = std::make_shared<Lease<Line>>(co_await pool->acquire());
    const auto executor = co_await asio::this_coro::executor;
    asio::post(executor, [lease] { lease->release(); });
    co_await pool->close();
    EXPECT_EQ(*lines->open, 0);
    EXPECT_EQ(pool->stats().state, PoolState::closed);
    CO_EXPECT_FAILURE(pool->acquire(), errc::pool_closed);
    EXPECT_FALSE(pool->try_acquire());
    co_await pool->close();
    EXPECT_EQ(registry->count(), 0U);
    auto next = pool_here(*registry, lines);
    EXPECT_NE(next, pool) << "a closed pool makes room for another";
    auto lease_of_next = co_await next->acquire();
    EXPECT_TRUE(lease_of_next);
  }());
}

// What the state machine asks for is done after its lock: another thread's close, or a listener's, may come in between.
TEST(Driver, AConnectThatIsGivenUpBeforeItBeginsIsGivenUp) {
  struct Closer : PoolListener {
    void on_event(const PoolEvent& event) override {
      if (event.kind == PoolEventKind::connection_created) asio::co_spawn(*loop, pool->close(30s), asio::detached);
    }
    asio::io_context* loop = nullptr;
    std::shared_ptr<Pool<Line>> pool;
  };
  const auto closer = std::make_shared<Closer>();
  asio::io_context loop(1);
  closer->loop = &loop;
  add_pool_listener(closer);
  const auto lines = std::make_shared<Lines>();
  lines->hang_after = 0;
  const auto begun = std::chrono::steady_clock::now();
  run_on(loop, [](std::shared_ptr<Closer> by, std::shared_ptr<Lines> to) -> awaitable<void> {
    by->pool = pool_here(*co_await PoolRegistry::current(), to, PoolOptions{}.connect_timeout(1h).acquire_timeout(1h));
    CO_EXPECT_FAILURE(by->pool->acquire(), errc::pool_closed);
  }(closer, lines));
  EXPECT_TRUE(remove_pool_listener(closer));
  EXPECT_EQ(closer->pool->stats().state, PoolState::closed);
  EXPECT_EQ(*lines->open, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s) << "the connect went on until the drain's end";
  closer->pool.reset();
}

// On a loop with several threads others may have more and more to tell; who was granted a lease does not wait for that.
TEST(Driver, EventsWithoutAnEndHoldNobodyUp) {
  struct Restless : PoolListener {
    void on_event(const PoolEvent& event) override {
      const bool goes_on = event.kind == PoolEventKind::released || event.kind == PoolEventKind::pool_cleared;
      if (pool && goes_on && !served && told < 1'000) {
        ++told;
        pool->clear();
      }
    }
    std::shared_ptr<Pool<Line>> pool;
    bool served = false;
    int told = 0;
  };
  const auto restless = std::make_shared<Restless>();
  add_pool_listener(restless);
  asio::io_context loop(2);
  run_on(loop, [](std::shared_ptr<Restless> by) -> awaitable<void> {
    auto pool = pool_here(*co_await PoolRegistry::current(), std::make_shared<Lines>(), PoolOptions{}.max_size(1));
    auto lease = co_await pool->acquire();
    auto wait = [](std::shared_ptr<Pool<Line>> from, std::shared_ptr<Restless> to) -> awaitable<void> {
      auto mine = co_await from->acquire();
      to->served = true;
    };
    asio::co_spawn(co_await asio::this_coro::executor, wait(pool, by), asio::detached);
    co_await turn();
    by->pool = pool;
    lease.release();
    while (!by->served) co_await turn();
    co_await pool->close();
  }(restless));
  EXPECT_TRUE(remove_pool_listener(restless));
  restless->pool.reset();
  EXPECT_GT(restless->told, 0);
  EXPECT_LT(restless->told, 100) << "the lease was handed over meanwhile";
}

TEST(Driver, CloseGivesUpOnALeaseWhenTheTimeIsOver) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(*co_await PoolRegistry::current(), lines);
    auto lease = co_await pool->acquire();
    co_await pool->close(5ms);
    EXPECT_EQ(pool->stats().state, PoolState::closed);
    EXPECT_EQ(pool->stats().closed_by(CloseReason::drain_timeout), 1U);
    EXPECT_EQ(*lines->open, 1) << "it is in use";
    pool.reset();
    lease.release();
    EXPECT_EQ(*lines->open, 0);
  }());
}

TEST(Driver, TheHandleMayDieBeforeTheAwaitableStarts) {
  run([]() -> awaitable<void> {
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(*co_await PoolRegistry::current(), lines);
    auto waiting = pool->acquire();
    pool.reset();
    auto lease = co_await std::move(waiting);
    EXPECT_TRUE(lease);
  }());
}

TEST(Driver, AnotherLoopIsRefused) {
  asio::io_context a(1), b(1);
  std::shared_ptr<Pool<Line>> pool;
  Lease<Line> lease;
  auto lines = std::make_shared<Lines>();
  run_on(a, [](std::shared_ptr<Pool<Line>>& out, Lease<Line>& kept, std::shared_ptr<Lines> made_by) -> awaitable<void> {
    out = pool_here(*co_await PoolRegistry::current(), made_by);
    kept = co_await out->acquire();
  }(pool, lease, lines));
  run_on(b, [](std::shared_ptr<Pool<Line>> p, Lease<Line>& kept) -> awaitable<void> {
    EXPECT_FALSE(p->try_acquire());
    CO_EXPECT_FAILURE(p->acquire(), errc::invalid_argument);
    EXPECT_THROW(static_cast<void>(kept->number), Error);
  }(pool, lease));
  lease.release();  // off the loop: posted home
  EXPECT_EQ(pool->stats().used, 1U);
  run_on(a, turn());
  EXPECT_EQ(pool->stats().idle, 1U);
}

TEST(Driver, EventsAreToldInOrderAndAListenerThatThrowsIsOnlyCounted) {
  struct Recorder : PoolListener {
    void on_event(const PoolEvent& event) override {
      kinds.push_back(event.kind);
      EXPECT_EQ(event.pool, "line here");
      if (event.kind == PoolEventKind::released) throw std::runtime_error("a listener's own trouble");
    }
    std::vector<PoolEventKind> kinds;
  };
  auto recorder = std::make_shared<Recorder>();
  add_pool_listener(recorder);
  run([]() -> awaitable<void> {
    auto pool = pool_here(*co_await PoolRegistry::current(), std::make_shared<Lines>());
    auto lease = co_await pool->acquire();
    lease.release();
    EXPECT_EQ(pool->stats().listener_failures, 1U);
    co_await pool->close();
  }());
  EXPECT_TRUE(remove_pool_listener(recorder));
  EXPECT_FALSE(remove_pool_listener(recorder));
  using enum PoolEventKind;
  EXPECT_EQ(recorder->kinds, (std::vector{pool_created, acquire_started, connection_created, connection_ready, acquired,
                                          released, connection_closed, pool_closed}));
}

TEST(Driver, ALeaseHeldLongIsLoggedWithItsOperationAndAge) {
  const auto lines_of_log = std::make_shared<std::vector<std::string>>();
  log::set_level("pool", log::Level::warning);
  log::set_sink([lines_of_log](const log::Message& message) { lines_of_log->emplace_back(message.text); });
  run([](std::shared_ptr<std::vector<std::string>> logged) -> awaitable<void> {
    auto pool = pool_here(*co_await PoolRegistry::current(), std::make_shared<Lines>(),
                          PoolOptions{}.lease_warning(10ms).keepalive_interval(0ms));
    AcquireOptions options;
    options.operation("monthly report");
    auto lease = co_await pool->acquire(options);
    asio::steady_timer pause(co_await asio::this_coro::executor);
    while (logged->empty()) {
      pause.expires_after(2ms);
      co_await pause.async_wait(asio::use_awaitable);
    }
    EXPECT_GE(pool->stats().oldest_lease, 10ms);
    lease.release();
    EXPECT_EQ(pool->stats().oldest_lease.count(), 0);
  }(lines_of_log));
  log::set_sink({});
  log::set_level("pool", log::Level::off);
  ASSERT_EQ(lines_of_log->size(), 2U) << "once while it is out, and once when it is back";
  for (const auto& line : *lines_of_log) {
    EXPECT_NE(line.find("monthly report"), std::string::npos) << line;
    EXPECT_NE(line.find(" ms"), std::string::npos) << line;
  }
  EXPECT_NE(lines_of_log->at(1).find("has been returned"), std::string::npos);
}

TEST(Driver, WorksOnAThreadPoolAndFromStrands) {
  asio::thread_pool threads(4);
  auto lines = std::make_shared<Lines>();
  auto work = [](std::shared_ptr<Lines> made_by) -> awaitable<void> {
    auto* registry = co_await PoolRegistry::current();
    auto pool = pool_here(*registry, made_by, PoolOptions{}.max_size(3));
    for (int i = 0; i < 200; ++i) {
      auto lease = co_await pool->acquire();
      EXPECT_EQ(++lease->users, 1);
      co_await turn();
      --lease->users;
    }
  };
  std::vector<std::future<void>> all;
  for (int i = 0; i < 8; ++i) all.push_back(asio::co_spawn(asio::make_strand(threads), work(lines), asio::use_future));
  for (auto& one : all) one.get();
  EXPECT_LE(lines->made, 3);
  threads.join();
}

}  // namespace
}  // namespace weir::test
