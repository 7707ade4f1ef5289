// Partitions of one query that are open together see one state of the table, on whichever loops they are read.

#include "integration/postgresql/fixture.hpp"

#include <atomic>
#include <future>
#include <set>
#include <thread>

namespace weir::test {
namespace {

using Postgres = PostgresTest;

constexpr int accounts = 600;

awaitable<void> make_accounts(AsyncDatabase db) {
  std::vector<Record> records;
  for (int i = 0; i < accounts; ++i) {
    Record one;
    one.id = std::to_string(i);
    one.set("money", 10);
    records.push_back(std::move(one));
  }
  co_await db.create_batch(std::move(records));
}

RecordStream part(const AsyncDatabase& db, std::size_t index, std::size_t count, const Query& query = {}) {
  return db.stream(query, StreamOptions().partition(Partition(index, count)).batch_size(16));
}

struct Sum {
  std::set<std::string> ids;
  std::int64_t money = 0;
  int seen = 0;
  int old = 0;  // as they were made
  void add(const Record& record) {
    ids.insert(record.id);
    money += record.get<std::int64_t>("money");
    ++seen;
    if (record.get<std::int64_t>("money") == 10) ++old;
  }
  void add(const Sum& other) {
    ids.insert(other.ids.begin(), other.ids.end());
    money += other.money;
    seen += other.seen;
    old += other.old;
  }
};

awaitable<Sum> read_on(RecordStream stream) {
  Sum sum;
  while (const auto record = co_await stream.next()) sum.add(*record);
  co_return sum;
}

void expect_the_state_before(const Sum& sum) {
  EXPECT_EQ(sum.seen, accounts);
  EXPECT_EQ(sum.ids.size(), static_cast<std::size_t>(accounts));
  EXPECT_EQ(sum.money, 10 * accounts);
}

awaitable<void> change_everything(AsyncDatabase db) {
  Json change;
  change["money"] = 11;
  co_await db.patch_where(Query(field("money") == 10), change);
  Record more;
  more.id = "more";
  more.set("money", 1'000'000);
  co_await db.create(more);
  co_await db.remove("5");
}

awaitable<void> parts_see_the_same(AsyncDatabase db) {
  co_await make_accounts(db);
  auto first = part(db, 0, 3);
  const auto one = co_await first.next();
  co_await change_everything(db);
  Sum sum = co_await read_on(part(db, 1, 3));
  sum.add(*one);
  // The first has not ended: the last may begin with its snapshot, or with that of the second, which is gone.
  const auto last = co_await read_on(part(db, 2, 3));
  sum.add(last);
  const auto rest = co_await read_on(std::move(first));
  sum.add(rest);
  expect_the_state_before(sum);
}

TEST_F(Postgres, partitions_that_are_open_together_see_one_state) {
  auto db = run(AsyncDatabase::open(url()));
  run(parts_see_the_same(db));
  run(db.close());
}

awaitable<void> other_queries_see_their_own(AsyncDatabase db) {
  co_await make_accounts(db);
  auto first = part(db, 0, 2);
  const auto one = co_await first.next();
  EXPECT_TRUE(one.has_value());
  co_await change_everything(db);
  const auto other = co_await read_on(part(db, 1, 2, Query(field("money") >= 0)));
  EXPECT_EQ(other.old, 0);
  const auto again = co_await read_on(part(db, 0, 2));
  EXPECT_EQ(again.old, 0) << "a partition that is read a second time begins anew";
}

TEST_F(Postgres, partitions_of_another_query_or_another_reading_see_the_present) {
  auto db = run(AsyncDatabase::open(url()));
  run(other_queries_see_their_own(db));
  run(db.close());
}

awaitable<Sum> parts_of(AsyncDatabase db, std::vector<std::size_t> indexes) {
  Sum sum;
  for (const auto index : indexes) {
    const auto one = co_await read_on(part(db, index, 5));
    sum.add(one);
  }
  co_return sum;
}

TEST_F(Postgres, partitions_on_several_loops_see_one_state) {
  auto db = run(AsyncDatabase::open(url()));
  run(make_accounts(db));
  auto first = part(db, 0, 5);
  const auto one = run(first.next());
  ASSERT_TRUE(one);
  run(change_everything(db));
  std::vector<std::future<Sum>> loops;
  for (const auto& indexes : {std::vector<std::size_t>{1, 2}, std::vector<std::size_t>{3, 4}})
    loops.push_back(std::async(std::launch::async, [&db, indexes] {
      boost::asio::io_context io(1);
      return run_on(io, parts_of(db, indexes));
    }));
  Sum sum;
  sum.add(*one);
  for (auto& loop : loops) sum.add(loop.get());
  sum.add(run(read_on(std::move(first))));
  expect_the_state_before(sum);
  run(db.close());
}

// All at once: whoever is not the first waits until that one has exported.
TEST_F(Postgres, partitions_that_begin_at_the_same_time_see_one_state) {
  auto db = run(AsyncDatabase::open(url("max_size=8")));
  run(make_accounts(db));
  std::vector<RecordStream> streams;
  for (std::size_t i = 0; i < 8; ++i) streams.push_back(part(db, i, 8));
  std::vector<Sum> parts(8);
  std::atomic<int> begun{0};
  const auto read_one = [&](std::size_t i) -> awaitable<void> {
    const auto record = co_await streams[i].next();
    if (record) parts[i].add(*record);
    ++begun;
  };
  for (std::size_t i = 0; i < 8; ++i)
    boost::asio::co_spawn(loop(), read_one(i), [](const std::exception_ptr& error) {
      if (error) ADD_FAILURE() << Outcome::from(error);
    });
  loop().restart();
  loop().run();
  EXPECT_EQ(begun, 8);
  EXPECT_EQ(sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + schema() +
                "' AND state = 'idle in transaction'")[0][0],
            "8");
  run(change_everything(run(AsyncDatabase::open(url()))));
  Sum sum;
  for (std::size_t i = 0; i < 8; ++i) {
    sum.add(parts[i]);
    sum.add(run(read_on(std::move(streams[i]))));
  }
  expect_the_state_before(sum);
  run(db.close());
}

TEST_F(Postgres, a_partition_whose_snapshot_is_gone_takes_its_own) {
  auto db = run(AsyncDatabase::open(url()));
  run(make_accounts(db));
  auto first = part(db, 0, 2);
  ASSERT_TRUE(run(first.next()));
  sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = '" + schema() +
      "' AND state = 'idle in transaction'");
  const auto second = run(read_on(part(db, 1, 2)));
  EXPECT_GT(second.seen, 100);
  const auto lost = run(outcome_of([&] { return read_on(std::move(first)); }));
  EXPECT_FALSE(lost.ok());
  run(db.close());
}

// Nobody waits for a first one that never comes to anything.
TEST_F(Postgres, a_first_partition_that_fails_keeps_nobody_waiting) {
  auto db = run(AsyncDatabase::open(url("max_size=1&acquire_timeout=1s")));
  run(make_accounts(db));
  auto held = db.stream(Query(), StreamOptions().batch_size(16));  // the only connection
  ASSERT_TRUE(run(held.next()));
  const auto first = run(outcome_of([&] { return read_on(part(db, 0, 2)); }));
  EXPECT_FALSE(first.ok());
  run(held.close());
  EXPECT_GT(run(read_on(part(db, 1, 2))).seen, 100);
  run(db.close());
}

}  // namespace
}  // namespace weir::test
