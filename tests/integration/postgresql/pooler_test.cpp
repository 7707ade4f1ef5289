// Through a PgBouncer in transaction mode, which has no prepared statements and no sessions. The whole conformance
// suite runs through it with scripts/test --full; this is what no other test would notice at once.

#include "servers/postgres_schema.hpp"
#include "servers/server.hpp"
#include "support/outcome.hpp"
#include "support/run.hpp"

#include <weir/database.hpp>
#include <weir/postgresql.hpp>
#include <weir/transaction.hpp>

#include <boost/asio/co_spawn.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>

namespace weir::test {
namespace {

class Pooler : public testing::Test {
 protected:
  void SetUp() override {
    const Server& started = Server::start("postgres", {"--name", "pooled", "--pgbouncer"});
    WEIR_NEED_SERVER(started);
    static std::atomic<unsigned> number{0};
    schema_ = "pooled_" + std::to_string(::getpid()) + "_" + std::to_string(++number);
    direct_ = started.setting("POSTGRES_URL");
    keep_ = make_schema(direct_, schema_);
    url_ = started.setting("POSTGRES_POOL_URL") + "?sslmode=disable&schema=" + schema_;
  }
  std::string url(const std::string& options = {}) const {
    return url_ + "&" + (options.empty() ? "max_size=4" : options);
  }
  std::vector<std::vector<std::string>> sql(const std::string& text) const {
    return run_sql(direct_, "SET search_path = \"" + schema_ + "\"; " + text);
  }
  const std::string& schema() const noexcept { return schema_; }
  boost::asio::io_context& loop() { return io_; }
  template <class T>
  T run(awaitable<T> operation) {
    return run_on(io_, std::move(operation));
  }

