// Option coalesce_reads: what one turn of the loop reads by id is one statement, and nobody pays for another.

#include "integration/postgresql/fixture.hpp"
#include "support/sanitizers.hpp"

#include <weir/postgresql.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

struct OneRead {
  std::optional<Outcome> outcome;
  std::optional<Record> record;
  Steady::duration took{0};
  boost::asio::cancellation_signal stop;
};

// A view that notes each transaction in which it was read, is slow at the record "slow" and fails at "bad".
class Coalesced : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    sql("CREATE TABLE stored (id text COLLATE \"C\" PRIMARY KEY, fields jsonb NOT NULL, metadata jsonb NOT NULL, "
        "version bigserial NOT NULL); CREATE TABLE seen (id text, transaction bigint); INSERT INTO stored (id, fields, "
        "metadata) SELECT 'r' || i, jsonb_build_object('n', i), '{}' FROM generate_series(0, 99) i; INSERT INTO stored "
        "(id, fields, metadata) VALUES ('slow', '{}', '{}'), ('bad', '{}', '{}'); CREATE FUNCTION look(id text) "
        "RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER VOLATILE AS $$ BEGIN INSERT INTO " +
        schema() +
        ".seen VALUES (id, txid_current()); IF id = 'slow' THEN PERFORM pg_sleep(0.8); END IF; IF id = 'bad' THEN "
        "PERFORM 1 / 0; END IF; RETURN true; END $$; CREATE VIEW records AS SELECT id, fields, metadata, version FROM "
        "stored WHERE look(id); GRANT ALL ON stored, records TO weir");
  }
  AsyncDatabase open(const std::string& options) {
    auto db = run(AsyncDatabase::open(url("create_if_missing=false&retry.max_attempts=1&max_size=1&" + options)));
    EXPECT_TRUE(run(db.read("r0")));
    sql("DELETE FROM seen");
    return db;
  }
  OneRead& start(AsyncDatabase db, const std::string& id) {
    auto& one = reads_.emplace_back();
    const auto begin = Steady::now();
    boost::asio::co_spawn(
        loop(), db.read(id),
        boost::asio::bind_cancellation_slot(
            one.stop.slot(), [&one, begin](const std::exception_ptr& failed, std::optional<Record> record) {
              one.outcome = failed ? Outcome::from(failed) : Outcome();
              one.record = std::move(record);
              one.took = Steady::now() - begin;
            }));
    return one;
  }
  void finish() {
    loop().restart();
    loop().run();
  }
  std::string transactions() const { return sql("SELECT count(DISTINCT transaction) FROM seen")[0][0]; }
  std::deque<OneRead>& reads() { return reads_; }

 private:
  std::deque<OneRead> reads_;
};

TEST_F(Coalesced, reads_of_one_turn_are_one_statement) {
  for (const bool on : {true, false}) {
    reads().clear();
    auto db = open(on ? "coalesce_reads=true" : "");
    for (int i = 0; i < 60; ++i) start(db, "r" + std::to_string(i % 50));
    start(db, "missing");
    finish();
    for (std::size_t i = 0; i < 60; ++i) {
      ASSERT_TRUE(reads()[i].outcome && reads()[i].outcome->ok() && reads()[i].record) << i;
      EXPECT_EQ(reads()[i].record->id, "r" + std::to_string(i % 50));
      EXPECT_EQ(reads()[i].record->fields["n"], i % 50);
      EXPECT_FALSE(reads()[i].record->version.empty());
    }
    EXPECT_TRUE(reads()[60].outcome->ok());
    EXPECT_FALSE(reads()[60].record);
    EXPECT_EQ(transactions(), on ? "1" : "60");
    run(db.close());
  }
}

TEST_F(Coalesced, more_than_fit_are_several) {
  auto db = open("coalesce_reads=true");
  for (int i = 0; i < 65; ++i) start(db, "r" + std::to_string(i));
  finish();
  for (auto& one : reads()) EXPECT_TRUE(one.outcome->ok() && one.record) << *one.outcome;
  EXPECT_EQ(transactions(), "2");
  run(db.close());
}

