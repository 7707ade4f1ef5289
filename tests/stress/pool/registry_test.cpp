// Which pool a coroutine finds, whose it is, and when it ends.
#include "stress/pool/line.hpp"
#include "support/sanitizers.hpp"

#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <iterator>
#include <latch>
#include <new>
#include <optional>
#include <set>
#include <thread>
#include <vector>

namespace weir::test {
namespace {

struct OtherLine {};
class OtherLines : public ConnectionFactory<OtherLine> {
 public:
  awaitable<std::unique_ptr<OtherLine>> connect() override { co_return std::make_unique<OtherLine>(); }
};

TEST(PoolKey, IsComparedByValueAndShowsNoIdentity) {
  const PoolKey a("postgres", "db:5432", "user=app"), b("postgres", "db:5432", "user=admin");
  EXPECT_NE(a, b);
  EXPECT_EQ(a, PoolKey("postgres", "db:5432", "user=app"));
  EXPECT_EQ(a.to_string(), "postgres db:5432");
  EXPECT_NE(a.digest(), b.digest());
  EXPECT_NE(PoolKey("a", "bc").digest(), PoolKey("ab", "c").digest());
}

TEST(Registry, OneForEachLoopFromAnyOfItsExecutors) {
  asio::io_context a(1), b(1);
  asio::thread_pool threads(1);
  auto& first = PoolRegistry::of(a.get_executor());
  EXPECT_EQ(&first, &PoolRegistry::of(a.get_executor()));
  EXPECT_EQ(&first, &PoolRegistry::of(asio::make_strand(a)));
  EXPECT_EQ(&first, &PoolRegistry::of(asio::make_strand(asio::any_io_executor(a.get_executor()))));
  EXPECT_NE(&first, &PoolRegistry::of(b.get_executor()));
  EXPECT_NE(&first, &PoolRegistry::of(threads.get_executor()));
  EXPECT_EQ(&first, &PoolRegistry::of(a.get_executor()));
  EXPECT_TRUE(first.is_single_threaded()) << "io_context(1)";
  asio::io_context many(2);
  EXPECT_FALSE(PoolRegistry::of(many.get_executor()).is_single_threaded());
  PoolRegistry::of(many.get_executor()).single_threaded();
  EXPECT_TRUE(PoolRegistry::of(many.get_executor()).is_single_threaded());
}

std::ptrdiff_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

TEST(Registry, AContextThatRunsNoIoIsRefusedByNameAndNoThreadIsStartedToFindOut) {
  const auto before = threads_of_this_process();
  const asio::system_executor system;
  const std::vector<asio::any_io_executor> without_io{system, asio::require(system, asio::execution::blocking.never),
                                                      asio::prefer(system, asio::execution::relationship.continuation)};
  for (const auto& executor : without_io) {
    try {
      PoolRegistry::of(executor);
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), errc::unsupported);
      EXPECT_NE(std::string(error.what()).find("system_executor"), std::string::npos);
    }
  }
  EXPECT_THROW(PoolRegistry::of(asio::any_io_executor()), Error);
  EXPECT_LE(threads_of_this_process(), before);  // one that was joined before may leave the list only now
}

TEST(Registry, EqualKeysShareAPoolAndOtherOptionsAreRefusedNamingBoth) {
  run([]() -> awaitable<void> {
    auto* registry = co_await PoolRegistry::current();
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(*registry, lines, PoolOptions{}.max_size(3));
    EXPECT_EQ(pool, pool_here(*registry, lines, PoolOptions{}.max_size(3)));
    EXPECT_EQ(registry->count(), 1U);
    try {
      pool_here(*registry, lines, PoolOptions{}.max_size(4));
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), errc::invalid_argument);
      EXPECT_NE(std::string(error.what()).find("max_size=3"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("max_size=4"), std::string::npos) << error.what();
    }
    EXPECT_THROW(pool_here(*registry, nullptr, {}, "new"), Error);
    EXPECT_THROW(pool_here(*registry, lines, PoolOptions{}.max_size(0), "new"), Error);
    auto other = registry->get<OtherLine>(PoolKey("line", "here"), std::make_shared<OtherLines>());
    EXPECT_EQ(registry->count(), 2U) << "the connection's type is part of the look-up";
    co_return;
  }());
}

TEST(Registry, ConcurrentFirstUsesMakeOnePool) {
  for (int round = 0; round < 20; ++round) {
    asio::thread_pool threads(4);
    auto lines = std::make_shared<Lines>();
    std::mutex mutex;
    std::set<Pool<Line>*> seen;
    std::latch together(4);
    for (int i = 0; i < 4; ++i)
      asio::post(threads, [&] {
        together.arrive_and_wait();
        auto pool = pool_here(PoolRegistry::of(threads.get_executor()), lines);
        const std::lock_guard lock(mutex);
        seen.insert(pool.get());
      });
    threads.join();
    EXPECT_EQ(seen.size(), 1U);
  }
}

