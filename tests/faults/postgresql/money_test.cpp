// Many move money between few accounts at once, each move a serializable transaction that is run again when it has to
// be.

#include "integration/postgresql/fixture.hpp"

#include <weir/transaction.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Postgres = PostgresTest;

constexpr int accounts = 10;
constexpr int beginning = 1'000;

std::string account(int number) { return "account" + std::to_string(number); }

awaitable<void> open_accounts(AsyncDatabase db) {
  for (int i = 0; i < accounts; ++i) {
    Record one;
    one.id = account(i);
    one.set("money", beginning);
    co_await db.create(one);
  }
}

struct Tally {
  std::atomic<unsigned> moved{0};
  std::atomic<unsigned> reported{0};
  std::atomic<unsigned> open{0};  // the answer to a commit was lost
};

struct Move {
  int from = 0;
  int to = 0;
  awaitable<void> operator()(Transaction& tx) {
    auto source = co_await tx.read(account(from));
    auto target = co_await tx.read(account(to));
    source->set("money", source->get<int>("money") - 1);
    target->set("money", target->get<int>("money") + 1);
    co_await tx.update(account(from), *source);
    co_await tx.update(account(to), *target);
  }
};

awaitable<void> move_money(AsyncDatabase db, Tally* tally, unsigned seed, std::chrono::steady_clock::time_point end) {
  std::minstd_rand random(seed + 1);
  while (std::chrono::steady_clock::now() < end) {
    Move move;
    move.from = static_cast<int>(random() % accounts);
    move.to = static_cast<int>((static_cast<unsigned>(move.from) + 1 + random() % (accounts - 1)) % accounts);
    const TransactionOptions options = TransactionOptions().isolation(Isolation::serializable).max_attempts(20);
    const auto outcome = co_await outcome_of([&] { return db.transact(move, options); });
    if (outcome.ok()) {
      ++tally->moved;
    } else {
      ++tally->reported;
      EXPECT_TRUE(outcome.is(errc::serialization_failure) || outcome.is(errc::deadlock)) << outcome;
    }
  }
}

awaitable<int> sum(AsyncDatabase db) {
  int money = 0;
  const auto all = co_await db.search(Query());
  for (const auto& one : all) money += one.get<int>("money");
  co_return money;
}

TEST_F(Postgres, money_is_neither_made_nor_lost) {
  auto db = run(AsyncDatabase::open(url("max_size=16")));
  run(open_accounts(db));
  Tally tally;
  const auto end = std::chrono::steady_clock::now() + (std::getenv("WEIR_FULL") != nullptr ? 10s : 3s);
  std::vector<std::thread> loops;
  for (unsigned loop = 0; loop < 4; ++loop)
    loops.emplace_back([&, loop] {
      boost::asio::io_context io(1);
      for (unsigned i = 0; i < 13; ++i)
        boost::asio::co_spawn(io, move_money(db, &tally, loop * 100 + i, end), [](const std::exception_ptr& error) {
          if (error) ADD_FAILURE() << Outcome::from(error);
        });
      io.run();
    });
  for (auto& loop : loops) loop.join();
  EXPECT_EQ(run(sum(db)), accounts * beginning);
  EXPECT_GT(tally.moved, 20u);
  RecordProperty("moved", static_cast<int>(tally.moved));
  RecordProperty("reported", static_cast<int>(tally.reported));
  run(db.close());
}

}  // namespace
}  // namespace weir::test
