// Existing tables whose columns are the fields.

#include "integration/postgresql/fixture.hpp"

#include <boost/asio/co_spawn.hpp>

namespace weir::test {
namespace {

constexpr const char* people =
    "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100); "
    "CREATE TABLE \"My People\" (\"No\" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \"Full \"\"Name\"\"\" "
    "varchar(20), "
    "age smallint, price numeric(30,10), score float8, small float4, ok bool, born date, seen timestamptz, local "
    "timestamp, "
    "token uuid, raw bytea, feeling mood, share percent, tags text[], numbers numeric[], times timestamptz[], doc "
    "jsonb, "
    "old json, address inet, note text NOT NULL DEFAULT 'none', twice int GENERATED ALWAYS AS (age * 2) STORED)";

const Json whole = Json::parse(R"({
  "Full \"Name\"": "Ann \"the\" fox", "age": 30, "price": "12345678901234567890.1234567890", "score": 0.1, "small": 0.1,
  "ok": true, "born": "1994-02-28", "seen": "2024-01-31T12:00:30.123456Z", "local": "2024-01-31T12:00:30",
  "token": "11111111-2222-3333-4444-55555555555a", "raw": "\\x00ff", "feeling": "happy", "share": 7, "tags": ["a", "b"],
  "numbers": ["1.50", "2"], "times": ["2024-01-31T12:00:30Z"], "doc": {"a": {"b": [1, 2]}}, "old": [1, {"x": null}],
  "address": "10.0.0.1", "note": "hello"})");

class PostgresMapped : public PostgresTest {
 protected:
  // As the user that the library signs in as.
  void make(const std::string& text) const { run_sql(plain_url(), "SET search_path = \"" + schema() + "\"; " + text); }
  std::string people_url(const std::string& options = {}) const {
    return url("storage=columns&table=My%20People" + (options.empty() ? "" : "&" + options));
  }
};

Record with(const std::string& id, const Json& fields) {
  Record out(fields);
  out.id = id;
  return out;
}

awaitable<std::string> failure(AsyncDatabase db, Record record, errc kind) {
  const auto outcome = co_await outcome_of([&] { return db.create(record); });
  EXPECT_TRUE(fails_with(outcome, kind)) << record.fields.dump();
  co_return outcome.text();
}

awaitable<void> round_trip(AsyncDatabase db) {
  co_await db.create(with("7", whole));
  auto read = co_await db.read("7");
  if (!read) co_return ADD_FAILURE() << "not there";
  EXPECT_EQ(read->id, "7");
  EXPECT_FALSE(read->version.empty());
  Json expected = whole;
  expected["twice"] = 60;
  EXPECT_EQ(read->fields, expected) << Json::diff(read->fields, expected).dump();
  // What is not given gets its default.
  co_await db.create(with("8", Json::parse(R"({"age": 5.0})")));
  read = co_await db.read("8");
  EXPECT_EQ(read->fields.at("note"), "none");
  EXPECT_EQ(read->fields.at("age"), 5);
  EXPECT_TRUE(read->fields.at("doc").is_null());
  const auto again = co_await outcome_of([&] { return db.create(with("7", Json::object())); });
  EXPECT_TRUE(fails_with(again, errc::already_exists));
  const auto absent = co_await db.read("not a number");
  EXPECT_FALSE(absent);
  const auto other = co_await db.exists("007");
  EXPECT_FALSE(other);
}

TEST_F(PostgresMapped, every_type_makes_the_round_trip) {
  make(people);
  auto db = run(AsyncDatabase::open(people_url()));
  run(round_trip(db));
  run(db.close());
}

awaitable<void> refusals(AsyncDatabase db) {
  const struct {
    const char* column;
    Json value;
  } cases[] = {{"age", "x"},
               {"age", 40'000},
               {"price", "x"},
               {"small", 1e300},
               {"born", "2024-02-30"},
               {"seen", "2024-01-31T12:00:30"},
               {"token", "x"},
               {"raw", "x"},
               {"feeling", "angry"},
               {"tags", "a"},
               {"numbers", Json::array({"x"})},
               {"address", "10.0.0.1000"},
               {"Full \\\"Name", "123456789012345678901"},
               {"twice", 1},
               {"No", 1},
               {"nothing", 1}};
  for (const auto& one : cases) {
    Json fields = Json::object();
    const std::string name = std::string(one.column).starts_with("Full") ? "Full \"Name\"" : one.column;
    fields[name] = one.value;
    const auto text = co_await failure(db, with("1", fields), errc::invalid_argument);
    EXPECT_NE(text.find("column \"" + name + "\""), std::string::npos) << text;
  }
  const auto id = co_await failure(db, with("x", Json::object()), errc::invalid_argument);
  EXPECT_NE(id.find("\"No\""), std::string::npos) << id;
  const auto share = co_await failure(db, with("1", Json::parse(R"({"share": 101})")), errc::constraint_violation);
  EXPECT_NE(share.find("percent_check"), std::string::npos) << share;
  const auto none = co_await failure(db, with("1", Json::parse(R"({"note": null})")), errc::constraint_violation);
  EXPECT_NE(none.find("note"), std::string::npos) << none;
}

TEST_F(PostgresMapped, what_does_not_fit_names_the_column) {
  make(people);
  auto db = run(AsyncDatabase::open(people_url()));
  run(refusals(db));
  run(db.close());
}

awaitable<std::string> ids_of(AsyncDatabase db, Query query) {
  const auto found = co_await db.search(std::move(query));
  std::string out;
  for (const auto& record : found) out += record.id;
  co_return out;
}

awaitable<void> questions(AsyncDatabase db) {
  co_await db.create(with("1", whole));
  co_await db.create(
      with("2", Json::parse(R"({"Full \"Name\"": "bob", "age": 20, "price": "12.30", "score": 9007199254740993,
    "born": "2000-01-01", "seen": "2024-01-31T13:00:30+01:00", "feeling": "sad", "tags": [], "doc": {"a": {"b": [2]}},
    "ok": false, "token": "11111111-2222-3333-4444-55555555555b", "note": "x"})")));
  co_await db.create(with("3", Json::object()));
  const struct {
    const char* filter;
    const char* ids;
  } cases[] = {{"age >= 20", "12"},
               {"age > 20.5", "1"},
               {"age = \"20\"", ""},
               {"age != 20", "13"},
               {"not (age = 20)", "13"},
               {"age in (20, 30, 40.5)", "12"},
               {"exists(age)", "12"},
               {"twice = 60", "1"},
               {"price = 12.3", "2"},
               {"price = \"12.300\"", "2"},
               {"price between 12 and 13", "2"},
               {"score = 0.1", "1"},
               {"small = 0.1", "1"},
               {"small < 0.10000000001", "1"},
               {"ok = true", "1"},
               {"ok < true", "2"},
               {"born < \"2000-01-01\"", "1"},
               {"born starts_with \"2000\"", "2"},
               {"seen = \"2024-01-31T12:00:30Z\"", "2"},
               {"seen > \"2024-01-31T12:00:30Z\"", "1"},
               {"token = \"11111111-2222-3333-4444-55555555555A\"", "1"},
               {"token > \"11111111-2222-3333-4444-55555555555a\"", "2"},
               {"token = \"x\"", ""},
               {"feeling = \"sad\"", "2"},
               {"feeling in (\"sad\", \"happy\")", "12"},
               {"raw = \"\\\\x00ff\"", "1"},
               {"tags = \"b\"", "1"},
               {"not exists(tags)", "23"},
               {"numbers = 1.5", "1"},
               {"doc.a.b = 2", "12"},
               {"doc.a.b = 1", "1"},
               {"old.x = 1", ""},
               {"`Full \"Name\"` ilike \"BO_\"", "2"},
               {"`Full \"Name\"` contains \"the\"", "1"},
               {"note = \"none\"", "3"},
               {"id = \"2\"", "2"},
               {"id in (\"2\", \"x\", \"3\")", "23"},
               {"id > \"1\"", "23"}};
  for (const auto& one : cases) {
    const auto found = co_await ids_of(db, Query::parse(one.filter));
    EXPECT_EQ(found, one.ids) << one.filter;
    const auto count = co_await db.count(Query::parse(one.filter));
    EXPECT_EQ(count, found.size()) << one.filter;
  }
  const struct {
    const char* path;
    Order order;
    const char* ids;
  } orders[] = {{"age", Order::asc, "213"},   {"age", Order::desc, "123"},    {"price", Order::asc, "213"},
                {"seen", Order::desc, "123"}, {"doc.a.b", Order::asc, "123"}, {"doc.a.b", Order::desc, "123"},
                {"tags", Order::asc, "123"},  {"feeling", Order::asc, "123"}, {"note", Order::desc, "231"}};
  for (const auto& one : orders) {
    Query query;
    query.order_by(one.path, one.order);
    const auto found = co_await ids_of(db, query);
    EXPECT_EQ(found, one.ids) << one.path;
  }
  Query page;
  page.order_by("age").offset(1).limit(1).select({"age"});
  const auto paged = co_await db.search(page);
  EXPECT_TRUE(paged.size() == 1 && paged[0].id == "1" && paged[0].fields == Json::parse(R"({"age": 30})"));
  const auto unknown = co_await outcome_of([&] { return db.search(Query(field("nothing") == 1)); });
  EXPECT_TRUE(fails_with(unknown, errc::invalid_query));
  const auto removed = co_await db.remove_where(Query::parse("age < 25"));
  EXPECT_EQ(removed, 1u);
  const auto patched =
      co_await db.patch_where(Query::parse("exists(age)"), Json::parse(R"({"age": 31, "doc": {"a": null, "z": 1}})"));
  EXPECT_EQ(patched, 1u);
  const auto read = co_await db.read("1");
  EXPECT_EQ(read->fields.at("age"), 31);
  EXPECT_EQ(read->fields.at("doc"), Json::parse(R"({"z": 1})"));
}

TEST_F(PostgresMapped, questions_are_answered_by_the_server_in_the_columns_types) {
  make(people);
  auto db = run(AsyncDatabase::open(people_url()));
  run(questions(db));
  run(db.close());
}

awaitable<void> writes(AsyncDatabase db) {
  co_await db.upsert(with("1", Json::parse(R"({"age": 1, "note": "a"})")));
  const auto first = (co_await db.read("1"))->version;
  co_await db.upsert(with("1", Json::parse(R"({"age": 2})")));
  auto read = co_await db.read("1");
  EXPECT_NE(read->version, first);
  EXPECT_EQ(read->fields.at("age"), 2);
  EXPECT_EQ(read->fields.at("note"), "none");  // replaced
  const auto old = WriteOptions().if_version(first);
  const auto stale = co_await outcome_of([&] { return db.update("1", with("1", Json::object()), old); });
  EXPECT_TRUE(fails_with(stale, errc::conflict));
  const auto current = WriteOptions().if_version(read->version);
  const auto updated = co_await db.update("1", with("1", Json::parse(R"({"age": 3})")), current);
  EXPECT_TRUE(updated);
  const auto late = co_await outcome_of([&] { return db.remove("1", current); });
  EXPECT_TRUE(fails_with(late, errc::conflict));
  const auto patched =
      co_await db.patch("1", Json::parse(R"({"doc": {"a": {"b": null, "c": 1}}, "tags": ["x"], "note": "p"})"));
  EXPECT_TRUE(patched);
  read = co_await db.read("1");
  EXPECT_EQ(read->fields.at("doc"), Json::parse(R"({"a": {"c": 1}})"));
  EXPECT_EQ(read->fields.at("tags"), Json::parse(R"(["x"])"));
  EXPECT_EQ(read->fields.at("age"), 3);
  const auto absent = co_await db.update("2", with("2", Json::object()));
  EXPECT_FALSE(absent);
  const auto never = co_await db.patch("x", Json::parse(R"({"age": 1})"));
  EXPECT_FALSE(never);
  // Two writes of one transaction make two versions.
  auto tx = co_await db.begin();
  co_await tx.patch("1", Json::parse(R"({"age": 4})"));
  const auto inside = (co_await tx.read("1"))->version;
  co_await tx.patch("1", Json::parse(R"({"age": 5})"));
  const auto later = (co_await tx.read("1"))->version;
  EXPECT_NE(inside, later);
  const auto bad = co_await outcome_of([&] { return tx.patch("1", Json::parse(R"({"feeling": "angry"})")); });
  EXPECT_TRUE(fails_with(bad, errc::invalid_argument));
  EXPECT_NE(bad.text().find("\"feeling\""), std::string::npos);
  co_await tx.rollback();
  const auto removed = co_await db.remove("1");
  EXPECT_TRUE(removed);
}

TEST_F(PostgresMapped, writes_conditions_and_patches) {
  make(people);
  auto db = run(AsyncDatabase::open(people_url()));
  run(writes(db));
  run(db.close());
}

awaitable<void> race(AsyncDatabase db, int& won) {
  for (int i = 0; i < 20; ++i) {
    const auto read = co_await db.read("1");
    Json fields = Json::object();
    fields["age"] = read->fields.at("age").get<int>() + 1;
    const auto options = WriteOptions().if_version(read->version);
    const auto outcome = co_await outcome_of([&] { return db.update("1", with("1", fields), options); });
    if (outcome.ok()) ++won;
    EXPECT_TRUE(outcome.ok() || fails_with(outcome, errc::conflict));
  }
}

TEST_F(PostgresMapped, of_two_conditional_writers_one_wins) {
  make(people);
  auto db = run(AsyncDatabase::open(people_url()));
  run(db.create(with("1", Json::parse(R"({"age": 0})"))));
  int won = 0;
  for (int i = 0; i < 8; ++i)
    boost::asio::co_spawn(loop(), race(db, won), [](std::exception_ptr e) { EXPECT_EQ(e, nullptr); });
  loop().restart();
  loop().run();
  const auto read = run(db.read("1"));
  EXPECT_EQ(read->fields.at("age"), won);
  EXPECT_GT(won, 0);
  run(db.close());
}

awaitable<void> batches(AsyncDatabase db) {
  std::vector<Record> records;
  for (int i = 0; i < 3'000; ++i) {
    Json fields = Json::object();
    fields["age"] = i;
    if (i % 1'000 == 3) fields["note"] = "other columns";
    if (i == 1'500) fields["feeling"] = "angry";
    if (i == 1'501) fields["age"] = "x";
    records.push_back(with(std::to_string(i), fields));
  }
  records.push_back(records[5]);
  BatchOptions collect;
  collect.on_error(OnError::collect);
  const auto result = co_await db.create_batch(records, collect);
  EXPECT_EQ(result.succeeded(), 2'998u);
  if (result.errors.size() != 3) co_return ADD_FAILURE() << result.errors.size();
  EXPECT_EQ(result.errors[0].index, 1'500u);
  EXPECT_NE(std::string(result.errors[0].error.what()).find("\"feeling\""), std::string::npos);
  EXPECT_EQ(result.errors[1].index, 1'501u);
  EXPECT_EQ(result.errors[2].error.kind(), errc::already_exists);
  const auto count = co_await db.count();
  EXPECT_EQ(count, 2'998u);
  records.pop_back();
  BatchOptions atomic;
  atomic.atomic(true);
  std::vector<Record> half(records.begin(), records.begin() + 1'501);
  const auto refused = co_await outcome_of([&] { return db.upsert_batch(half, atomic); });
  EXPECT_TRUE(fails_with(refused, errc::invalid_argument));
  EXPECT_NE(refused.text().find("\"feeling\""), std::string::npos);
  const std::vector<Record> twice{with("9000", Json::object()), records[5]};
  const auto stopped = co_await outcome_of([&] { return db.create_batch(twice); });
  EXPECT_TRUE(fails_with(stopped, errc::already_exists));
  const std::vector<std::string> some{"5", "x", "5000", "7"};
  const auto several = co_await db.read_batch(some);
  EXPECT_TRUE(several[0] && !several[1] && !several[2] && several[3]);
  std::uint64_t streamed = 0;
  auto stream = db.stream(Query::parse("age >= 1000"));
  while (auto record = co_await stream.next()) ++streamed;
  EXPECT_EQ(streamed, 1'998u);
  std::uint64_t parts = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    auto part = db.stream(Query(), StreamOptions().partition(Partition(i, 3)));
    while (auto record = co_await part.next()) ++parts;
  }
  const auto now = co_await db.count();
  EXPECT_EQ(parts, now);
  const auto removed = co_await db.remove_batch(some);
  EXPECT_EQ(removed.succeeded(), 2u);
}

TEST_F(PostgresMapped, batches_and_streams) {
  make(people);
  auto db = run(AsyncDatabase::open(people_url()));
  run(batches(db));
  run(db.close());
}

TEST_F(PostgresMapped, tables_that_have_no_key) {
  make(
      "CREATE TABLE two (a int, b text, PRIMARY KEY (a, b)); CREATE TABLE none (a int); CREATE TABLE days (d date "
      "PRIMARY KEY)");
  const struct {
    const char* options;
    const char* named;
    errc kind;
  } cases[] = {{"table=two", "\"a\", \"b\"", errc::invalid_argument},
               {"table=two&key_field=a", "\"a\"", errc::invalid_argument},
               {"table=none", "primary key", errc::invalid_argument},
               {"table=none&key_field=x", "\"x\"", errc::invalid_argument},
               {"table=days", "\"d\"", errc::invalid_argument},
               {"table=nothing", "nothing", errc::not_found}};
  for (const auto& one : cases) {
    auto db = run(AsyncDatabase::open(url(std::string("storage=columns&") + one.options)));
    const auto outcome = run(outcome_of([&] { return db.exists("x"); }));
    EXPECT_TRUE(fails_with(outcome, one.kind)) << one.options;
    EXPECT_NE(outcome.text().find(one.named), std::string::npos) << outcome.text();
    run(db.close());
  }
}

awaitable<void> view_of(AsyncDatabase db) {
  const auto read = co_await db.read("a");
  EXPECT_TRUE(read && read->fields == Json::parse(R"({"double": 2})"));
  const auto count = co_await db.count(Query(field("double") > 1));
  EXPECT_EQ(count, 1u);
  const auto create = co_await outcome_of([&] { return db.create(with("b", Json::object())); });
  EXPECT_TRUE(fails_with(create, errc::unsupported));
  const auto remove = co_await outcome_of([&] { return db.remove("a"); });
  EXPECT_TRUE(fails_with(remove, errc::unsupported));
  const auto all = co_await outcome_of([&] { return db.remove_where(Query()); });
  EXPECT_TRUE(fails_with(all, errc::unsupported));
  const auto patch = co_await outcome_of([&] { return db.patch_where(Query(), Json::object()); });
  EXPECT_TRUE(fails_with(patch, errc::unsupported));
}

TEST_F(PostgresMapped, a_view_is_read_only) {
  make(
      "CREATE TABLE base (k text PRIMARY KEY, n int); INSERT INTO base VALUES ('a', 1); "
      "CREATE VIEW seen AS SELECT k, n * 2 AS double FROM base");
  auto db = run(AsyncDatabase::open(url("storage=columns&table=seen&key_field=k")));
  run(view_of(db));
  run(db.close());
}

awaitable<void> partitioned(AsyncDatabase db) {
  std::vector<Record> records;
  for (int i = 0; i < 50; ++i) records.push_back(with("k" + std::to_string(i), Json::parse(R"({"n": 1})")));
  const auto made = co_await db.create_batch(std::move(records));
  EXPECT_EQ(made.succeeded(), 50u);
  const auto read = co_await db.read("k7");
  const auto changed =
      co_await db.update("k7", with("k7", Json::parse(R"({"n": 2})")), WriteOptions().if_version(read->version));
  EXPECT_TRUE(changed);
  co_await db.upsert(with("k8", Json::parse(R"({"n": 2})")));
  const auto count = co_await db.count(Query(field("n") == 2));
  EXPECT_EQ(count, 2u);
  const auto again = co_await outcome_of([&] { return db.create(with("k7", Json::object())); });
  EXPECT_TRUE(fails_with(again, errc::already_exists));
}

TEST_F(PostgresMapped, a_table_in_partitions) {
  make(
      "CREATE TABLE parts (k varchar(10) PRIMARY KEY, n int) PARTITION BY HASH (k); "
      "CREATE TABLE p0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0); "
      "CREATE TABLE p1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1)");
  auto db = run(AsyncDatabase::open(url("storage=columns&table=parts")));
  run(partitioned(db));
  run(db.close());
}

awaitable<void> plans_of(AsyncDatabase db) {
  const auto plan = co_await db.explain(Query(field("n").between(5, 9)));
  EXPECT_EQ(plan.at("index"), Json::parse(R"(["base_n_idx"])")) << plan.dump();
  const auto by_id = co_await db.explain(Query(id() == "k77"));
  EXPECT_EQ(by_id.at("index"), Json::parse(R"(["base_pkey"])")) << by_id.dump();
}

TEST_F(PostgresMapped, the_tables_own_indexes_serve) {
  make(
      "CREATE TABLE base (k text PRIMARY KEY, n int); CREATE INDEX ON base (n); "
      "INSERT INTO base SELECT 'k' || i, i FROM generate_series(1, 20000) i; ANALYZE base");
  auto db = run(AsyncDatabase::open(url("storage=columns&table=base")));
  run(plans_of(db));
  run(db.close());
}

}  // namespace
}  // namespace weir::test
