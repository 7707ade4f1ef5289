// SQL of the user's own: typed parameters and rows, sessions that are left clean, COPY, notifications.

#include "integration/postgresql/fixture.hpp"

#include <weir/postgresql.hpp>
#include <weir/transaction.hpp>

#include <algorithm>
#include <limits>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Postgres = PostgresTest;

awaitable<void> round_trips(PostgresDatabase db) {
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  const std::chrono::sys_days day = std::chrono::year{1969} / std::chrono::July / 20;
  const PostgresBytes bytes{std::byte{0}, std::byte{255}, std::byte{7}};
  const Json json = Json::parse(R"({"a": [1, "x", null]})");
  const std::int64_t large = std::numeric_limits<std::int64_t>::min();
  std::vector<PostgresValue> values{PostgresValue(true),     PostgresValue(large), PostgresValue(1.5),
                                    PostgresValue("é'; --"), PostgresValue(now),   PostgresValue(day),
                                    PostgresValue(bytes),    PostgresValue(json),  PostgresValue()};
  const auto rows = co_await db.query_values(
      "SELECT $1, $2, $3, $4::text, $5, $6, $7, $8, $9::text, 12345678901234567890.123400::numeric AS n, "
      "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid AS u, 7::numeric AS seven, NULL::int4 AS nothing",
      values);
  EXPECT_EQ(rows.size(), 1u);
  const PostgresRow row = rows[0];
  EXPECT_TRUE(row.get<bool>(0));
  EXPECT_EQ(row.get<std::int64_t>(1), large);
  EXPECT_EQ(row.get<double>(2), 1.5);
  EXPECT_EQ(row.get<std::string>(3), "é'; --");
  EXPECT_EQ(row.get<PostgresTime>(4), now);
  EXPECT_EQ(row.get<std::chrono::sys_days>(5), day);
  EXPECT_EQ(row.get<PostgresBytes>(6), bytes);
  EXPECT_EQ(row.get<Json>(7), json);
  EXPECT_TRUE(row.is_null(8));
  EXPECT_EQ(row.get<std::string>("n"), "12345678901234567890.123400");
  EXPECT_EQ(row.get<std::string>("u"), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  EXPECT_EQ(row.get<int>("seven"), 7);
  EXPECT_EQ(row.get<std::optional<int>>("nothing"), std::nullopt);
  EXPECT_TRUE(fails_with(outcome_now([&] { row.get<int>("nothing"); }), errc::invalid_argument));
  EXPECT_TRUE(fails_with(outcome_now([&] { row.get<std::int8_t>(1); }), errc::invalid_argument));
  EXPECT_TRUE(fails_with(outcome_now([&] { row.get<int>("nowhere"); }), errc::invalid_argument));
}

TEST_F(Postgres, values_of_every_type_come_back) {
  auto db = run(AsyncDatabase::open(url()));
  run(round_trips(db.native<PostgresDatabase>()));
  run(db.close());
}

awaitable<void> tables_of_ones_own(PostgresDatabase db) {
  co_await db.execute("CREATE TYPE mood AS ENUM ('sad', 'happy')");
  co_await db.execute("CREATE TABLE people (id int4 PRIMARY KEY, name text, mood mood, tags text[], score float4)");
  const std::vector<std::string> tags{"a", "b,c"};
  const std::vector<std::int32_t> ids{1, 2, 3};
  std::vector<PostgresValue> first{PostgresValue(1), PostgresValue("Ada"), PostgresValue("happy"), PostgresValue(tags),
                                   PostgresValue(1.5F)};
  EXPECT_EQ(co_await db.execute_values("INSERT INTO people VALUES ($1, $2, $3, $4, $5)", first), 1u);
  EXPECT_EQ(co_await db.execute("INSERT INTO people (id, name) SELECT n, 'x' FROM generate_series(2, 3) n"), 2u);
  const auto found =
      co_await db.query("SELECT id, name, mood, tags, score FROM people WHERE id = ANY($1) ORDER BY id", ids);
  std::vector<int> seen;
  for (const auto& row : found) seen.push_back(row.get<int>("id"));
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
  const auto [id, name, mood, kept] = found[0].to<int, std::string, std::string, std::vector<std::string>>();
  EXPECT_EQ(id, 1);
  EXPECT_EQ(name, "Ada");
  EXPECT_EQ(mood, "happy");
  EXPECT_EQ(kept, tags);
  // The same text with another type of parameter is another statement.
  EXPECT_EQ((co_await db.query("SELECT $1::text", "7"))[0].get<std::string>(0), "7");
  EXPECT_EQ((co_await db.query("SELECT $1::text", 7))[0].get<std::string>(0), "7");
  EXPECT_EQ((co_await db.query("SELECT $1::text", std::int64_t{7}))[0].get<std::string>(0), "7");
  const auto taken = co_await outcome_of([&] { return db.execute("INSERT INTO people (id) VALUES (1)"); });
  EXPECT_TRUE(fails_with(taken, errc::already_exists) || fails_with(taken, errc::constraint_violation)) << taken;
  EXPECT_EQ(taken.error()->server_code(), "23505");
  EXPECT_FAILS(db.query("SELECT nonsense FROM people"), not_found);
  EXPECT_FAILS(db.query("BEGIN"), invalid_argument);
  const std::string cut("SELECT 1\0 nonsense", 18);
  EXPECT_FAILS(db.query(cut), invalid_argument);
  EXPECT_FAILS(db.copy_in(cut), invalid_argument);
  EXPECT_FAILS(db.query("/* really */ commit"), invalid_argument);
}

TEST_F(Postgres, sql_of_ones_own) {
  auto db = run(AsyncDatabase::open(url("options=-csearch_path%3D" + schema())));
  run(tables_of_ones_own(db.native<PostgresDatabase>()));
  run(db.close());
}

awaitable<void> sessions_are_clean(PostgresDatabase db) {
  const auto setting = [&]() -> awaitable<std::string> {
    const auto rows = co_await db.query("SELECT current_setting('application_name')");
    co_return rows[0].get<std::string>(0);
  };
  const auto before = co_await setting();
  co_await db.execute("SET application_name = 'somebody'");
  EXPECT_EQ(co_await setting(), before);
  co_await db.execute("CREATE TEMPORARY TABLE mine (a int)");
  EXPECT_FAILS(db.query("SELECT * FROM mine"), not_found);
  co_await db.execute("CREATE TEMPORARY TABLE mine AS SELECT 1 AS a");
  EXPECT_FAILS(db.query("SELECT * FROM mine"), not_found);
  co_await db.execute("SELECT 1 AS a INTO TEMPORARY mine");
  EXPECT_FAILS(db.query("SELECT * FROM mine"), not_found);
  auto careful = db.with_reset();
  co_await careful.query("SELECT set_config('application_name', 'somebody else', false)");
  EXPECT_EQ(co_await setting(), before);
}

TEST_F(Postgres, what_a_statement_leaves_in_the_session_is_undone) {
  auto db = run(AsyncDatabase::open(url("max_size=1")));
  run(sessions_are_clean(db.native<PostgresDatabase>()));
  run(db.close());
}

awaitable<void> inside_a_transaction(AsyncDatabase db) {
  co_await db.native<PostgresDatabase>().execute("CREATE TABLE IF NOT EXISTS inside (a int)");
  auto tx = co_await db.begin();
  auto sql = tx.native<PostgresTransaction>();
  EXPECT_EQ(co_await sql.execute("INSERT INTO inside VALUES ($1)", 7), 1u);
  Record record;
  record.id = "both";
  co_await tx.create(record);
  EXPECT_FAILS(sql.execute("COMMIT"), invalid_argument);
  co_await tx.rollback();
  EXPECT_FALSE(co_await db.exists("both"));
  const auto rows = co_await db.native<PostgresDatabase>().query("SELECT count(*) FROM inside");
  EXPECT_EQ(rows[0].get<int>(0), 0);
}

TEST_F(Postgres, sql_and_records_in_one_transaction) {
  auto db = run(AsyncDatabase::open(url("options=-csearch_path%3D" + schema())));
  run(inside_a_transaction(db));
  run(db.close());
}

awaitable<void> copies(PostgresDatabase db) {
  co_await db.execute("CREATE TABLE copied (id int8, name text)");
  auto in = co_await db.copy_in("COPY copied FROM STDIN (FORMAT binary)");
  for (std::int64_t i = 0; i < 50'000; ++i) co_await in.write_row(i, "name" + std::to_string(i));
  EXPECT_EQ(co_await in.finish(), 50'000u);
  const auto sum = co_await db.query("SELECT sum(id) FROM copied");
  EXPECT_EQ(sum[0].get<std::int64_t>(0), 49'999LL * 50'000 / 2);

  auto out = co_await db.copy_out("COPY (SELECT id FROM copied ORDER BY id) TO STDOUT");
  std::string text;
  while (auto piece = co_await out.next()) text += *piece;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 50'000);
  EXPECT_TRUE(text.starts_with("0\n1\n2\n"));

  auto bad = co_await db.copy_in("COPY copied FROM STDIN");
  co_await bad.write("1\tone\nnot a number\ttwo\n");
  const auto refused = co_await outcome_of([&] { return bad.finish(); });
  EXPECT_FALSE(refused.ok());
  if (!refused.error()) co_return ADD_FAILURE() << refused;
  EXPECT_EQ(refused.error()->server_code(), "22P02");
  EXPECT_FAILS(db.copy_in("SELECT 1"), invalid_argument);
  {
    auto left = co_await db.copy_in("COPY copied FROM STDIN");
    co_await left.write("2\ttwo\n");
  }
  const auto rows = co_await db.query("SELECT count(*) FROM copied");
  EXPECT_EQ(rows[0].get<int>(0), 50'000);
}

// More texts than are kept: the server lets go of those that were displaced.
awaitable<void> many_texts(PostgresDatabase db) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 12; ++i) {
      const auto rows = co_await db.query("SELECT " + std::to_string(i) + " + $1::int", round);
      EXPECT_EQ(rows[0].get<int>(0), i + round);
    }
  }
  const auto kept = co_await db.query("SELECT count(*) FROM pg_prepared_statements");
  EXPECT_LE(kept[0].get<int>(0), 3);
  EXPECT_GE(kept[0].get<int>(0), 1);
}

TEST_F(Postgres, displaced_statements_are_closed_on_the_server) {
  auto db = run(AsyncDatabase::open(url("max_size=1&statement_cache_size=3")));
  run(many_texts(db.native<PostgresDatabase>()));
  run(many_texts(db.native<PostgresDatabase>().shared()));
  run(db.close());
}

// Rows of the binary format, gathered without a wait: each C++ type as the column of its type has it.
awaitable<void> gathered_rows(PostgresDatabase db) {
  co_await db.execute(
      "CREATE TABLE gathered (a int2, b int4, c int8, d float4, e float8, f text, g timestamptz, h bool)");
  auto in = co_await db.copy_in("COPY gathered FROM STDIN (FORMAT binary)");
  const PostgresTime begin = std::chrono::sys_days(std::chrono::year{2024} / 2 / 29);
  const std::string name(10, 'n');
  int flushed = 0;
  for (std::int32_t i = 0; i < 5'000; ++i) {
    const std::optional<double> half = i % 2 == 0 ? std::optional(i * 0.5) : std::nullopt;
    const auto time = PostgresTime(begin + std::chrono::seconds(i));
    if (!in.add_row(std::int16_t{7}, i, std::int64_t{i} << 32U, 1.5F, half, name, time, i % 3 == 0)) continue;
    co_await in.flush();
    ++flushed;
  }
  EXPECT_GT(flushed, 2);
  // What cannot be written leaves nothing of its row.
  EXPECT_THROW(in.add_row(std::int16_t{1}, std::numeric_limits<std::uint64_t>::max()), Error);
  in.add_row(std::int16_t{-1}, -1, std::int64_t{-1}, nullptr, -1.0, "last", begin, nullptr);
  EXPECT_EQ(co_await in.finish(), 5'001u);
  EXPECT_THROW(in.add_row(1), Error);
  const auto sums = co_await db.query(
      "SELECT sum(a), sum(b), sum(c), sum(d)::int8, sum(e), count(e), max(g), count(h), count(*) FILTER (WHERE h), "
      "min(b), count(*) FILTER (WHERE f = 'nnnnnnnnnn') FROM gathered");
  const auto row = sums[0];
  EXPECT_EQ(row.get<int>(0), 5'000 * 7 - 1);
  EXPECT_EQ(row.get<std::int64_t>(1), 4'999 * 5'000 / 2 - 1);
  EXPECT_EQ(row.get<std::int64_t>(2), (4'999LL * 5'000 / 2 << 32U) - 1);
  EXPECT_EQ(row.get<int>(3), 7'500);
  EXPECT_EQ(row.get<double>(4), 2'499 * 2'500 / 2.0 - 1);
  EXPECT_EQ(row.get<int>(5), 2'501);
  EXPECT_EQ(row.get<PostgresTime>(6), begin + std::chrono::seconds(4'999));
  EXPECT_EQ(row.get<int>(7), 5'000);
  EXPECT_EQ(row.get<int>(8), 1'667);
  EXPECT_EQ(row.get<int>(9), -1);
  EXPECT_EQ(row.get<int>(10), 5'000);
}

TEST_F(Postgres, rows_are_gathered_without_a_wait) {
  auto db = run(AsyncDatabase::open(url("max_size=1&options=-csearch_path%3D" + schema())));
  run(gathered_rows(db.native<PostgresDatabase>()));
  run(db.close());
}

TEST_F(Postgres, copy_both_ways) {
  auto db = run(AsyncDatabase::open(url("max_size=2&options=-csearch_path%3D" + schema())));
  run(copies(db.native<PostgresDatabase>()));
  run(db.close());
}

awaitable<void> hears(PostgresDatabase db, const std::function<void()>& cut) {
  std::vector<std::string> channels{"weir \"news\"", "weir_other"};
  auto news = co_await db.listen(channels);
  co_await db.notify("weir \"news\"", "one");
  co_await db.notify("weir_silent", "nobody listens");
  co_await db.notify("weir_other", "two");
  const auto first = co_await news.next();
  EXPECT_EQ(first.channel, "weir \"news\"");
  EXPECT_EQ(first.payload, "one");
  EXPECT_EQ((co_await news.next()).payload, "two");
  cut();
  const auto gap = co_await news.next();
  EXPECT_TRUE(gap.gap);
  co_await db.notify("weir_other", "again");
  EXPECT_EQ((co_await news.next()).payload, "again");
  news.close();
  EXPECT_FAILS(news.next(), cancelled);
}

TEST_F(Postgres, notifications_come_and_a_lost_connection_is_made_again) {
  auto db = run(AsyncDatabase::open(url()));
  run(hears(db.native<PostgresDatabase>(), [this] {
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND application_name = '" +
        schema() + "'");
  }));
  run(db.close());
}

}  // namespace
}  // namespace weir::test
