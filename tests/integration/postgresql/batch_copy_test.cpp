// Large batches go in by COPY, and nobody notices but by the time it takes; an atomic batch brings its COMMIT along.

#include "integration/postgresql/fixture.hpp"

#include <weir/postgresql.hpp>
#include <weir/transaction.hpp>

#include <chrono>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Postgres = PostgresTest;

std::vector<Record> numbered(int begin, int end) {
  std::vector<Record> records;
  for (int i = begin; i < end; ++i) {
    Record one;
    one.id = "id" + std::to_string(i);
    one.set("n", i);
    one.set("text", "a \"b\" \\ \n é");
    if (i % 2 == 0) one.metadata["source"] = "test";
    records.push_back(std::move(one));
  }
  return records;
}

class PostgresCopied : public PostgresTest {
 protected:
  // Each statement that inserts notes the first word of its text.
  AsyncDatabase open_logged(const std::string& options = {}) {
    auto db = run(AsyncDatabase::open(url(options)));
    EXPECT_FALSE(run(db.exists("x")));
    sql("CREATE TABLE noted (word text, rows int); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY "
        "DEFINER SET search_path = \"" +
        schema() +
        "\" AS $$ BEGIN INSERT INTO noted SELECT substring(current_query() from '^[A-Z]+'), (SELECT count(*) FROM "
        "made); "
        "RETURN NULL; END $$; CREATE TRIGGER notes AFTER INSERT ON records REFERENCING NEW TABLE AS made FOR EACH "
        "STATEMENT EXECUTE FUNCTION note()");
    return db;
  }
  std::string noted() const {
    return sql("SELECT coalesce(string_agg(word || ' ' || rows, ', ' ORDER BY rows, word), '') FROM noted")[0][0];
  }
  std::string stored() const { return sql("SELECT count(*) FROM records")[0][0]; }
};

awaitable<void> read_back(AsyncDatabase db, std::vector<Record> expected) {
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}, expected.size() - 1}) {
    const auto found = co_await db.read(expected[i].id);
    EXPECT_TRUE(found && found->fields == expected[i].fields && found->metadata == expected[i].metadata) << i;
    EXPECT_FALSE(!found || found->version.empty());
  }
}

