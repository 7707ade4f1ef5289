// What only the server can show: indexes in plans, versions, tables of others, many processes at once.

#include "integration/postgresql/fixture.hpp"

#include <boost/asio/co_spawn.hpp>

#include <sys/wait.h>

#include <set>

namespace weir::test {
namespace {

Record record(const std::string& id, int n) {
  Record out;
  out.id = id;
  out.set("n", n);
  return out;
}

bool names(const Json& list, const std::string& part) {
  for (const Json& one : list)
    if (one.get<std::string>().find(part) != std::string::npos) return true;
  return false;
}

awaitable<void> plans(AsyncDatabase db) {
  std::vector<Record> records;
  for (int i = 0; i < 20'000; ++i) {
    auto one = record(std::to_string(i), i);
    one.set("other", i).set("name", "name" + std::to_string(i));
    records.push_back(std::move(one));
  }
  const auto made = co_await db.create_batch(std::move(records));
  EXPECT_EQ(made.succeeded(), 20'000u);
  co_return;
}

awaitable<Json> indexes_of(AsyncDatabase db, Query query) {
  const auto plan = co_await db.explain(std::move(query));
  co_return plan.at("index");
}

awaitable<void> equality_uses_gin(AsyncDatabase db) {
  const auto equal = co_await indexes_of(db, Query(field("other") == 77));
  EXPECT_TRUE(names(equal, "gin")) << equal.dump();
  const auto range = co_await indexes_of(db, Query(field("n").between(5, 9)));
  EXPECT_TRUE(names(range, "n_value")) << range.dump();
  const auto text = co_await indexes_of(db, Query(field("name").starts_with("name77")));
  EXPECT_TRUE(names(text, "name_text")) << text.dump();
  const auto found = co_await db.search(Query(field("n").between(5, 9)));
  EXPECT_EQ(found.size(), 5u);
}

using Postgres = PostgresTest;

TEST_F(Postgres, equality_uses_the_gin_index_and_a_range_an_expression_index) {
  auto db = run(AsyncDatabase::open(url("index=n,name")));
  run(plans(db));
  // Until then the index holds most of it in a list that a plan takes into account.
  run_sql(server().setting("POSTGRES_SUPERUSER_URL"), "VACUUM ANALYZE \"" + schema() + "\".records");
  run(equality_uses_gin(db));
  run(db.close());
}

awaitable<void> seven_bad_ones(AsyncDatabase db) {
  const std::set<std::size_t> bad{0, 17, 4'999, 5'000, 50'000, 99'998, 99'999};
  std::vector<Record> there;
  std::vector<Record> records;
  for (std::size_t i = 0; i < 100'000; ++i) {
    records.push_back(record("id" + std::to_string(i), 1));
    if (bad.count(i) != 0) there.push_back(records.back());
  }
  co_await db.create_batch(std::move(there));
  BatchOptions options;
  options.on_error(OnError::collect).timeout(std::chrono::milliseconds(120'000));
  const auto result = co_await db.create_batch(std::move(records), options);
  EXPECT_EQ(result.succeeded(), 99'993u);
  std::set<std::size_t> found;
  for (const auto& item : result.errors) {
    EXPECT_EQ(item.error.kind(), errc::already_exists);
    EXPECT_EQ(item.id, "id" + std::to_string(item.index));
    found.insert(item.index);
  }
  EXPECT_EQ(found, bad);
  EXPECT_EQ(co_await db.count(), 100'000u);
}

TEST_F(Postgres, seven_bad_records_of_a_hundred_thousand) {
  auto db = run(AsyncDatabase::open(url()));
  run(seven_bad_ones(db));
  run(db.close());
}

awaitable<void> refused_by_a_constraint(AsyncDatabase db) {
  std::vector<Record> records;
  for (int i = 0; i < 100; ++i) records.push_back(record(std::to_string(i), i));
  BatchOptions options;
  options.on_error(OnError::collect);
  const auto result = co_await db.create_batch(std::move(records), options);
  EXPECT_EQ(result.succeeded(), 99u);
  if (result.errors.size() != 1) co_return ADD_FAILURE() << result.errors.size() << " errors";
  EXPECT_EQ(result.errors[0].index, 42u);
  EXPECT_EQ(result.errors[0].error.kind(), errc::constraint_violation);
  EXPECT_NE(std::string(result.errors[0].error.what()).find("not_42"), std::string::npos);
  const auto one = co_await outcome_of([&] { return db.create(record("x", 42)); });
  EXPECT_TRUE(fails_with(one, errc::constraint_violation));
}

TEST_F(Postgres, what_the_schema_refuses_is_found_in_a_batch) {
  auto db = run(AsyncDatabase::open(url()));
  EXPECT_FALSE(run(db.exists("nothing")));
  sql("ALTER TABLE records ADD CONSTRAINT not_42 CHECK (fields ->> 'n' <> '42')");
  run(refused_by_a_constraint(db));
  run(db.close());
}

TEST_F(Postgres, a_table_of_others_is_left_alone) {
  sql("CREATE TABLE records (id int, name text)");
  auto db = run(AsyncDatabase::open(url()));
  const auto outcome = run(outcome_of([&] { return db.exists("x"); }));
  EXPECT_TRUE(fails_with(outcome, errc::invalid_argument));
  run(db.close());
}

TEST_F(Postgres, without_create_if_missing_nothing_is_made) {
  auto db = run(AsyncDatabase::open(url("create_if_missing=false")));
  const auto outcome = run(outcome_of([&] { return db.exists("x"); }));
  EXPECT_TRUE(fails_with(outcome, errc::not_found));
  EXPECT_EQ(sql("SELECT to_regclass('records') IS NULL")[0][0], "t");
  run(db.close());
}

TEST_F(Postgres, twenty_processes_make_the_table_at_once) {
  std::vector<pid_t> children;
  for (int i = 0; i < 20; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      int status = 1;
      try {
        auto db = test::run([](std::string where) -> awaitable<bool> {
          auto opened = co_await AsyncDatabase::open(where);
          const bool there = co_await opened.exists("x");
          co_await opened.close();
          co_return !there;
        }(url("index=a,b.c")));
        status = db ? 0 : 1;
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
      }
      ::_exit(status);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
}

awaitable<void> table_changes(AsyncDatabase db, const std::function<void()>& change) {
  co_await db.create(record("a", 1));
  for (int i = 0; i < 3; ++i) co_await db.read("a");
  change();
  const auto again = co_await db.read("a");
  EXPECT_TRUE(again && again->get<int>("n") == 1);
}

TEST_F(Postgres, a_changed_table_is_noticed_by_nobody) {
  auto db = run(AsyncDatabase::open(url("max_size=1")));
  run(table_changes(db, [this] {
    // Another type and back: a prepared statement's result would have changed.
    sql("ALTER TABLE records ADD COLUMN more text; ALTER TABLE records DROP COLUMN more");
  }));
  run(table_changes(run(AsyncDatabase::open(url("max_size=1&table=second"))),
                    [this] { sql("ALTER TABLE second ALTER COLUMN metadata TYPE jsonb USING metadata || '{}'"); }));
  run(db.close());
}

}  // namespace
}  // namespace weir::test
