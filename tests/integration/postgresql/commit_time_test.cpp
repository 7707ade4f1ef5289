// What the server checks only when it commits: an implicit transaction that is refused there did not happen.

#include "integration/postgresql/fixture.hpp"

#include <weir/postgresql.hpp>

namespace weir::test {
namespace {

using Postgres = PostgresTest;

Record named(std::string id) {
  Record record;
  record.id = std::move(id);
  return record;
}

awaitable<void> a_deferred_key(PostgresDatabase db) {
  co_await db.execute("CREATE TABLE parent (id int PRIMARY KEY)");
  co_await db.execute("CREATE TABLE child (p int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)");
  co_await db.execute("INSERT INTO parent VALUES (1)");
  EXPECT_EQ(co_await db.execute("INSERT INTO child VALUES (1)"), 1u);
  const auto refused = co_await outcome_of([&] { return db.execute("INSERT INTO child VALUES (999)"); });
  EXPECT_TRUE(fails_with(refused, errc::constraint_violation));
  if (!refused.error()) co_return;
  EXPECT_EQ(refused.error()->server_code(), "23503");
  EXPECT_FALSE(refused.error()->maybe_applied());
  const auto rows = co_await db.query("SELECT count(*) FROM child");
  EXPECT_EQ(rows[0].get<int>(0), 1);
}

TEST_F(Postgres, a_deferred_key_that_is_missing_is_reported) {
  auto db = run(AsyncDatabase::open(url("options=-csearch_path%3D" + schema())));
  run(a_deferred_key(db.native<PostgresDatabase>()));
  run(db.close());
}

awaitable<void> records_refused_late(AsyncDatabase db) {
  EXPECT_FAILS(db.create(named("bad")), constraint_violation);
  EXPECT_FALSE(co_await db.exists("bad"));
  EXPECT_SUCCEEDS(db.create(named("good")));
  std::vector<Record> records;
  for (const char* id : {"good 1", "bad 1", "good 2"}) records.push_back(named(id));
  const BatchResult result = co_await db.create_batch(records, BatchOptions().on_error(OnError::collect));
  EXPECT_EQ(result.errors.size(), 1u);
  if (!result.errors.empty()) {
    EXPECT_EQ(result.errors[0].id, "bad 1");
  }
  EXPECT_EQ(co_await db.count(), 3u);
}

TEST_F(Postgres, a_record_that_a_deferred_trigger_refuses_is_not_reported_as_stored) {
  auto db = run(AsyncDatabase::open(url()));
  EXPECT_EQ(run(db.count()), 0u);
  sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id LIKE 'bad%' THEN RAISE "
      "EXCEPTION "
      "'refused' USING ERRCODE = 'check_violation'; END IF; RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER late AFTER "
      "INSERT ON records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()");
  run(records_refused_late(db));
  run(db.close());
}

}  // namespace
}  // namespace weir::test