TEST(Registry, RemoveTakesItOutAndCloses) {
  run([]() -> awaitable<void> {
    auto* registry = co_await PoolRegistry::current();
    auto lines = std::make_shared<Lines>();
    auto pool = pool_here(*registry, lines);
    auto lease = co_await pool->acquire();
    lease.release();
    const bool first = co_await registry->remove(PoolKey("line", "here"));
    EXPECT_TRUE(first);
    EXPECT_EQ(registry->count(), 0U);
    EXPECT_EQ(*lines->open, 0);
    const bool second = co_await registry->remove(PoolKey("line", "here"));
    EXPECT_FALSE(second);
  }());
}

awaitable<void> warm(std::shared_ptr<Lines> lines) {
  auto pool = pool_here(*co_await PoolRegistry::current(), lines);
  auto lease = co_await pool->acquire();
}

TEST(Registry, TwoLoopsHavePoolsOfTheirOwnAndASnapshotSeesBoth) {
  auto lines = std::make_shared<Lines>();
  asio::io_context a(1), b(1);
  run_on(a, warm(lines));
  run_on(b, warm(lines));
  EXPECT_EQ(lines->made, 2);
  std::vector<PoolInfo> all;
  std::thread([&] { all = PoolRegistry::snapshot(); }).join();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_NE(all[0].loop, all[1].loop);
  EXPECT_EQ(all[0].key, "line here");
  EXPECT_EQ(all[0].digest, all[1].digest);
  EXPECT_EQ(all[0].stats.idle + all[1].stats.idle, 2U);
  EXPECT_GT(all[0].created.time_since_epoch().count(), 0);
}

TEST(Registry, CloseAllReachesEveryLoopAndTheOneItIsCalledFrom) {
  auto lines = std::make_shared<Lines>();
  asio::io_context other(1);
  run_on(other, warm(lines));
  other.restart();
  auto keep = asio::make_work_guard(other);
  std::thread thread([&] { other.run(); });
  asio::io_context mine(1);
  run_on(mine, warm(lines));
  EXPECT_EQ(*lines->open, 2);
  run_on(mine, PoolRegistry::close_all());
  EXPECT_EQ(*lines->open, 0);
  EXPECT_TRUE(PoolRegistry::snapshot().empty());
  keep.reset();
  thread.join();
}

TEST(Registry, CloseAllDoesNotWaitForALoopNobodyRunsLongerThanTheDrain) {
  auto lines = std::make_shared<Lines>();
  asio::io_context stopped(1), mine(1);
  run_on(stopped, warm(lines));
  run_on(mine, PoolRegistry::close_all(10ms));
  EXPECT_EQ(*lines->open, 1);
  run_on(stopped, turn());
  EXPECT_EQ(*lines->open, 0) << "it answers when it is run again";
}

TEST(Registry, CloseAllEndsWhenALoopDies) {
  auto lines = std::make_shared<Lines>();
  auto dying = std::make_unique<asio::io_context>(1);
  asio::io_context mine(1);
  run_on(*dying, warm(lines));
  bool done = false;
  asio::co_spawn(mine, PoolRegistry::close_all(1h), [&](std::exception_ptr failure) { done = !failure; });
  asio::post(mine, [&] { dying.reset(); });
  mine.run();
  EXPECT_TRUE(done);
  EXPECT_EQ(*lines->open, 0);
}

TEST(Registry, NothingOfALoopIsFoundByAnotherAtTheSameAddress) {
  alignas(asio::io_context) std::byte room[sizeof(asio::io_context)];
  auto lines = std::make_shared<Lines>();
  std::set<std::uint64_t> loops;
  for (int i = 1; i <= 5; ++i) {
    auto* const loop = new (room) asio::io_context(1);
    EXPECT_EQ(PoolRegistry::of(loop->get_executor()).count(), 0U);
    loops.insert(PoolRegistry::of(loop->get_executor()).loop());
    run_on(*loop, warm(lines));
    EXPECT_EQ(lines->made, i);
    loop->~io_context();
    EXPECT_EQ(*lines->open, 0);
  }
  EXPECT_EQ(loops.size(), 5U);
}

TEST(Registry, WhatAComponentKeepsForALoopIsFoundByItsNumberAndEndsWithIt) {
  const auto number = PoolRegistry::new_local_number();
  std::weak_ptr<int> kept;
  {
    asio::io_context loop(1);
    auto& registry = PoolRegistry::of(loop.get_executor());
    EXPECT_EQ(registry.local(number), nullptr);
    auto value = std::make_shared<int>(7);
    kept = value;
    EXPECT_EQ(registry.set_local(number, value), value.get());
    EXPECT_EQ(registry.set_local(number, std::make_shared<int>(8)), value.get()) << "the first one stays";
    EXPECT_EQ(registry.local(number), value.get());
    asio::io_context other(1);
    EXPECT_EQ(PoolRegistry::of(other.get_executor()).local(number), nullptr);
  }
  EXPECT_TRUE(kept.expired());
}