TEST_F(PostgresCopied, a_large_batch_is_copied_and_a_small_one_is_not) {
  auto db = open_logged();
  const auto made = run(db.create_batch(numbered(0, 2'500)));
  EXPECT_EQ(made.succeeded(), 2'500u);
  EXPECT_EQ(made.ids.back(), "id2499");
  run(db.create_batch(numbered(3'000, 3'007)));
  EXPECT_EQ(noted(), "INSERT 7, COPY 500, COPY 2000");
  run(read_back(db, numbered(0, 2'500)));
  run(db.close());
}

awaitable<void> batch_in_a_transaction(AsyncDatabase db) {
  auto tx = co_await db.begin();
  auto stream = tx.stream(Query(), StreamOptions().batch_size(16));  // a piece of it is on its way
  const auto first = co_await stream.next();
  EXPECT_TRUE(first.has_value());
  const auto collected = co_await tx.create_batch(numbered(0, 300), BatchOptions().on_error(OnError::collect));
  EXPECT_EQ(collected.succeeded(), 299u);
  EXPECT_EQ(collected.errors.size(), 1u);
  if (!collected.errors.empty()) {
    EXPECT_EQ(collected.errors[0].index, 7u);
    EXPECT_EQ(collected.errors[0].error.kind(), errc::already_exists);
  }
  const auto more = co_await tx.create_batch(numbered(1'000, 1'300));
  EXPECT_EQ(more.succeeded(), 300u);
  const auto second = co_await stream.next();
  EXPECT_FALSE(second.has_value());
  EXPECT_EQ(co_await tx.count(), 600u);
  const auto outside = co_await db.count();
  EXPECT_EQ(outside, 1u);
  co_await tx.commit();
}

TEST_F(PostgresCopied, in_a_transaction_a_refused_copy_leaves_it_as_it_was) {
  auto db = open_logged();
  run(db.create_batch(numbered(7, 8)));
  run(batch_in_a_transaction(db));
  EXPECT_EQ(noted(), "INSERT 1, INSERT 299, COPY 300");
  EXPECT_EQ(stored(), "600");
  run(db.close());
}

TEST_F(PostgresCopied, what_is_there_already_stops_a_batch_where_it_stands) {
  auto db = open_logged();
  run(db.create_batch(numbered(2'450, 2'451)));
  const auto stopped = run(outcome_of([&] { return db.create_batch(numbered(0, 3'000)); }));
  EXPECT_TRUE(fails_with(stopped, errc::already_exists));
  EXPECT_EQ(stored(), "2451") << "what stood in front of it is stored, and nothing behind it";
  const auto atomic =
      run(outcome_of([&] { return db.create_batch(numbered(3'000, 3'001), BatchOptions().atomic(true)); }));
  EXPECT_TRUE(succeeds(atomic));
  run(db.close());
}

TEST_F(PostgresCopied, an_atomic_batch_is_all_or_nothing) {
  auto db = open_logged("max_size=1");
  run(db.create_batch(numbered(4'500, 4'501)));
  const auto refused =
      run(outcome_of([&] { return db.create_batch(numbered(0, 5'000), BatchOptions().atomic(true)); }));
  EXPECT_TRUE(fails_with(refused, errc::already_exists));
  EXPECT_EQ(stored(), "1");
  EXPECT_TRUE(run(db.create_batch(numbered(0, 4'500), BatchOptions().atomic(true))).errors.empty());
  EXPECT_EQ(stored(), "4501");
  run(db.close());
}

TEST_F(PostgresCopied, a_rule_of_the_table_is_kept) {
  auto db = open_logged();
  sql("CREATE TABLE also (id text); GRANT ALL ON also TO weir; CREATE RULE too AS ON INSERT TO records DO ALSO INSERT "
      "INTO also VALUES (NEW.id)");
  auto other = run(AsyncDatabase::open(url()));  // it looks at the table anew
  EXPECT_FALSE(run(other.exists("x")));
  EXPECT_EQ(run(other.create_batch(numbered(0, 300))).succeeded(), 300u);
  EXPECT_EQ(sql("SELECT count(*) FROM also")[0][0], "300");
  EXPECT_EQ(noted(), "INSERT 300");
  run(other.close());
  run(db.close());
}

TEST_F(PostgresCopied, a_copy_that_the_server_does_not_do_is_an_insert) {
  auto db = open_logged();
  // Only the owner of the table is free of it, and COPY is refused to everybody else.
  sql("ALTER TABLE records OWNER TO postgres; GRANT ALL ON records TO weir; GRANT ALL ON SEQUENCE records_version_seq "
      "TO "
      "weir; ALTER TABLE records ENABLE ROW LEVEL SECURITY; CREATE POLICY everybody ON records USING (true)");
  EXPECT_EQ(run(db.create_batch(numbered(0, 300))).succeeded(), 300u);
  EXPECT_EQ(noted(), "INSERT 300");
  run(db.close());
}

TEST_F(PostgresCopied, what_a_deferred_trigger_refuses_is_found) {
  auto db = open_logged();
  sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 'id123' THEN RAISE EXCEPTION "
      "'refused' USING ERRCODE = 'check_violation'; END IF; RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER late AFTER "
      "INSERT ON records DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()");
  const auto collected = run(db.create_batch(numbered(0, 400), BatchOptions().on_error(OnError::collect)));
  EXPECT_EQ(collected.errors.size(), 1u);
  if (!collected.errors.empty()) {
    EXPECT_EQ(collected.errors[0].index, 123u);
  }
  EXPECT_EQ(stored(), "399");
  run(db.close());
}

TEST_F(PostgresCopied, one_that_takes_too_long_leaves_nothing_behind) {
  auto db = open_logged("max_size=1");
  sql("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$; "
      "CREATE TRIGGER waits BEFORE INSERT ON records FOR EACH STATEMENT EXECUTE FUNCTION wait()");
  const auto late = run(outcome_of([&] { return db.create_batch(numbered(0, 300), BatchOptions().timeout(500ms)); }));
  EXPECT_TRUE(fails_with(late, errc::timeout));
  sql("DROP TRIGGER waits ON records");
  EXPECT_TRUE(succeeds(run(outcome_of([&] { return db.create_batch(numbered(1'000, 1'300)); }))));
  EXPECT_EQ(stored(), "300");
  run(db.close());
}

// ---- COMMIT with the last statement ----

std::string at_commit(const std::string& what) {
  return "CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN IF NEW.id = 'id3' "
         "THEN " +
         what +
         "; END IF; RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON records DEFERRABLE "
         "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()";
}

BatchOptions in_pieces() { return BatchOptions().atomic(true).chunk(2); }

TEST_F(PostgresCopied, what_is_refused_at_the_commit_of_an_atomic_batch_is_its_error) {
  auto db = open_logged("max_size=1");
  sql(at_commit("RAISE EXCEPTION 'refused' USING ERRCODE = 'check_violation'"));
  const auto refused = run(outcome_of([&] { return db.upsert_batch(numbered(0, 5), in_pieces()); }));
  EXPECT_TRUE(fails_with(refused, errc::constraint_violation));
  EXPECT_EQ(stored(), "0");
  EXPECT_TRUE(succeeds(run(outcome_of([&] { return db.upsert_batch(numbered(4, 9), in_pieces()); }))));
  EXPECT_EQ(stored(), "5");
  run(db.close());
}

TEST_F(PostgresCopied, a_conflict_at_the_commit_of_an_atomic_batch_is_transient) {
  auto db = open_logged("max_size=1&retry.max_attempts=1");
  sql(at_commit("RAISE EXCEPTION 'conflict' USING ERRCODE = 'serialization_failure'"));
  const auto refused = run(outcome_of([&] { return db.upsert_batch(numbered(0, 5), in_pieces()); }));
  EXPECT_TRUE(fails_with(refused, errc::serialization_failure));
  ASSERT_TRUE(refused.error());
  EXPECT_TRUE(refused.error()->transient());
  EXPECT_FALSE(refused.error()->maybe_applied());
  EXPECT_EQ(stored(), "0");
  run(db.close());
}

TEST_F(PostgresCopied, a_session_that_ends_in_the_commit_leaves_it_open_whether_it_happened) {
  auto db = open_logged("max_size=1&retry.max_attempts=1");
  sql(at_commit("PERFORM pg_terminate_backend(pg_backend_pid())"));
  const auto lost = run(outcome_of([&] { return db.upsert_batch(numbered(0, 5), in_pieces()); }));
  EXPECT_TRUE(fails_with(lost, errc::connection_lost));
  ASSERT_TRUE(lost.error());
  EXPECT_TRUE(lost.error()->maybe_applied()) << lost;
  run(db.close());
}

}  // namespace
}  // namespace weir::test
