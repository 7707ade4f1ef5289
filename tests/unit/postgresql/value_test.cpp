#include "backends/postgresql/sql/numeric.hpp"
#include "backends/postgresql/sql/own_words.hpp"
#include "backends/postgresql/sql/parameter.hpp"
#include "support/outcome.hpp"

#include <weir/postgresql_value.hpp>

#include <gtest/gtest.h>

namespace weir::postgres {
namespace {

std::string numeric(std::initializer_list<int> groups, int weight, int sign, int places) {
  std::string out;
  append_int16(out, static_cast<std::int16_t>(groups.size()));
  append_int16(out, static_cast<std::int16_t>(weight));
  append_int16(out, static_cast<std::int16_t>(sign));
  append_int16(out, static_cast<std::int16_t>(places));
  for (const int group : groups) append_int16(out, static_cast<std::int16_t>(group));
  return out;
}

// The left sides are what numeric_send of PostgreSQL 15 gives for the right ones.
TEST(Numeric, as_text) {
  EXPECT_EQ(numeric_text(numeric({}, 0, 0, 0)), "0");
  EXPECT_EQ(numeric_text(numeric({}, 0, 0, 2)), "0.00");
  EXPECT_EQ(numeric_text(numeric({7}, 0, 0, 0)), "7");
  EXPECT_EQ(numeric_text(numeric({1, 0, 5}, 2, 0x4000, 0)), "-100000005");
  EXPECT_EQ(numeric_text(numeric({12, 3400}, 0, 0, 3)), "12.340");
  EXPECT_EQ(numeric_text(numeric({1}, -1, 0, 4)), "0.0001");
  EXPECT_EQ(numeric_text(numeric({1}, -2, 0x4000, 8)), "-0.00000001");
  EXPECT_EQ(numeric_text(numeric({1}, 2, 0, 0)), "100000000");
  EXPECT_EQ(numeric_text(numeric({}, 0, 0xC000, 0)), "NaN");
  EXPECT_EQ(numeric_text(numeric({}, 0, 0xF000, 0)), "-Infinity");
  EXPECT_EQ(numeric_text("short"), std::nullopt);
  EXPECT_EQ(numeric_text(numeric({1, 2}, 0, 0, 0).substr(0, 10)), std::nullopt);
}

PostgresField field_of(const PostgresValue& value) {
  PostgresField field;
  field.type = value.type();
  field.null = value.is_null();
  field.bytes = value.bytes();
  field.column = "c";
  return field;
}

TEST(Value, keeps_its_type_and_comes_back) {
  EXPECT_EQ(PostgresValue(std::int16_t{1}).type(), 21u);
  EXPECT_EQ(PostgresValue(1).type(), 23u);
  EXPECT_EQ(PostgresValue(1U).type(), 20u);
  EXPECT_EQ(PostgresValue(1LL).type(), 20u);
  EXPECT_EQ(PostgresValue("x").type(), 0u);
  EXPECT_TRUE(PostgresValue(nullptr).is_null());
  EXPECT_TRUE(PostgresValue(std::optional<int>()).is_null());
  const PostgresValue seven(7);
  EXPECT_EQ(postgres_get<long>(field_of(seven)), 7);
  const PostgresValue half(0.5);
  EXPECT_EQ(postgres_get<double>(field_of(half)), 0.5);
  const PostgresValue list(std::vector<std::optional<std::int64_t>>{1, std::nullopt, 3});
  const auto back = postgres_get<std::vector<std::optional<std::int64_t>>>(field_of(list));
  EXPECT_EQ(back, (std::vector<std::optional<std::int64_t>>{1, std::nullopt, 3}));
  const PostgresValue none(std::vector<std::string>{});
  EXPECT_EQ(none.type(), 1009u);
  EXPECT_TRUE(postgres_get<std::vector<std::string>>(field_of(none)).empty());
  EXPECT_TRUE(test::fails_with(test::outcome_now([] { PostgresValue too_large(~0ULL); }), errc::invalid_argument));
  EXPECT_TRUE(test::fails_with(test::outcome_now([&] { postgres_get<std::int8_t>(field_of(PostgresValue(300))); }),
                               errc::invalid_argument));
}

TEST(Value, times) {
  const PostgresTime time =
      std::chrono::sys_days(std::chrono::year{1999} / 12 / 31) + std::chrono::microseconds{86'399'999'999};
  const PostgresValue value(time);
  EXPECT_EQ(read_int64(value.bytes()), -1);
  EXPECT_EQ(postgres_get<PostgresTime>(field_of(value)), time);
  EXPECT_EQ(postgres_get<std::string>(field_of(value)), "1999-12-31T23:59:59.999999Z");
  std::string infinity;
  append_int64(infinity, std::numeric_limits<std::int64_t>::max());
  PostgresField field = field_of(value);
  field.bytes = infinity;
  EXPECT_TRUE(test::fails_with(test::outcome_now([&] { to_time(field); }), errc::invalid_argument));
}

PostgresField field_of(std::uint32_t type, const std::string& bytes) {
  PostgresField field;
  field.type = type;
  field.null = false;
  field.bytes = bytes;
  field.column = "c";
  return field;
}

std::string eight(std::int64_t value) {
  std::string bytes;
  append_int64(bytes, value);
  return bytes;
}

TEST(Value, days_that_have_no_text_are_refused) {
  using namespace std::chrono;
  const auto text = [](std::int64_t days_from_2000) {
    std::string bytes;
    append_int32(bytes, static_cast<std::int32_t>(days_from_2000));
    return to_text(field_of(1082, bytes));
  };
  const sys_days origin = year{2000} / January / 1;
  const std::int64_t lowest = (sys_days(year{1} / January / 1) - origin).count();
  const std::int64_t highest = (sys_days(year::max() / December / 31) - origin).count();
  EXPECT_EQ(text(lowest), "0001-01-01");
  EXPECT_EQ(text(highest), "32767-12-31");
  for (const std::int64_t bad : {lowest - 1, lowest - 16'000, highest + 1, highest + 1'000'000})
    EXPECT_TRUE(test::fails_with(test::outcome_now([&] { text(bad); }), errc::invalid_argument)) << bad;
  const std::string before = eight(lowest * 86'400'000'000 - 1);
  EXPECT_TRUE(test::fails_with(test::outcome_now([&] { to_text(field_of(1184, before)); }), errc::invalid_argument));
}

TEST(Value, integers_that_a_double_would_round_are_refused) {
  const auto real = [](std::int64_t value) { return to_real(field_of(20, eight(value))); };
  constexpr std::int64_t exact = std::int64_t{1} << 53;
  EXPECT_EQ(real(exact), 0x1p53);
  EXPECT_EQ(real(-exact), -0x1p53);
  EXPECT_EQ(real(exact + 2), 0x1p53 + 2);
  EXPECT_EQ(real(std::numeric_limits<std::int64_t>::min()), -0x1p63);
  for (const std::int64_t value : {exact + 1, -exact - 1, std::numeric_limits<std::int64_t>::max()})
    EXPECT_TRUE(test::fails_with(test::outcome_now([&] { real(value); }), errc::invalid_argument)) << value;
}

TEST(Value, bytes_of_an_unknown_type_are_text_only_when_they_can_be) {
  PostgresField field;
  field.type = 70'000;
  field.null = false;
  field.bytes = "happy";
  EXPECT_EQ(to_text(field), "happy");
  field.bytes = std::string_view("\0\1", 2);
  EXPECT_TRUE(test::fails_with(test::outcome_now([&] { to_text(field); }), errc::invalid_argument));
}

TEST(OwnWords, first_word) {
  EXPECT_EQ(first_word("  select 1"), "SELECT");
  EXPECT_EQ(first_word("-- BEGIN\n/* a /* b */ */ ((with x"), "WITH");
  EXPECT_EQ(first_word("/* never ended"), "");
  EXPECT_EQ(first_word(""), "");
}

TEST(OwnWords, transaction_control) {
  for (const char* sql : {"BEGIN", "start transaction", " COMMIT;", "end", "Abort", "rollback to a", "savepoint a",
                          "release a", "prepare transaction 'x'"})
    EXPECT_TRUE(controls_transaction(sql)) << sql;
  for (const char* sql : {"SELECT 'BEGIN'", "prepare q as select 1", "beginning", ""})
    EXPECT_FALSE(controls_transaction(sql)) << sql;
}

TEST(OwnWords, one_statement) {
  for (const char* sql : {"", "COPY a FROM STDIN", "copy a from stdin; \n;", ";"})
    EXPECT_TRUE(is_surely_one_statement(sql)) << sql;
  for (const char* sql : {"COPY a FROM STDIN; BEGIN", "; COPY a FROM STDIN", "COPY a FROM STDIN (DELIMITER ';')"})
    EXPECT_FALSE(is_surely_one_statement(sql)) << sql;
}

TEST(OwnWords, sessions) {
  EXPECT_TRUE(needs_session("listen x"));
  EXPECT_TRUE(needs_session("SET a = 1"));
  EXPECT_FALSE(needs_session("select 1"));
  EXPECT_TRUE(changes_session("SET", "set a = 1"));
  EXPECT_TRUE(changes_session("CREATE TABLE", "create table a (b int)"));
  EXPECT_FALSE(changes_session("INSERT 0 1", "insert into a values (1)"));
  EXPECT_FALSE(changes_session("BEGIN", "create temp table x as select 1"));
  EXPECT_FALSE(changes_session("DECLARE CURSOR", "declare threshold cursor for select household from a"));
  EXPECT_TRUE(changes_session("DECLARE CURSOR", "declare c cursor with hold for select 1"));
  EXPECT_FALSE(changes_session("FETCH 10", "fetch 10 from c"));
  EXPECT_FALSE(changes_session("CLOSE CURSOR", "close c"));
  for (const char* sql : {"select 5", "WITH a AS (INSERT INTO b VALUES (1) RETURNING *) SELECT * FROM a",
                          "with a as ( merge\ninto b using c on true when matched then do nothing) table a",
                          "values (1)", "(table a)", "select intolerant, pinto, into_ from a"})
    EXPECT_FALSE(changes_session("SELECT 5", sql)) << sql;
  for (const char* sql :
       {"create temp table x as select 1", "select 1 into temp x", "SELECT 1 AS a INTO\nx", "execute p",
        "select insert into temp x from a", "with a as (select 1) select * into x from a"})
    EXPECT_TRUE(changes_session("SELECT 5", sql)) << sql;
}

}  // namespace
}  // namespace weir::postgres
