// A server that answers slowly or not at all: the deadline holds, and the pool goes on afterwards.

#include "faults/postgresql/fixture.hpp"

#include <weir/postgresql.hpp>

#include <algorithm>
#include <chrono>
#include <vector>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Faults = FaultyPostgres;
using Clock = std::chrono::steady_clock;

awaitable<std::vector<Clock::duration>> late_reads(AsyncDatabase db, Relay* relay, int rounds) {
  std::vector<Clock::duration> behind;
  for (int i = 0; i < rounds; ++i) {
    relay->drip(0);
    co_await db.exists("warm");
    relay->drip(1'000);
    const auto limit = 300ms;
    auto hurried = db.with(CallOptions().timeout(limit));
    const auto begin = Clock::now();
    const auto outcome = co_await outcome_of([&] { return hurried.read("a"); });
    behind.push_back(Clock::now() - begin - limit);
    EXPECT_TRUE(fails_with(outcome, errc::timeout));
  }
  relay->drip(0);
  co_return behind;
}

TEST_F(Faults, a_dripping_answer_ends_at_the_deadline) {
  auto db = run(AsyncDatabase::open(relayed("max_size=2")));
  auto behind = run(late_reads(db, &relay(), 5));
  std::sort(behind.begin(), behind.end());
  EXPECT_GE(behind.front(), 0ms);
  EXPECT_LE(behind[behind.size() / 2], 500ms);
  EXPECT_LE(behind.back(), 10s) << "whatever else the machine had to do";
  RecordProperty(
      "median_ms_behind_the_deadline",
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(behind[behind.size() / 2]).count()));
  EXPECT_FALSE(run(db.exists("a")));
  run(db.close());
}

TEST_F(Faults, a_server_that_says_nothing) {
  auto db = run(AsyncDatabase::open(relayed("max_size=2&timeout=400ms")));
  EXPECT_FALSE(run(db.with(CallOptions().timeout(20s)).exists("a")));
  relay().hold(true);
  const auto begin = Clock::now();
  EXPECT_TRUE(fails_with(run(outcome_of([&] { return db.exists("a"); })), errc::timeout));
  EXPECT_LE(Clock::now() - begin, 5s);
  relay().hold(false);
  relay().cut_all();
  // The pool finds out by itself.
  EXPECT_TRUE(succeeds(run(outcome_of([&] { return db.with(CallOptions().timeout(5s)).exists("a"); }))));
  run(db.close());
}

// How many connections were made for it. The first is there before the clock runs: on a busy machine a statement could
// otherwise be out of time before it is sent, and there would be nothing to cancel.
awaitable<std::size_t> slow_then_quick(AsyncDatabase db) {
  auto look = db.native<PostgresDatabase>();
  const auto before = co_await look.query("SELECT pg_backend_pid()");
  auto native = db.native<PostgresDatabase>().with_timeout(500ms);
  const auto outcome = co_await outcome_of([&] { return native.query("SELECT pg_sleep(20)"); });
  EXPECT_TRUE(fails_with(outcome, errc::timeout));
  // It does not go on there.
  const auto limit = Clock::now() + 15s;
  for (;;) {
    const auto rows = co_await look.query(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(20)%' AND state = 'active'");
    if (rows[0].get<int>(0) == 0) break;
    if (Clock::now() > limit) {
      ADD_FAILURE() << "the statement goes on running on the server";
      break;
    }
  }
  const auto after = co_await look.query("SELECT pg_backend_pid()");
  co_return before[0].get<int>(0) == after[0].get<int>(0) ? 1 : 2;
}

TEST_F(Faults, a_statement_past_its_deadline_is_cancelled_on_the_server) {
  auto db = run(AsyncDatabase::open(relayed("max_size=1")));
  run(slow_then_quick(db));
  EXPECT_EQ(relay().clear_cancels(), 1u);
  run(db.close());
}

// Whoever listens on the way could stop statements with what a request in clear tells.
TEST_F(Faults, a_cancel_is_encrypted_when_its_connection_is) {
  auto db = run(AsyncDatabase::open(relayed_tls("max_size=1")));
  const std::size_t connections = run(slow_then_quick(db));
  EXPECT_GT(relay().accepted(), connections) << "the cancel's own";
  EXPECT_EQ(relay().clear_cancels(), 0u);
  run(db.close());
}

awaitable<void> quick_then_slow(AsyncDatabase db, Relay* relay) {
  auto native = db.native<PostgresDatabase>();
  co_await native.query("SELECT 1");
  relay->delay_cancels(1'500);
  auto hurried = native.with_timeout(50ms);
  EXPECT_FAILS(hurried.query("SELECT pg_sleep(0.6)"), timeout);
  // The cancel arrives while this one runs, when the one it was meant for has long ended.
  EXPECT_SUCCEEDS(native.query("SELECT pg_sleep(2)"));
}

TEST_F(Faults, a_cancel_that_comes_late_hits_nobody_else) {
  auto db = run(AsyncDatabase::open(relayed("max_size=1")));
  run(quick_then_slow(db, &relay()));
  run(db.close());
}

}  // namespace
}  // namespace weir::test