TEST(Registry, PingsEveryPoolOfItsLoopAtOnce) {
  run([]() -> awaitable<void> {
    auto& registry = *co_await PoolRegistry::current();
    auto well = std::make_shared<Lines>();
    auto gone = std::make_shared<Lines>();
    auto silent = std::make_shared<Lines>();
    gone->on_connect = [](int) { throw Error(errc::connect_failed, "connection refused"); };
    silent->hang_pings = true;
    const auto options = PoolOptions{}.acquire_timeout(500ms).ping_timeout(500ms);
    auto a = pool_here(registry, well, options, "a");
    auto b = pool_here(registry, gone, options, "b");
    auto c = pool_here(registry, silent, options, "c");
    const auto answers = co_await registry.ping();
    EXPECT_EQ(answers.size(), 3U);
    if (answers.size() != 3) co_return;
    EXPECT_TRUE(answers[0].reachable) << answers[0].error;
    EXPECT_EQ(answers[0].key, a->key().to_string());
    EXPECT_GT(answers[0].round_trip.count(), 0);
    EXPECT_FALSE(answers[1].reachable);
    EXPECT_NE(answers[1].error.find("connection refused"), std::string::npos) << answers[1].error;
    EXPECT_FALSE(answers[2].reachable);
    EXPECT_NE(answers[2].error.find("ping_timeout"), std::string::npos) << answers[2].error;
  }());
}

TEST(Owner, TheLastOneToGoClosesThePoolAndOthersAreNotDisturbed) {
  run([]() -> awaitable<void> {
    auto* registry = co_await PoolRegistry::current();
    auto lines = std::make_shared<Lines>();
    auto one = std::make_shared<PoolOwner>(), two = std::make_shared<PoolOwner>();
    const PoolKey name("line", "owned");
    auto pool = registry->get<Line>(name, lines, {}, one);
    registry->get<Line>(name, lines, {}, one);  // again: still one owner
    registry->get<Line>(name, lines, {}, two);
    auto lease = co_await pool->acquire();
    lease.release();
    co_await one->close();
    EXPECT_TRUE(one->closed());
    EXPECT_EQ(pool->stats().idle, 1U);
    EXPECT_THROW(registry->get<Line>(name, lines, {}, one), Error);
    EXPECT_EQ(two->stats().idle, 1U);
    EXPECT_EQ(two->stats(*registry).connects, 1U);
    two.reset();
    EXPECT_EQ(registry->count(), 0U);
    EXPECT_EQ(*lines->open, 0);
  }());
}

TEST(Owner, ThatIsClosedLeavesNoPoolBehind) {
  run([]() -> awaitable<void> {
    auto* registry = co_await PoolRegistry::current();
    const auto owner = std::make_shared<PoolOwner>();
    co_await owner->close();
    EXPECT_THROW(registry->get<Line>(PoolKey("line", "owned"), std::make_shared<Lines>(), {}, owner), Error);
    EXPECT_EQ(registry->count(), 0U);
  }());
}

// The last lease and the last owner go at the same time, on two threads of the loop; whoever is the last takes the pool
// along, under the other's feet.
TEST(Owner, MayGoWhileTheLastLeaseIsGivenBack) {
  struct Hears : PoolListener {
    void on_event(const PoolEvent& event) override { released += event.kind == PoolEventKind::released ? 1 : 0; }
    std::atomic<int> released{0};
  };
  const auto listener = std::make_shared<Hears>();
  add_pool_listener(listener);
  asio::io_context loop(2);
  const auto lines = std::make_shared<Lines>();
  const int times = rounds(2'000);
  auto work = [](std::shared_ptr<Lines> made_by, int count) -> awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    auto& registry = PoolRegistry::of(executor);
    for (int i = 0; i < count; ++i) {
      auto owner = std::make_shared<PoolOwner>();
      auto pool = registry.get<Line>(PoolKey("line", "going"), made_by, {}, owner);
      auto lease = std::make_shared<Lease<Line>>(co_await pool->acquire());
      pool.reset();
      const auto both = std::make_shared<std::latch>(2);
      asio::post(executor, [owner = std::move(owner), both]() mutable {
        both->arrive_and_wait();
        owner.reset();
      });
      both->arrive_and_wait();
      lease->release();
      lease.reset();
      while (registry.count() != 0) co_await turn();
    }
  };
  asio::co_spawn(loop, work(lines, times), asio::detached);
  std::thread other([&] { loop.run(); });
  loop.run();
  other.join();
  EXPECT_TRUE(remove_pool_listener(listener));
  EXPECT_EQ(*lines->open, 0);
  EXPECT_GT(listener->released, 0);
}

