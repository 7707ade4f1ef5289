// One handle, everything at once: many loops on many threads, and one loop run by many threads. Run under TSan and
// ASan.

#include "support/outcome.hpp"
#include "support/random.hpp"
#include "support/run.hpp"
#include "support/sanitizers.hpp"
#include "support/temporary_folder.hpp"

#include <weir/database.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

namespace weir {
namespace {

namespace asio = boost::asio;
using test::outcome_of;

constexpr int threads = 8;
constexpr int keys = 12;

std::string key(std::size_t i) { return "k" + std::to_string(i % keys); }

// What may happen when everybody writes the same few records; anything else is a fault.
bool expected(const test::Outcome& outcome, bool closing) {
  return outcome.ok() || outcome.is(errc::already_exists) || outcome.is(errc::conflict) ||
         outcome.is(errc::serialization_failure) || outcome.is(errc::deadlock) ||
         (closing && outcome.is(errc::pool_closed)) || (closing && outcome.cancelled());
}

awaitable<void> transfer(Transaction& tx, std::string from, std::string to) {
  const auto a = co_await tx.read(from);
  const auto b = co_await tx.read(to);
  if (!a || !b || from == to) co_return;
  Json less = Json::object();
  less["balance"] = a->get<int>("balance") - 1;
  Json more = Json::object();
  more["balance"] = b->get<int>("balance") + 1;
  co_await tx.patch(from, std::move(less));
  co_await tx.patch(to, std::move(more));
}

awaitable<void> one_operation(AsyncDatabase db, test::Random& random, std::string own) {
  const auto dice = random.below(12);
  Record record;
  record.id = own + std::to_string(random.below(5));
  record.fields["n"] = random.between(0, 9);
  record.fields["own"] = true;
  switch (dice) {
    case 0: co_await db.create(record); break;
    case 1: co_await db.upsert(record); break;
    case 2: co_await db.read(key(random.below(keys))); break;
    case 3: co_await db.update(record.id, record); break;
    case 4: co_await db.remove(record.id); break;
    case 5: co_await db.search(Query(field("n") >= 3).order_by("n").limit(5)); break;
    case 6: co_await db.count(Query(field("own") == true)); break;
    case 7: {
      auto stream = db.stream(Query{}, StreamOptions{}.batch_size(4));
      for (auto n = random.below(30); n > 0; --n) {
        const auto next = co_await stream.next();
        if (!next) break;
      }
      break;  // often abandoned half-way
    }
    case 8: {
      std::vector<Record> records(6);
      for (std::size_t i = 0; i < records.size(); ++i) {
        records[i].id = own + "b" + std::to_string(i);
        records[i].fields["own"] = true;
      }
      co_await db.upsert_batch(std::move(records));
      break;
    }
    case 9:
    case 10: {
      auto from = key(random.below(keys));
      auto to = key(random.below(keys));
      auto body = [&](Transaction& tx) { return transfer(tx, from, to); };
      TransactionOptions options;
      options.isolation(Isolation::serializable).max_attempts(100);
      co_await db.transact(body, options);
      break;
    }
    default: {
      auto abandoned = co_await db.begin();
      co_await abandoned.exists(record.id);
      break;
    }
  }
}

awaitable<int> mixed(AsyncDatabase db, std::uint64_t seed, std::string own, std::size_t operations,
                     const std::atomic<bool>* closing) {
  test::Random random(seed);
  int done = 0;
  for (std::size_t i = 0; i < operations; ++i) {
    const auto outcome = co_await outcome_of([&] { return one_operation(db, random, own); });
    const bool over = closing != nullptr && closing->load();
    EXPECT_TRUE(expected(outcome, closing != nullptr)) << outcome;
    if (outcome.is(errc::pool_closed) && over) break;
    done += outcome.ok() ? 1 : 0;
  }
  co_return done;
}

awaitable<void> fill(AsyncDatabase db) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < keys; ++i) {
    Record one;
    one.id = key(i);
    one.fields["balance"] = 100;
    records.push_back(std::move(one));
  }
  co_await db.create_batch(std::move(records));
}

awaitable<int> total(AsyncDatabase db) {
  const auto records = co_await db.search(Query(field("balance").exists()));
  int sum = 0;
  for (const auto& one : records) sum += one.get<int>("balance");
  co_return sum;
}

class ApiStress : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto url = GetParam();
    if (url == "sqlite:") url += (folder_.path() / "stress.db").string();
    database_ = test::run(AsyncDatabase::open(url));
    test::run(fill(database_));
  }
  void TearDown() override { test::run(database_.close()); }

  test::TemporaryFolder folder_;
  AsyncDatabase database_;
  std::uint64_t seed_ = test::seed();
  std::size_t operations_ = std::max<std::size_t>(test::repetitions(400), 60);
};

