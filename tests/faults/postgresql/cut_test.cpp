// The connection is cut at every byte that comes from the server; an answer is lost; connects are refused.

#include "faults/postgresql/fixture.hpp"

#include <weir/transaction.hpp>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Faults = FaultyPostgres;

Record record(const std::string& id) {
  Record out;
  out.id = id;
  out.set("n", 1);
  return out;
}

// What an exchange that ends anywhere must still tell truly.
awaitable<void> create_and_read(AsyncDatabase db, std::string id, Outcome* created, Outcome* read, bool* found) {
  *created = co_await outcome_of([&] { return db.create(record(id)); });
  *read = co_await outcome_of([&]() -> awaitable<void> {
    const auto seen = co_await db.read(id);
    *found = seen.has_value();
  });
  co_await db.close(10ms);
}

TEST_F(Faults, cut_at_every_byte) {
  auto direct = run(AsyncDatabase::open(url()));
  EXPECT_FALSE(run(direct.exists("x")));
  // How much comes back in one whole exchange.
  {
    auto whole = run(AsyncDatabase::open(relayed("max_size=1")));
    Outcome created, read;
    bool found = false;
    run(create_and_read(whole, "whole", &created, &read, &found));
    ASSERT_TRUE(created.ok() && read.ok() && found) << created << read;
  }
  const auto total = relay().bytes_back();
  ASSERT_GT(total, 200u);
  const std::size_t step = full() ? 1 : 37;
  unsigned failed = 0;
  for (std::size_t bytes = 0; bytes <= total + step; bytes += step) {
    relay().cut_after(bytes);
    auto db = run(AsyncDatabase::open(
        relayed("max_size=1&retry.max_attempts=1&timeout=2s&acquire_timeout=150ms&connect_timeout=400ms")));
    Outcome created, read;
    bool found = false;
    const auto id = "id" + std::to_string(bytes);
    run(create_and_read(db, id, &created, &read, &found));
    const bool stored = run(direct.exists(id));
    if (created.ok()) {
      EXPECT_TRUE(stored) << bytes;
    } else {
      ++failed;
      ASSERT_TRUE(created.error()) << created << " after " << bytes << " bytes";
      EXPECT_TRUE(!stored || created.error()->maybe_applied()) << created << " after " << bytes << " bytes";
    }
    EXPECT_TRUE(!read.ok() || found == stored) << bytes;
    EXPECT_TRUE(read.ok() || read.error()) << read;
  }
  EXPECT_GT(failed, 3u);
  relay().cut_after(Relay::never);
  auto after = run(AsyncDatabase::open(relayed()));
  EXPECT_TRUE(run(after.exists("whole")));
  run(after.close());
  run(direct.close());
}

awaitable<Outcome> commit_into_nothing(AsyncDatabase db, Relay* relay) {
  auto tx = co_await db.begin();
  co_await tx.create(record("committed"));
  relay->lose_answer_to("COMMIT");
  const auto outcome = co_await outcome_of([&] { return tx.commit(); });
  relay->lose_answer_to("");
  co_return outcome;
}

TEST_F(Faults, the_lost_answer_to_a_commit_leaves_it_open) {
  auto db = run(AsyncDatabase::open(relayed("timeout=5s")));
  EXPECT_FALSE(run(db.exists("committed")));
  const auto outcome = run(commit_into_nothing(db, &relay()));
  ASSERT_TRUE(fails_with(outcome, errc::connection_lost));
  EXPECT_TRUE(outcome.error()->maybe_applied()) << outcome;
  EXPECT_TRUE(run(db.exists("committed"))) << "the server had committed";
  run(db.close());
}

awaitable<Outcome> create_inside(AsyncDatabase db, Relay* relay) {
  auto tx = co_await db.begin();
  co_await tx.count();
  relay->lose_answer_to("inside-record");
  const auto outcome = co_await outcome_of([&] { return tx.create(record("inside-record")); });
  relay->lose_answer_to("");
  co_return outcome;
}

TEST_F(Faults, what_was_not_committed_certainly_did_not_happen) {
  auto db = run(AsyncDatabase::open(relayed("timeout=5s")));
  EXPECT_FALSE(run(db.exists("inside-record")));
  const auto outcome = run(create_inside(db, &relay()));
  ASSERT_TRUE(fails_with(outcome, errc::connection_lost));
  EXPECT_FALSE(outcome.error()->maybe_applied()) << outcome;
  EXPECT_FALSE(run(db.exists("inside-record")));
  run(db.close());
}

awaitable<Outcome> create_into_nothing(AsyncDatabase db, Relay* relay) {
  co_await db.exists("warm");
  relay->lose_answer_to("lost-record");
  const auto outcome = co_await outcome_of([&] { return db.create(record("lost-record")); });
  relay->lose_answer_to("");
  co_return outcome;
}

TEST_F(Faults, the_lost_answer_to_a_create_is_not_asked_again_blindly) {
  auto db = run(AsyncDatabase::open(relayed("timeout=5s")));
  const auto outcome = run(create_into_nothing(db, &relay()));
  // Either it says that it may have happened, or it was asked again in a way that could not do it twice.
  if (!outcome.ok()) {
    ASSERT_TRUE(outcome.error());
    EXPECT_TRUE(outcome.error()->maybe_applied()) << outcome;
  }
  EXPECT_TRUE(run(db.exists("lost-record")));
  EXPECT_EQ(sql("SELECT count(*) FROM records")[0][0], "1");
  run(db.close());
}

TEST_F(Faults, half_of_the_connects_refused) {
  relay().refuse_every(2);
  for (int i = 0; i < 10; ++i) {
    auto db = run(AsyncDatabase::open(relayed("max_size=2")));
    const auto outcome = run(outcome_of([&] { return db.upsert(record("a")); }));
    EXPECT_TRUE(succeeds(outcome)) << i;
    run(db.close());
  }
  EXPECT_GE(relay().accepted(), 15u);
}

}  // namespace
}  // namespace weir::test
