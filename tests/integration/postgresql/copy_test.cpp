// COPY on a connection of the pool: what is no COPY leaves nothing behind, and a lost end is not called a failure.

#include "integration/postgresql/fixture.hpp"

#include <weir/postgresql.hpp>

#include <chrono>
#include <thread>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Postgres = PostgresTest;

awaitable<void> texts_that_are_no_copy(AsyncDatabase db) {
  auto native = db.native<PostgresDatabase>();
  co_await native.execute("CREATE TABLE copied (id int)");
  const auto before = co_await native.query("SELECT current_setting('application_name')");
  EXPECT_FAILS(native.copy_in("TRUNCATE copied; COPY copied FROM STDIN"), invalid_query);
  EXPECT_FAILS(native.copy_in("COPY copied FROM STDIN; BEGIN"), invalid_query);
  EXPECT_FAILS(native.copy_in("SET application_name = 'somebody'"), invalid_argument);
  const auto after = co_await native.query("SELECT current_setting('application_name')");
  EXPECT_EQ(after[0].get<std::string>(0), before[0].get<std::string>(0));
  EXPECT_FAILS(native.copy_in("BEGIN"), invalid_argument);
  Record record;
  record.id = "after";
  co_await db.create(record);
}

TEST_F(Postgres, a_text_that_is_no_copy_leaves_nothing_behind) {
  auto db = run(AsyncDatabase::open(url("max_size=1&timeout=20s&options=-csearch_path%3D" + schema())));
  run(texts_that_are_no_copy(db));
  EXPECT_EQ(sql("SELECT count(*) FROM records WHERE id = 'after'")[0][0], "1") << "it stands in an open transaction";
  run(db.close());
}

awaitable<Outcome> ends_too_late(PostgresDatabase db) {
  co_await db.execute("SELECT 1");  // the connection is there
  auto in = co_await db.with_timeout(1s).copy_in("COPY slow FROM STDIN");
  co_await in.write("1\n");
  const auto outcome = co_await outcome_of([&] { return in.finish(); });
  co_return outcome;
}

TEST_F(Postgres, a_copy_whose_end_was_not_heard_of_may_have_happened) {
  sql("CREATE TABLE slow (id int); CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "pg_sleep(2); RETURN NEW; END $$; CREATE TRIGGER waits BEFORE INSERT ON slow FOR EACH ROW EXECUTE FUNCTION "
      "wait(); GRANT ALL ON slow TO weir");
  auto db = run(AsyncDatabase::open(url("max_size=1&options=-csearch_path%3D" + schema())));
  const auto outcome = run(ends_too_late(db.native<PostgresDatabase>()));
  EXPECT_TRUE(fails_with(outcome, errc::timeout));
  ASSERT_TRUE(outcome.error());
  EXPECT_TRUE(outcome.error()->maybe_applied()) << outcome;
  const auto limit = std::chrono::steady_clock::now() + 20s;
  const auto stored = [this] { return sql("SELECT count(*) FROM slow")[0][0]; };
  while (stored() != "1" && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  EXPECT_EQ(stored(), "1");
  run(db.close());
}

}  // namespace
}  // namespace weir::test