TEST_F(Coalesced, an_error_is_that_of_the_one_whose_record_it_is) {
  auto db = open("coalesce_reads=true");
  for (const char* id : {"r1", "bad", "r2", "r3"}) start(db, id);
  finish();
  EXPECT_TRUE(reads()[1].outcome->error()) << *reads()[1].outcome;
  for (const std::size_t i : {0u, 2u, 3u}) EXPECT_TRUE(reads()[i].outcome->ok() && reads()[i].record) << i;
  run(db.close());
}

TEST_F(Coalesced, each_keeps_its_deadline) {
  auto db = open("coalesce_reads=true");
  start(db.with(CallOptions().timeout(100ms)), "slow");
  start(db.with(CallOptions().timeout(20s)), "r1");
  start(db, "slow");
  finish();
  EXPECT_TRUE(reads()[0].outcome->is(errc::timeout)) << *reads()[0].outcome;
  EXPECT_LT(reads()[0].took, reads()[2].took);
  for (const std::size_t i : {1u, 2u}) EXPECT_TRUE(reads()[i].outcome->ok() && reads()[i].record) << i;
  run(db.close());
}

TEST_F(Coalesced, who_gives_up_takes_nobody_along) {
  auto db = open("coalesce_reads=true");
  for (const char* id : {"slow", "r1", "r2"}) start(db, id);
  boost::asio::steady_timer soon(loop(), 100ms);
  soon.async_wait([&](const boost::system::error_code&) {
    reads()[0].stop.emit(boost::asio::cancellation_type::terminal);
    reads()[1].stop.emit(boost::asio::cancellation_type::terminal);
  });
  finish();
  for (const std::size_t i : {0u, 1u}) {
    EXPECT_TRUE(reads()[i].outcome->cancelled()) << *reads()[i].outcome;
    EXPECT_LT(reads()[i].took, reads()[2].took);
  }
  EXPECT_TRUE(reads()[2].outcome->ok() && reads()[2].record);
  EXPECT_EQ(transactions(), "1");
  run(db.close());
}

// Nobody waits for it any longer: the server stops, and what it had noted is rolled back.
TEST_F(Coalesced, when_all_give_up_it_ends_on_the_server) {
  auto db = open("coalesce_reads=true");
  for (const char* id : {"r1", "slow"}) start(db, id);
  boost::asio::steady_timer soon(loop(), 100ms);
  soon.async_wait([&](const boost::system::error_code&) {
    for (auto& one : reads()) one.stop.emit(boost::asio::cancellation_type::terminal);
  });
  finish();
  for (auto& one : reads()) EXPECT_TRUE(one.outcome->cancelled()) << *one.outcome;
  EXPECT_TRUE(run(db.read("r3")));
  EXPECT_EQ(sql("SELECT count(*) FROM seen WHERE id = 'slow'")[0][0], "0");
  run(db.close());
}

awaitable<void> read_again_and_again(AsyncDatabase db, int first, int count, std::atomic<int>* good) {
  for (int i = 0; i < count; ++i) {
    const int number = (first + i) % 100;
    const auto record = co_await db.read("r" + std::to_string(number));
    if (record && record->fields["n"] == number) ++*good;
  }
}

TEST_F(Coalesced, several_threads_run_the_loop) {
  sql("CREATE OR REPLACE FUNCTION look(id text) RETURNS boolean LANGUAGE sql AS 'SELECT true'");
  boost::asio::io_context io(4);
  std::atomic<int> good{0};
  const int count = rounds(100);
  {
    auto db = run(AsyncDatabase::open(url("create_if_missing=false&coalesce_reads=true&max_size=3")));
    for (int i = 0; i < 32; ++i)
      boost::asio::co_spawn(io, read_again_and_again(db, i * 7, count, &good), [](const std::exception_ptr& failed) {
        if (failed) ADD_FAILURE() << Outcome::from(failed);
      });
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&io] { io.run(); });
    for (auto& thread : threads) thread.join();
    run_on(io, db.close());
  }
  EXPECT_EQ(good, 32 * count);
}

}  // namespace
}  // namespace weir::test
