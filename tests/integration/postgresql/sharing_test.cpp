// What keeps connections that many share sound, rule by rule, against the real server. Each test has one connection, so
// that everything meets on it.

#include "integration/postgresql/fixture.hpp"

#include <weir/postgresql.hpp>

#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// One operation that runs beside others, and how it ended.
struct Beside {
  std::optional<Outcome> outcome;
  Clock::duration took{0};
  bool ok() const { return outcome && outcome->ok(); }
};

class Sharing : public PostgresTest {
 protected:
  std::string one_connection(const std::string& options = {}) const {
    return url("max_size=1&retry.max_attempts=1" + (options.empty() ? "" : "&" + options));
  }

  template <class T>
  std::shared_ptr<Beside> start(awaitable<T> operation) {
    auto beside = std::make_shared<Beside>();
    const auto begin = Clock::now();
    boost::asio::co_spawn(loop(), std::move(operation),
                          [beside, begin](const std::exception_ptr& error, const auto&...) {
                            beside->outcome = error ? Outcome::from(error) : Outcome();
                            beside->took = Clock::now() - begin;
                          });
    return beside;
  }
  // Until all that was started has ended.
  void finish() {
    loop().restart();
    loop().run();
  }
};

Record record(const std::string& id) {
  Record out;
  out.id = id;
  out.set("n", 1);
  return out;
}

TEST_F(Sharing, rule_1_sql_of_the_user_has_a_connection_to_itself_unless_it_promises) {
  auto db = run(AsyncDatabase::open(one_connection("acquire_timeout=100ms")));
  // The connection and the table come about when they do, on a machine under load later than that.
  const auto limit = Clock::now() + 20s;
  auto there = run(outcome_of([&] { return db.exists("x"); }));
  while (!there.ok() && Clock::now() < limit) there = run(outcome_of([&] { return db.exists("x"); }));
  ASSERT_TRUE(there.ok()) << there;
  auto native = db.native<PostgresDatabase>();
  auto alone = start(native.query("SELECT pg_sleep(2)"));
  auto read = start(db.read("x"));
  finish();
  EXPECT_TRUE(alone->ok()) << *alone->outcome;
  EXPECT_TRUE(read->outcome->is(errc::pool_timeout)) << *read->outcome;
  alone = start(native.shared().query("SELECT pg_sleep(0.4)"));
  read = start(db.read("x"));
  finish();
  EXPECT_TRUE(alone->ok() && read->ok()) << *alone->outcome << ", " << *read->outcome;
  run(db.close());
}

TEST_F(Sharing, rule_2_what_waits_for_its_turn_is_forgotten_at_its_deadline) {
  auto db = run(AsyncDatabase::open(one_connection()));
  EXPECT_FALSE(run(db.exists("x")));
  auto alone = start(db.native<PostgresDatabase>().query("SELECT pg_sleep(2)"));
  auto late = start(db.with(CallOptions().timeout(100ms)).create(record("never")));
  finish();
  EXPECT_TRUE(alone->ok());
  EXPECT_FALSE(late->ok());
  ASSERT_TRUE(late->outcome->error()) << *late->outcome;
  EXPECT_FALSE(late->outcome->error()->maybe_applied()) << *late->outcome;
  EXPECT_LT(late->took, alone->took);
  EXPECT_FALSE(run(db.exists("never")));
  run(db.close());
}

// What it asks takes the other connection: meanwhile the first one is held up.
awaitable<void> once_held_up(PostgresDatabase native, std::function<void()> go) {
  co_await native.query("SELECT pg_sleep(0.1)");
  go();
}

// Two connections that both have something to do; the one with less of it is held up.
TEST_F(Sharing, rule_2_nobody_waits_behind_what_takes_long_while_another_connection_is_there) {
  auto db = run(AsyncDatabase::open(url("max_size=2&min_size=2")));
  auto native = db.native<PostgresDatabase>();
  const auto first = start(native.query("SELECT pg_sleep(0.2)"));
  const auto second = start(native.query("SELECT pg_sleep(0.2)"));
  EXPECT_FALSE(run(db.exists("x")));
  finish();  // both are open
  const auto long_one = start(native.shared().query("SELECT pg_sleep(4)"));
  std::vector<std::shared_ptr<Beside>> reads;
  const auto begun = start(once_held_up(native, [&] {
    for (int i = 0; i < 20; ++i) reads.push_back(start(db.read("x")));
  }));
  finish();
  EXPECT_TRUE(begun->ok()) << *begun->outcome;
  EXPECT_EQ(reads.size(), 20u);
  EXPECT_TRUE(long_one->ok()) << *long_one->outcome;
  for (const auto& read : reads) {
    EXPECT_TRUE(read->ok()) << *read->outcome;
    EXPECT_LT(read->took, 3s);
  }
  run(db.close());
}