 private:
  boost::asio::io_context io_{1};
  std::string schema_, direct_, url_;
  std::shared_ptr<void> keep_;
};

awaitable<void> write_and_read(AsyncDatabase db, int number, int& wrong) {
  Record mine;
  mine.id = "r" + std::to_string(number);
  for (int i = 0; i < 5; ++i) {
    mine.set("n", number * 10 + i);
    co_await db.upsert(mine);
    const auto read = co_await db.read(mine.id);
    if (!read || read->id != mine.id || read->get<int>("n") != number * 10 + i) ++wrong;
    const auto found = co_await db.search(Query(field("n") == number * 10 + i));
    if (found.size() != 1 || found[0].id != mine.id) ++wrong;
  }
}

TEST_F(Pooler, nobody_gets_the_answer_of_another) {
  auto db = run(AsyncDatabase::open(url()));
  EXPECT_FALSE(run(db.exists("x")));
  int wrong = 0;
  for (int i = 0; i < 40; ++i)
    boost::asio::co_spawn(loop(), write_and_read(db, i, wrong), [](const std::exception_ptr& error) {
      if (error) ADD_FAILURE() << Outcome::from(error);
    });
  loop().restart();
  loop().run();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(run(db.count()), 40u);
  run(db.close());
}

awaitable<void> in_transactions(AsyncDatabase db) {
  auto tx = co_await db.begin();
  for (int i = 0; i < 300; ++i) {
    Record one;
    one.id = std::to_string(i);
    one.set("n", i);
    co_await tx.create(std::move(one));
  }
  const auto outside = co_await db.count();
  EXPECT_EQ(outside, 0u);
  co_await tx.commit();
  auto stream = db.stream(Query(field("n") >= 100), StreamOptions().batch_size(16));
  unsigned seen = 0;
  while (auto record = co_await stream.next()) {
    ++seen;
    if (seen % 50 == 0) co_await db.remove(record->id);  // on another connection: the stream has its snapshot
  }
  EXPECT_EQ(seen, 200u);
}

TEST_F(Pooler, transactions_and_streams_keep_their_server) {
  auto db = run(AsyncDatabase::open(url()));
  run(in_transactions(db));
  run(db.close());
}

awaitable<void> copy_and_read(AsyncDatabase db, int number) {
  std::vector<Record> records(300);
  for (std::size_t i = 0; i < records.size(); ++i) records[i].id = std::to_string(number) + " " + std::to_string(i);
  const auto last = records.back().id;
  const auto made = co_await db.create_batch(std::move(records));
  EXPECT_EQ(made.succeeded(), 300u);
  EXPECT_TRUE(co_await db.exists(last));
}

// More clients than the pooler has servers: one that kept its server behind a COPY would leave none for the rest.
TEST_F(Pooler, a_copied_batch_gives_its_server_back) {
  auto db = run(AsyncDatabase::open(url("max_size=16&min_size=16")));
  EXPECT_FALSE(run(db.exists("x")));
  for (int i = 0; i < 16; ++i)
    boost::asio::co_spawn(loop(), copy_and_read(db, i), [](const std::exception_ptr& error) {
      if (error) ADD_FAILURE() << Outcome::from(error);
    });
  loop().restart();
  loop().run();
  EXPECT_EQ(run(db.count()), 16u * 300);
  run(db.close());
}

awaitable<void> native_copy(PostgresDatabase db, std::string table, int number, std::string form) {
  auto in = co_await db.copy_in("COPY " + table + " FROM STDIN" + form);
  const std::string separator = form.empty() ? "\t" : ";";
  for (int i = 0; i < 10; ++i) co_await in.write(std::to_string(number) + separator + std::to_string(i) + "\n");
  const auto stored = co_await in.finish();
  EXPECT_EQ(stored, 10u);
  const auto rows = co_await db.query("SELECT count(*) FROM " + table + " WHERE a = $1", number);
  EXPECT_EQ(rows[0].get<int>(0), 10);
}

TEST_F(Pooler, a_copy_of_the_user_gives_its_server_back) {
  sql("CREATE TABLE points (a int, b int)");
  const std::string table = schema() + ".points";
  auto db = run(AsyncDatabase::open(url("max_size=16&min_size=16")));
  EXPECT_FALSE(run(db.exists("x")));
  // Each copy has a connection of its own then: none can use the server that another one kept.
  while (db.stats().idle < 16) EXPECT_FALSE(run(db.exists("x")));
  for (int i = 0; i < 16; ++i) {
    const std::string form = i % 4 == 0 ? " (DELIMITER ';')" : "";
    auto copy = native_copy(db.native<PostgresDatabase>(), table, i, form);
    boost::asio::co_spawn(loop(), std::move(copy), [](const std::exception_ptr& error) {
      if (error) ADD_FAILURE() << Outcome::from(error);
    });
  }
  loop().restart();
  loop().run();
  EXPECT_EQ(sql("SELECT count(*) FROM points")[0][0], "160");
  const auto refused =
      run(outcome_of([&] { return db.native<PostgresDatabase>().copy_in("COPY " + table + " FROM STDIN; BEGIN"); }));
  EXPECT_TRUE(fails_with(refused, errc::invalid_query)) << refused;
  run(db.close());
}

awaitable<void> sessions(AsyncDatabase db) {
  auto native = db.native<PostgresDatabase>();
  const auto rows = co_await native.query("SELECT $1 + 1 AS n", 41);
  EXPECT_EQ(rows[0].get<int>("n"), 42);
  const auto set = co_await outcome_of([&] { return native.execute("SET statement_timeout = '1s'"); });
  EXPECT_TRUE(fails_with(set, errc::unsupported));
}

TEST_F(Pooler, what_needs_a_session_is_refused) {
  auto db = run(AsyncDatabase::open(url()));
  EXPECT_FALSE(run(db.exists("x")));
  run(sessions(db));
  run(db.close());
}

awaitable<void> mapped(AsyncDatabase db) {
  Record one;
  one.id = "7";
  one.set("name", "seven");
  co_await db.create(one);
  const auto read = co_await db.read("7");
  EXPECT_TRUE(read && read->get<std::string>("name") == "seven");
  const auto written = co_await db.update("7", one, WriteOptions().if_version(read->version));
  EXPECT_TRUE(written);
  const auto count = co_await db.count(Query(field("name").starts_with("sev")));
  EXPECT_EQ(count, 1u);
}

TEST_F(Pooler, existing_tables_are_mapped) {
  sql("CREATE TABLE numbers (n int PRIMARY KEY, name text)");
  auto db = run(AsyncDatabase::open(url("max_size=4&storage=columns&table=numbers")));
  run(mapped(db));
  run(db.close());
}

}  // namespace
}  // namespace weir::test