// Whatever is destroyed with a loop may call whatever it likes.
TEST(Registry, AnEndingLoopMakesNoPools) {
  struct Late {
    explicit Late(asio::any_io_executor on) : executor(std::move(on)) {}
    Late(const Late&) = delete;
    Late& operator=(const Late&) = delete;
    ~Late() {
      try {
        pool_here(PoolRegistry::of(executor), std::make_shared<Lines>(), {}, "late");
        ADD_FAILURE() << "a pool was made on a loop that ends";
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), errc::pool_closed);
      }
    }
    asio::any_io_executor executor;
  };
  const auto lines = std::make_shared<Lines>();
  auto waits = [](std::shared_ptr<Lines> made_by) -> awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    auto pool = pool_here(PoolRegistry::of(executor), made_by, PoolOptions{}.max_size(1));
    auto lease = co_await pool->acquire();
    const Late late(executor);
    auto second = co_await pool->acquire();
    ADD_FAILURE();
  };
  for (int i = 0; i < 3; ++i) {
    std::optional<asio::io_context> loop(std::in_place, 1);
    asio::co_spawn(*loop, waits(lines), asio::detached);
    loop->poll();
    loop.reset();
    // Another at the same place finds a registry of its own.
    loop.emplace(1);
    EXPECT_EQ(PoolRegistry::of(loop->get_executor()).count(), 0U);
  }
}

TEST(Owner, ReachesItsPoolsOnEveryLoop) {
  auto lines = std::make_shared<Lines>();
  auto owner = std::make_shared<PoolOwner>();
  const auto use = [](std::shared_ptr<Lines> made_by, std::shared_ptr<PoolOwner> whose) -> awaitable<void> {
    auto* registry = co_await PoolRegistry::current();
    auto pool = registry->get<Line>(PoolKey("line", "owned"), made_by, {}, whose);
    auto lease = co_await pool->acquire();
  };
  asio::io_context a(1), b(1);
  run_on(a, use(lines, owner));
  run_on(b, use(lines, owner));
  EXPECT_EQ(owner->stats().idle, 2U);
  owner.reset();  // off every loop: each hears of it on its own
  run_on(a, turn());
  run_on(b, turn());
  EXPECT_EQ(*lines->open, 0);
}

TEST(Registry, WarnsWhenTheLoopsTogetherMayOpenMoreThanTheServerAllows) {
  struct Allowing : Lines {
    std::optional<std::uint64_t> server_limit() const noexcept override { return 20; }
  };
  struct Hear : PoolListener {
    void on_event(const PoolEvent& event) override {
      if (event.kind == PoolEventKind::server_limit) texts.push_back(event.text);
    }
    std::vector<std::string> texts;
  };
  auto hear = std::make_shared<Hear>();
  add_pool_listener(hear);
  auto lines = std::make_shared<Allowing>();
  asio::io_context a(1), b(1);
  const auto make = [](std::shared_ptr<Lines> made_by) -> awaitable<void> {
    auto pool = pool_here(*co_await PoolRegistry::current(), made_by, PoolOptions{}.max_size(10));
    co_return;
  };
  run_on(a, make(lines));
  EXPECT_TRUE(hear->texts.empty());
  run_on(b, make(lines));
  ASSERT_EQ(hear->texts.size(), 1U);
  EXPECT_EQ(hear->texts[0], "the 2 pools to line here may open 20 connections together, the server allows 20");
  remove_pool_listener(hear);
}

TEST(Registry, WarnsOnceWhenManyConfigurationsGoToOneEndpoint) {
  struct Hear : PoolListener {
    void on_event(const PoolEvent& event) override {
      if (event.kind == PoolEventKind::many_configurations) texts.push_back(event.text);
    }
    std::vector<std::string> texts;
  };
  auto hear = std::make_shared<Hear>();
  add_pool_listener(hear);
  run([](std::shared_ptr<Hear> heard) -> awaitable<void> {
    auto& registry = *co_await PoolRegistry::current();
    auto lines = std::make_shared<Lines>();
    for (int i = 1; i <= 10; ++i) {
      registry.get<Line>(PoolKey("line", "one place", "user=" + std::to_string(i)), lines);
      registry.get<Line>(PoolKey("line", "place " + std::to_string(i)), lines);
      EXPECT_EQ(heard->texts.size(), i <= 8 ? 0U : 1U) << i;
    }
  }(hear));
  remove_pool_listener(hear);
}

}  // namespace
}  // namespace weir::test