TEST_F(Sharing, rule_3_a_deadline_behind_others_is_answered_at_once_and_nobody_is_interrupted) {
  auto db = run(AsyncDatabase::open(one_connection()));
  EXPECT_FALSE(run(db.exists("x")));
  auto head = start(db.native<PostgresDatabase>().shared().query("SELECT pg_sleep(2)"));
  auto late = start(db.with(CallOptions().timeout(150ms)).create(record("late")));
  auto behind = start(db.create(record("behind")));
  finish();
  EXPECT_TRUE(head->ok()) << *head->outcome;
  EXPECT_TRUE(behind->ok()) << *behind->outcome;
  EXPECT_TRUE(late->outcome->is(errc::timeout)) << *late->outcome;
  EXPECT_LT(late->took, head->took);
  // Either it was never written, or it was and says that it may have happened.
  EXPECT_TRUE(late->outcome->error()->maybe_applied() || !run(db.exists("late")));
  EXPECT_TRUE(run(db.exists("behind")));
  run(db.close());
}

TEST_F(Sharing, rule_3_a_deadline_at_the_head_is_cancelled_and_neighbours_are_unharmed) {
  auto db = run(AsyncDatabase::open(one_connection()));
  EXPECT_FALSE(run(db.exists("x")));
  auto native = db.native<PostgresDatabase>().shared();
  for (int round = 0; round < 10; ++round) {
    auto head = start(native.with_timeout(60ms).query("SELECT pg_sleep(5)"));
    std::vector<std::shared_ptr<Beside>> behind;
    for (int i = 0; i < 10; ++i) {
      behind.push_back(start(db.create(record(std::to_string(round) + "." + std::to_string(i)))));
      behind.push_back(start(db.read("x")));
    }
    const auto begin = Clock::now();
    finish();
    EXPECT_TRUE(head->outcome->is(errc::timeout)) << *head->outcome;
    for (const auto& one : behind) EXPECT_TRUE(one->ok()) << *one->outcome;
    EXPECT_LT(Clock::now() - begin, 4s) << "it went on running on the server";
  }
  EXPECT_EQ(run(db.count()), 100u);  // each once, and all of them
  run(db.close());
}

TEST_F(Sharing, rule_4_a_shared_statement_leaves_no_transaction_open) {
  auto db = run(AsyncDatabase::open(one_connection()));
  EXPECT_FALSE(run(db.exists("x")));
  auto native = db.native<PostgresDatabase>().shared();
  auto begin = start(native.execute("BEGIN"));
  auto hidden = start(native.execute("/* a remark */ START TRANSACTION"));
  auto write = start(db.create(record("a")));
  finish();
  EXPECT_FALSE(begin->ok());
  EXPECT_FALSE(hidden->ok());
  EXPECT_TRUE(write->ok()) << *write->outcome;
  EXPECT_EQ(sql("SELECT count(*) FROM records")[0][0], "1") << "it was committed by itself";
  run(db.close());
}

TEST_F(Sharing, rule_5_a_changed_session_is_made_as_new_before_others_get_it) {
  auto db = run(AsyncDatabase::open(one_connection()));
  EXPECT_FALSE(run(db.exists("x")));
  auto native = db.native<PostgresDatabase>();
  run(native.execute("SET statement_timeout = '1s'"));
  run(native.execute("CREATE TEMPORARY TABLE mine (a int)"));
  EXPECT_TRUE(run(native.query("SELECT to_regclass('mine') IS NULL"))[0].get<bool>(0));
  EXPECT_EQ(run(native.query("SHOW statement_timeout"))[0].get<std::string>(0), "0");
  EXPECT_FALSE(run(db.exists("x")));
  run(db.close());
}

TEST_F(Sharing, rule_6_a_statement_that_cannot_be_parsed_fails_its_own_caller_only) {
  auto db = run(AsyncDatabase::open(one_connection()));
  EXPECT_FALSE(run(db.exists("x")));
  auto native = db.native<PostgresDatabase>().shared();
  std::vector<std::shared_ptr<Beside>> good;
  std::vector<std::shared_ptr<Beside>> bad;
  for (int i = 0; i < 50; ++i) {
    bad.push_back(start(native.query("SELECT nonsense FROM nowhere WHERE")));
    good.push_back(start(db.create(record(std::to_string(i)))));
    good.push_back(start(native.query("SELECT 1::int4")));
  }
  finish();
  for (const auto& one : bad) EXPECT_TRUE(one->outcome->is(errc::invalid_query)) << *one->outcome;
  for (const auto& one : good) EXPECT_TRUE(one->ok()) << *one->outcome;
  EXPECT_EQ(run(db.count()), 50u);
  run(db.close());
}