TEST_P(ApiStress, many_loops_on_many_threads) {
  std::vector<std::unique_ptr<test::OnThread<int>>> running;
  for (int i = 0; i < threads; ++i)
    running.push_back(std::make_unique<test::OnThread<int>>([this, i] {
      return mixed(database_, seed_ + static_cast<std::uint64_t>(i), "t" + std::to_string(i) + "-", operations_,
                   nullptr);
    }));
  for (auto& one : running) EXPECT_GT(one->take(), 0);
  EXPECT_EQ(test::run(total(database_)), keys * 100) << "money was made or lost";
}

TEST_P(ApiStress, one_loop_run_by_many_threads) {
  asio::io_context io(threads);
  std::vector<test::Completion<int>> ends(threads * 2);
  for (std::size_t i = 0; i < ends.size(); ++i)
    test::start(io.get_executor(), mixed(database_, seed_ + i, "m" + std::to_string(i) + "-", operations_ / 2, nullptr),
                ends[i]);
  std::vector<std::thread> runners;
  for (int i = 0; i < threads; ++i) runners.emplace_back([&io] { io.run(); });
  for (auto& one : runners) one.join();
  for (auto& one : ends) EXPECT_GT(one.take(), 0);
  EXPECT_EQ(test::run(total(database_)), keys * 100);
}

TEST_P(ApiStress, a_thread_pool) {
  asio::thread_pool pool(threads);
  std::vector<test::Completion<int>> ends(threads);
  for (std::size_t i = 0; i < ends.size(); ++i)
    test::start(pool.get_executor(),
                mixed(database_, seed_ + i, "p" + std::to_string(i) + "-", operations_ / 2, nullptr), ends[i]);
  pool.join();
  for (auto& one : ends) EXPECT_GT(one.take(), 0);
  EXPECT_EQ(test::run(total(database_)), keys * 100);
}

TEST_P(ApiStress, closed_in_the_middle) {
  std::atomic<bool> closing{false};
  std::latch started(threads);
  std::vector<std::unique_ptr<test::OnThread<int>>> running;
  for (int i = 0; i < threads; ++i)
    running.push_back(std::make_unique<test::OnThread<int>>([this, i, &closing, &started] {
      started.count_down();
      return mixed(database_, seed_ + static_cast<std::uint64_t>(i), "c" + std::to_string(i) + "-", operations_,
                   &closing);
    }));
  started.wait();
  closing = true;
  test::run(database_.close(std::chrono::seconds(5)));
  for (auto& one : running) one->take();
  const auto after = test::run(outcome_of([this] { return database_.count(); }));
  EXPECT_TRUE(test::fails_with(after, errc::pool_closed));
}

TEST_P(ApiStress, handles_come_and_go) {
  // Opened, used and dropped on every thread while others work with their own.
  std::vector<std::unique_ptr<test::OnThread<void>>> running;
  auto work = [](std::string url, std::size_t times) -> awaitable<void> {
    for (std::size_t i = 0; i < times; ++i) {
      const auto db = co_await AsyncDatabase::open(url);
      Record one;
      one.fields["n"] = i;
      co_await db.create(std::move(one));
      auto stream = db.stream();
      co_await stream.next();
      if (i % 2 == 0) co_await db.close();
    }
  };
  const auto url = GetParam() == "sqlite:" ? "sqlite:" + (folder_.path() / "other.db").string() : GetParam();
  for (int i = 0; i < threads; ++i)
    running.push_back(
        std::make_unique<test::OnThread<void>>([work, url, this] { return work(url, operations_ / 20 + 1); }));
  for (auto& one : running) one->take();
}

// The threads of a store let go of a failure before its text is read.
TEST_P(ApiStress, a_failure_belongs_to_who_gets_it) {
  auto collide = [](AsyncDatabase db, std::size_t times) -> awaitable<std::size_t> {
    std::size_t refused = 0;
    for (std::size_t i = 0; i < times; ++i) {
      Record one;
      one.id = key(i);
      auto create = [&db, &one] { return db.create(one); };
      const auto outcome = co_await outcome_of(create);
      EXPECT_TRUE(outcome.is(errc::already_exists)) << outcome;
      EXPECT_NE(outcome.text().find("stored already"), std::string::npos) << outcome;
      refused += outcome.is(errc::already_exists) ? 1 : 0;
    }
    co_return refused;
  };
  std::vector<std::unique_ptr<test::OnThread<std::size_t>>> running;
  for (int i = 0; i < threads; ++i)
    running.push_back(
        std::make_unique<test::OnThread<std::size_t>>([this, collide] { return collide(database_, operations_ * 8); }));
  for (auto& one : running) EXPECT_EQ(one->take(), operations_ * 8);
}

std::vector<std::string> urls() {
  std::vector<std::string> all{"memory:"};
#ifdef WEIR_TEST_SQLITE
  all.push_back("sqlite:");
#endif
  return all;
}

INSTANTIATE_TEST_SUITE_P(Backends, ApiStress, testing::ValuesIn(urls()),
                         [](const testing::TestParamInfo<std::string>& one) {
                           return one.param.substr(0, one.param.find(':'));
                         });

}  // namespace
}  // namespace weir
