// The whole backend through the handle, on a file and in memory.

#include "integration/sqlite/fixture.hpp"
#include "support/run.hpp"

#include <weir/sqlite.hpp>

namespace weir {
namespace {

using test::on_loop;
using test::TemporaryFolder;

awaitable<void> create_read_update_remove(AsyncDatabase db) {
  const auto id = co_await db.create(Record{}.with_id("a").set("name", "Ada").set("age", 36));
  EXPECT_EQ(id, "a");
  auto record = co_await db.read("a");
  EXPECT_TRUE(record.has_value());
  if (!record) co_return;
  EXPECT_EQ(record->get<std::string>("name"), "Ada");
  const auto version = record->version;
  EXPECT_TRUE(co_await db.update("a", Record{}.set("name", "Ada").set("age", 37)));
  record = co_await db.read("a");
  EXPECT_EQ(record->get<int>("age"), 37);
  EXPECT_NE(record->version, version);
  Json patch = {{"age", nullptr}, {"town", "London"}};
  EXPECT_TRUE(co_await db.patch("a", patch));
  record = co_await db.read("a");
  EXPECT_EQ(record->fields, (Json{{"name", "Ada"}, {"town", "London"}}));
  EXPECT_TRUE(co_await db.exists("a"));
  EXPECT_TRUE(co_await db.remove("a"));
  EXPECT_FALSE(co_await db.remove("a"));
  EXPECT_FALSE((co_await db.read("a")).has_value());
}

awaitable<void> search_and_stream(AsyncDatabase db) {
  std::vector<Record> people;
  for (int i = 0; i < 2500; ++i)
    people.push_back(
        Record{}.with_id("p" + std::to_string(i)).set("age", i % 100).set("name", "n" + std::to_string(i)));
  const auto result = co_await db.create_batch(std::move(people));
  EXPECT_EQ(result.succeeded(), 2500U);
  Query query;
  query.where(field("age") >= 90).order_by("age", Order::desc).limit(7).offset(3);
  const auto found = co_await db.search(query);
  EXPECT_EQ(found.size(), 7U);
  EXPECT_EQ(found.front().get<int>("age"), 99);
  EXPECT_EQ(co_await db.count(Query(field("age") < 10)), 250U);
  std::size_t streamed = 0;
  auto stream = db.stream(Query(field("age") < 50));
  while (auto record = co_await stream.next()) ++streamed;
  EXPECT_EQ(streamed, 1250U);
  std::size_t parts = 0;
  for (std::size_t part = 0; part < 3; ++part) {
    auto piece = db.stream({}, StreamOptions{}.partition(Partition(part, 3)));
    while (auto record = co_await piece.next()) ++parts;
  }
  EXPECT_EQ(parts, 2500U);
  EXPECT_EQ(co_await db.remove_where(Query(field("age") < 50)), 1250U);
  Json patch = {{"old", true}};
  EXPECT_EQ(co_await db.patch_where(Query(field("age") >= 90), patch), 250U);
  EXPECT_EQ(co_await db.count(Query(field("old") == true)), 250U);
}

awaitable<void> transactions(AsyncDatabase db) {
  auto tx = co_await db.begin();
  co_await tx.create(Record{}.with_id("t1").set("n", 1));
  {
    auto inner = co_await tx.savepoint();
    co_await inner.create(Record{}.with_id("t2"));
    co_await inner.rollback();
  }
  EXPECT_FALSE((co_await tx.read("t2")).has_value());
  EXPECT_FALSE((co_await db.read("t1")).has_value());
  co_await tx.commit();
  EXPECT_TRUE((co_await db.read("t1")).has_value());
  {
    auto dropped = co_await db.begin();
    co_await dropped.remove("t1");
  }
  EXPECT_TRUE(co_await db.exists("t1"));
  auto& native = db.native<SqliteDatabase>();
  const auto rows = co_await native.query("SELECT ?1 + 1 AS n, 'x' AS t", 41);
  EXPECT_EQ(rows.at(0).get<int>("n"), 42);
  const auto health = co_await db.ping();
  EXPECT_TRUE(health.reachable) << health.error;
}

awaitable<void> control_inside_a_transaction(AsyncDatabase db, std::string sql, bool refused) {
  auto tx = co_await db.begin();
  auto& native = tx.native<SqliteTransaction>();
  std::optional<errc> failed;
  try {
    co_await native.execute(std::move(sql));
  } catch (const Error& error) {
    failed = error.kind();
  }
  EXPECT_EQ(failed, refused ? std::optional(errc::invalid_argument) : std::nullopt);
  co_await tx.rollback();
}

awaitable<void> everything(std::string url) {
  auto db = co_await AsyncDatabase::open(url);
  co_await create_read_update_remove(db);
  co_await search_and_stream(db);
  co_await transactions(db);
  co_await db.close();
}

awaitable<void> controls(std::string url) {
  auto db = co_await AsyncDatabase::open(url);
  for (const char* const sql : {"COMMIT", " ;; rollback", "-- done\nCOMMIT", "/* x */ COMMIT", "/* ; */END",
                                "SELECT 1 /* ; */ ; COMMIT", "SELECT 'x;--' ; COMMIT",
                                "SELECT \"a;/*\" FROM (SELECT 1 AS "
                                "\"a;/*\"); release x",
                                "SELECT [;'] FROM (SELECT 1 AS [;']); COMMIT"}) {
    SCOPED_TRACE(sql);
    co_await control_inside_a_transaction(db, sql, true);
  }
  for (const char* const sql :
       {"SELECT 'COMMIT'", "SELECT 1 -- COMMIT", "SELECT '; COMMIT'", "/* COMMIT */ SELECT 1"}) {
    SCOPED_TRACE(sql);
    co_await control_inside_a_transaction(db, sql, false);
  }
  co_await db.close();
}

TEST(SqliteBasics, a_native_statement_cannot_end_the_transaction_it_is_in) {
  TemporaryFolder folder;
  on_loop(controls("sqlite:" + folder.file("controls.db")));
}

awaitable<std::optional<Error>> second_of_two_fails(std::string url) {
  auto db = co_await AsyncDatabase::open(url);
  auto& native = db.native<SqliteDatabase>();
  co_await native.execute("CREATE TABLE t(n UNIQUE)");
  std::optional<Error> failed;
  try {
    co_await native.execute("INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)");
  } catch (const Error& error) {
    failed = error;
  }
  try {
    co_await native.execute("INSERT INTO t VALUES (1)");
  } catch (const Error& error) {
    EXPECT_FALSE(error.maybe_applied());
  }
  co_await db.close();
  co_return failed;
}

TEST(SqliteBasics, the_first_of_two_statements_may_be_stored_when_the_second_fails) {
  TemporaryFolder folder;
  const auto error = test::run(second_of_two_fails("sqlite:" + folder.file("two.db")));
  ASSERT_TRUE(error.has_value());
  EXPECT_TRUE(error->maybe_applied());
}

// More than is kept in memory: the rest of the stream, which a write below it sets aside, goes through a file.
awaitable<void> writes_below_a_long_stream(std::string url) {
  constexpr int count = 12'000;
  auto db = co_await AsyncDatabase::open(url);
  std::vector<Record> records;
  for (int i = 0; i < count; ++i)
    records.push_back(Record{}.with_id("r" + std::to_string(i)).set("n", i).set("text", std::string(600, 'x')));
  co_await db.create_batch(std::move(records));
  auto tx = co_await db.begin();
  auto stream = tx.stream(Query().order_by("n"));
  for (int i = 0; i < 10; ++i) EXPECT_EQ((co_await stream.next())->get<int>("n"), i);
  EXPECT_TRUE(co_await tx.remove("r11999"));
  co_await tx.upsert(Record{}.with_id("r5000").set("n", -1));
  int next = 10;
  while (auto record = co_await stream.next()) EXPECT_EQ(record->get<int>("n"), next++);
  EXPECT_EQ(next, count);
  co_await tx.commit();
  EXPECT_EQ(co_await db.count(), count - 1U);
  co_await db.close();
}

TEST(SqliteBasics, a_write_below_a_long_stream_keeps_its_rest_as_it_was) {
  TemporaryFolder folder;
  on_loop(writes_below_a_long_stream("sqlite:" + folder.file("long.db")));
}

TEST(SqliteBasics, file) {
  TemporaryFolder folder;
  on_loop(everything("sqlite:" + folder.file("people.db")));
}

TEST(SqliteBasics, memory) { on_loop(everything("sqlite::memory:")); }

TEST(SqliteBasics, indexed_file) {
  TemporaryFolder folder;
  on_loop(everything("sqlite:" + folder.file("people.db") + "?index=age,name"));
}

}  // namespace
}  // namespace weir
