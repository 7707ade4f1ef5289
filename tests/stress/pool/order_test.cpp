// Loops, handles, leases and streams, destroyed in every order there is, here or on another thread. What is leaked or
// used after its end is AddressSanitizer's to tell; that nothing stays open is asked here.
#include "stress/pool/line.hpp"

#include <weir/record_stream.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <thread>

namespace weir::test {
namespace {

/// As the streams of stores are: it holds a connection from its first record on.
class LeasedSource final : public RecordSource {
 public:
  explicit LeasedSource(std::shared_ptr<Pool<Line>> pool) : pool_(std::move(pool)) {}
  awaitable<std::vector<Record>> next_batch() override {
    if (!lease_) lease_ = co_await pool_->acquire();
    Record record;
    record.id = std::to_string(lease_->number);
    std::vector<Record> batch;
    batch.push_back(std::move(record));
    co_return batch;
  }

 private:
  std::shared_ptr<Pool<Line>> pool_;
  Lease<Line> lease_;
};

awaitable<void> hold_until_the_end(std::shared_ptr<Pool<Line>> pool) {
  auto lease = co_await pool->acquire();
  asio::steady_timer timer(co_await asio::this_coro::executor, 24h);
  co_await timer.async_wait(asio::use_awaitable);
}

/// One of everything: also a coroutine that holds a lease and a stream of its own, one that waits in the queue, and a
/// connect under way.
struct World {
  explicit World(int threads, std::shared_ptr<Lines> made_by)
      : lines(std::move(made_by)),
        loop(std::make_unique<asio::io_context>(threads)),
        owner(std::make_shared<PoolOwner>()) {
    pool = PoolRegistry::of(loop->get_executor())
               .get<Line>(PoolKey("line", "order"), lines, PoolOptions{}.max_size(4).max_connecting(4), owner);
    run_on(*loop, fill(*this));
    loop->restart();
    asio::co_spawn(*loop, hold_until_the_end(pool), asio::detached);
    asio::co_spawn(*loop, read_for_ever(pool), asio::detached);
    asio::co_spawn(*loop, hold_until_the_end(pool), asio::detached);
    asio::co_spawn(*loop, hold_until_the_end(pool), asio::detached);
    loop->poll();
  }

  static awaitable<void> fill(World& world) {
    world.lease = co_await world.pool->acquire();
    world.stream = RecordStream(std::make_shared<LeasedSource>(world.pool));
    const auto record = co_await world.stream.next();
    EXPECT_TRUE(record);
  }
  static awaitable<void> read_for_ever(std::shared_ptr<Pool<Line>> pool) {
    RecordStream stream(std::make_shared<LeasedSource>(std::move(pool)));
    co_await stream.next();
    asio::steady_timer timer(co_await asio::this_coro::executor, 24h);
    co_await timer.async_wait(asio::use_awaitable);
  }

  static constexpr std::array<const char*, 5> names{"loop", "handle", "lease", "stream", "owner"};
  void destroy(std::size_t what) {
    switch (what) {
      case 0: loop.reset(); break;
      case 1: pool.reset(); break;
      case 2: lease = Lease<Line>(); break;
      case 3: stream = RecordStream(); break;
      default: owner.reset(); break;
    }
  }

  std::shared_ptr<Lines> lines;
  std::unique_ptr<asio::io_context> loop;
  std::shared_ptr<PoolOwner> owner;
  std::shared_ptr<Pool<Line>> pool;
  Lease<Line> lease;
  RecordStream stream;
};

void in_every_order(int threads, bool elsewhere) {
  std::array<std::size_t, 5> order{0, 1, 2, 3, 4};
  int orders = 0;
  do {
    std::string text;
    for (const auto what : order) text += std::string(World::names[what]) + " ";
    SCOPED_TRACE(text);
    auto lines = std::make_shared<Lines>();
    World world(threads, lines);
    EXPECT_EQ(*lines->open, 4);
    for (const auto what : order) {
      if (elsewhere && what != 0)
        std::thread([&] { world.destroy(what); }).join();
      else
        world.destroy(what);
      // A loop that is still there may be run in between: what was given back from elsewhere comes home.
      if (world.loop && what % 2 == 1) {
        world.loop->restart();
        world.loop->poll();
      }
    }
    EXPECT_EQ(*lines->open, 0);
    EXPECT_EQ(lines.use_count(), 2) << "the pool keeps its factory";  // ours and the world's
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()) && !testing::Test::HasFailure());
  EXPECT_TRUE(orders == 120 || testing::Test::HasFailure());
}

TEST(Order, LoopHandleLeaseStreamAndOwnerMayEndInAnyOrder) {
  in_every_order(1, false);
  in_every_order(2, false);
}

TEST(Order, TheSameOnOtherThreads) {
  in_every_order(1, true);
  in_every_order(2, true);
}

// While the loop ends on one thread, others let go of what they have of it.
TEST(Order, AllAtOnce) {
  for (int round = 0; round < 100; ++round) {
    auto lines = std::make_shared<Lines>();
    {
      World world(2, lines);
      std::atomic<int> ready{0};
      std::vector<std::thread> threads;
      for (std::size_t what = 0; what < World::names.size(); ++what)
        threads.emplace_back([&world, &ready, what] {
          ++ready;
          while (ready < static_cast<int>(World::names.size())) std::this_thread::yield();
          world.destroy(what);
        });
      for (auto& thread : threads) thread.join();
    }
    EXPECT_EQ(*lines->open, 0);
    EXPECT_EQ(lines.use_count(), 1) << "the pool keeps its factory";
  }
}

}  // namespace
}  // namespace weir::test
