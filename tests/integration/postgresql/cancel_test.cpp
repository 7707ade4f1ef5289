// Deadlines and cancellations against the real server: nothing goes on running there, and no neighbour is harmed.

#include "integration/postgresql/fixture.hpp"

#include <weir/postgresql.hpp>
#include <weir/transaction.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdlib>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Postgres = PostgresTest;

// A table whose rows take 50 ms each to look at.
void make_slow(const std::function<void(const std::string&)>& sql) {
  sql("CREATE TABLE real_records (id text COLLATE \"C\" PRIMARY KEY, fields jsonb NOT NULL, metadata jsonb NOT NULL, "
      "version "
      "bigserial NOT NULL); INSERT INTO real_records (id, fields, metadata) VALUES ('a', '{\"n\": 1}', '{}'); CREATE "
      "VIEW "
      "slow AS SELECT id, fields, metadata, version FROM real_records WHERE pg_sleep(0.05) IS NOT NULL; GRANT ALL ON "
      "real_records, slow TO weir");
}

awaitable<void> storm(AsyncDatabase slow, AsyncDatabase hurried, unsigned count) {
  const auto executor = co_await boost::asio::this_coro::executor;
  unsigned done = 0;
  unsigned timeouts = 0;
  unsigned others = 0;
  std::string text;
  for (unsigned i = 0; i < count; ++i)
    boost::asio::co_spawn(executor, hurried.count(Query(field("n") == 1)),
                          [&](const std::exception_ptr& error, std::uint64_t) {
                            ++done;
                            const auto outcome = error ? Outcome::from(error) : Outcome();
                            if (outcome.is(errc::timeout)) {
                              ++timeouts;
                            } else if (!outcome.ok()) {
                              ++others;
                              text = outcome.text();
                            }
                          });
  while (done < count) co_await boost::asio::post(boost::asio::use_awaitable);
  EXPECT_EQ(others, 0u) << text;
  EXPECT_GT(timeouts, count / 2);
  // What follows is hit by no late interrupt.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(co_await slow.count(), 1u);
}

TEST_F(Postgres, a_storm_of_deadlines_harms_nobody) {
  make_slow([this](const std::string& text) { sql(text); });
  auto slow = run(
      AsyncDatabase::open(url("table=slow&create_if_missing=false&max_size=8&acquire_timeout=0&retry.max_attempts=1")));
  EXPECT_EQ(run(slow.count()), 1u);
  auto hurried = slow.with(CallOptions().timeout(5ms));
  run(storm(slow, hurried, std::getenv("WEIR_FULL") != nullptr ? 1'000 : 200));
  // A backend whose client has gone is listed until it has noticed.
  const auto backends = [this] {
    return std::stoi(sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + schema() + "'")[0][0]);
  };
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (backends() > 9 && std::chrono::steady_clock::now() < limit) {
  }
  EXPECT_LE(backends(), 9);
  run(slow.close());
}

awaitable<void> cancelled_by_the_caller(AsyncDatabase slow) {
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::cancellation_signal signal;
  std::optional<Outcome> outcome;
  boost::asio::co_spawn(
      executor, slow.count(Query(field("n") == 1)),
      boost::asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr& error, std::uint64_t) {
        outcome = error ? Outcome::from(error) : Outcome();
      }));
  // It is on the server when somebody else sees it there; here a few turns of the loop are enough to have sent it.
  for (int i = 0; i < 50; ++i) co_await boost::asio::post(boost::asio::use_awaitable);
  signal.emit(boost::asio::cancellation_type::terminal);
  while (!outcome) co_await boost::asio::post(boost::asio::use_awaitable);
  EXPECT_TRUE(outcome->cancelled()) << *outcome;
  EXPECT_EQ(co_await slow.count(), 1u);
}

TEST_F(Postgres, a_cancelled_statement_ends_on_the_server) {
  sql("CREATE TABLE real_records (id text COLLATE \"C\" PRIMARY KEY, fields jsonb NOT NULL, metadata jsonb NOT NULL, "
      "version "
      "bigserial NOT NULL); INSERT INTO real_records (id, fields, metadata) VALUES ('a', '{\"n\": 1}', '{}'); CREATE "
      "VIEW "
      "slow AS SELECT id, fields || CASE WHEN id = 'a' AND pg_sleep(0.2) IS NOT NULL THEN '{}' ELSE '{}' END::jsonb AS "
      "fields, metadata, version FROM real_records; GRANT ALL ON real_records, slow TO weir");
  auto slow = run(AsyncDatabase::open(url("table=slow&create_if_missing=false&max_size=1")));
  run(cancelled_by_the_caller(slow));
  run(slow.close());
}

// ---- statement_timeout ----

awaitable<void> limited_in_a_transaction(AsyncDatabase db) {
  auto tx = co_await db.begin();
  auto native = tx.native<PostgresTransaction>();
  co_await native.execute("SET LOCAL statement_timeout = 100");
  EXPECT_FAILS(native.query("SELECT slow(60)"), timeout);
  co_await tx.rollback();
}

// The server says it in its own language: what this one says was changed.
TEST_F(Postgres, a_statement_timeout_is_told_from_a_cancel_in_any_language) {
  sql("CREATE FUNCTION slow(seconds int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(seconds); RETURN "
      "''; EXCEPTION WHEN query_canceled THEN RAISE EXCEPTION 'storniere Anfrage' USING ERRCODE = 'query_canceled'; "
      "END "
      "$$; CREATE FUNCTION cancelled() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'storniere Anfrage' "
      "USING ERRCODE = 'query_canceled'; END $$");
  const auto path = "options=-csearch_path%3D" + schema();
  auto limited = run(AsyncDatabase::open(url(path + "%20-cstatement_timeout%3D2000")));
  const auto late = run(outcome_of([&] { return limited.native<PostgresDatabase>().query("SELECT slow(60)"); }));
  EXPECT_TRUE(fails_with(late, errc::timeout));
  const auto early = run(outcome_of([&] { return limited.native<PostgresDatabase>().query("SELECT cancelled()"); }));
  EXPECT_TRUE(fails_with(early, errc::server_error));
  run(limited.close());
  auto unlimited = run(AsyncDatabase::open(url(path)));
  run(limited_in_a_transaction(unlimited));
  const auto cancelled =
      run(outcome_of([&] { return unlimited.native<PostgresDatabase>().query("SELECT cancelled()"); }));
  EXPECT_TRUE(fails_with(cancelled, errc::server_error));
  run(unlimited.close());
}

}  // namespace
}  // namespace weir::test