TEST_F(Sharing, rule_6_statements_that_the_server_forgot_are_prepared_again) {
  auto db = run(AsyncDatabase::open(one_connection()));
  run(db.create(record("a")));
  EXPECT_TRUE(run(db.read("a")));
  // Behind the library's back, in the same session.
  run(db.native<PostgresDatabase>().execute("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$"));
  EXPECT_TRUE(run(db.read("a")));
  EXPECT_TRUE(run(db.exists("a")));
  run(db.close());
}

TEST_F(Sharing, rule_7_large_values_both_ways_at_once_block_nobody) {
  auto db = run(AsyncDatabase::open(one_connection()));
  EXPECT_FALSE(run(db.exists("x")));
  auto large = record("large");
  large.set("text", std::string(200'000, 'x'));
  run(db.create(large));
  std::vector<std::shared_ptr<Beside>> all;
  for (int i = 0; i < 60; ++i) {
    auto mine = large;
    mine.id = std::to_string(i);
    all.push_back(start(db.create(mine)));
    all.push_back(start(db.read("large")));
    all.push_back(start(db.search(Query(id() == "large"))));
  }
  finish();
  for (const auto& one : all) EXPECT_TRUE(one->ok()) << *one->outcome;
  EXPECT_EQ(run(db.count()), 61u);
  run(db.close());
}

TEST_F(Sharing, rule_8_what_stood_behind_a_fatal_error_is_asked_elsewhere_once) {
  auto db = run(AsyncDatabase::open(url("max_size=1")));
  EXPECT_FALSE(run(db.exists("x")));
  auto native = db.native<PostgresDatabase>().shared();
  std::vector<std::shared_ptr<Beside>> all;
  for (int i = 0; i < 10; ++i) all.push_back(start(db.create(record("before" + std::to_string(i)))));
  auto fatal = start(native.query("SELECT pg_terminate_backend(pg_backend_pid())"));
  for (int i = 0; i < 10; ++i) all.push_back(start(db.create(record("behind" + std::to_string(i)))));
  finish();
  EXPECT_FALSE(fatal->ok());
  for (const auto& one : all) EXPECT_TRUE(one->ok()) << *one->outcome;
  EXPECT_EQ(run(db.count()), 20u);
  run(db.close());
}

TEST_F(Sharing, rule_9_notices_and_notifications_disturb_nobody) {
  auto db = run(AsyncDatabase::open(one_connection()));
  EXPECT_FALSE(run(db.exists("x")));
  auto native = db.native<PostgresDatabase>();
  testing::internal::CaptureStderr();
  run(native.execute("LISTEN noise"));
  auto notice = start(native.shared().execute("DO $$ BEGIN RAISE WARNING 'a secret'; END $$"));
  auto notify = start(native.shared().execute("NOTIFY noise, 'a secret'"));
  auto read = start(db.read("x"));
  finish();
  EXPECT_EQ(testing::internal::GetCapturedStderr().find("a secret"), std::string::npos);
  EXPECT_TRUE(notice->ok() && notify->ok() && read->ok());
  run(db.close());
}

TEST_F(Sharing, rule_10_the_server_notices_dead_clients_by_itself) {
  for (const bool on : {true, false}) {
    auto db = run(AsyncDatabase::open(one_connection(on ? "" : "server_timeouts=false")));
    auto native = db.native<PostgresDatabase>();
    EXPECT_EQ(run(native.query("SHOW client_connection_check_interval"))[0].get<std::string>(0), on ? "10s" : "0");
    run(db.close());
  }
}

// Whatever was asked, exactly one answer comes for it, and the connection stays the same one.
TEST_F(Sharing, rule_11_every_sync_has_its_answer) {
  auto db = run(AsyncDatabase::open(one_connection()));
  EXPECT_FALSE(run(db.exists("x")));
  auto native = db.native<PostgresDatabase>().shared();
  const auto process = run(native.query("SELECT pg_backend_pid()"))[0].get<int>(0);
  std::vector<std::shared_ptr<Beside>> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back(start(db.upsert(record(std::to_string(i % 20)))));
    all.push_back(start(db.read(std::to_string(i % 20))));
    all.push_back(start(native.query("SELECT 1/0")));
    all.push_back(start(db.count(Query(field("n") == i))));
  }
  finish();
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i]->ok(), i % 4 != 2) << i << *all[i]->outcome;
  EXPECT_EQ(run(native.query("SELECT pg_backend_pid()"))[0].get<int>(0), process);
  run(db.close());
}

}  // namespace
}  // namespace weir::test
