// Existing tables: which values a column takes, and the SQL of comparisons and statements, by table.

#include "backends/postgresql/sql/column_condition.hpp"
#include "backends/postgresql/sql/column_map.hpp"
#include "backends/postgresql/sql/compiler.hpp"
#include "backends/postgresql/sql/time_text.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>

namespace weir::postgres {
namespace {

Column column(const std::string& name, ColumnKind kind, const std::string& type, std::optional<int> digits = {}) {
  Column out;
  out.name = name;
  out.kind = kind;
  out.type = type;
  out.digits = digits;
  return out;
}

Column key(const std::string& name, ColumnKind kind, const std::string& type) {
  Column out = column(name, kind, type);
  out.unique_by = "people_pk";
  out.in_primary_key = true;
  return out;
}

std::vector<Column> columns() {
  std::vector<Column> out{key("no", ColumnKind::integer, "integer"),
                          column("Full \"Name\"", ColumnKind::text, "character varying(20)"),
                          column("age", ColumnKind::integer, "smallint"),
                          column("price", ColumnKind::numeric, "numeric(9,2)", 2),
                          column("score", ColumnKind::real, "double precision"),
                          column("born", ColumnKind::date, "date"),
                          column("seen", ColumnKind::timestamptz, "timestamp(3) with time zone", 3),
                          column("tags", ColumnKind::array, "text[]"),
                          column("doc", ColumnKind::jsonb, "jsonb"),
                          column("sum", ColumnKind::integer, "integer")};
  out.back().generated = true;
  return out;
}

const Table& table() {
  static const Table named = [] {
    const Table plain("", "people", {});
    return plain.with_columns(std::make_shared<const ColumnMap>(plain.quoted(), columns(), "", false));
  }();
  return named;
}

std::string condition(const Filter& filter) {
  const auto sql = compile_count(table(), Query(filter)).sql;
  const auto at = sql.find(" WHERE ");
  return at == std::string::npos ? "" : sql.substr(at + 7);
}

errc kind_of_failure(const std::function<void()>& act, const std::string& named) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(named), std::string::npos) << error.what();
    return static_cast<errc>(error.kind());
  }
  ADD_FAILURE() << "nothing was thrown";
  return errc::server_error;
}

TEST(PostgresColumn, texts_of_times) {
  for (const char* good : {"2024-01-31", "2024-02-29", "0001-01-01", "infinity", "-infinity"})
    EXPECT_TRUE(is_date(good)) << good;
  for (const char* bad : {"2023-02-29", "2024-1-31", "0000-01-01", "2024-01-31 ", "today", ""})
    EXPECT_FALSE(is_date(bad)) << bad;
  const struct {
    const char* text;
    Zone zone;
    std::optional<int> digits;
  } cases[] = {{"2024-01-31T12:00", Zone::none, 0},
               {"2024-01-31 12:00:30.1200", Zone::none, 2},
               {"2024-01-31T12:00:30.123456", Zone::none, 6},
               {"2024-01-31T12:00:30.1234567", Zone::none, {}},
               {"2024-01-31T12:00:30Z", Zone::none, {}},
               {"2024-01-31T12:00:30Z", Zone::required, 0},
               {"2024-01-31T12:00:30.5+0130", Zone::required, 1},
               {"2024-01-31T12:00:30-01:30", Zone::required, 0},
               {"2024-01-31T12:00:30+02", Zone::required, 0},
               {"2024-01-31T12:00:30", Zone::required, {}},
               {"2024-01-31T24:00:00Z", Zone::required, {}},
               {"2024-01-31T12:00:60Z", Zone::required, {}},
               {"2024-01-31T12:00:30.Z", Zone::required, {}},
               {"infinity", Zone::required, 0}};
  for (const auto& one : cases) EXPECT_EQ(fraction_digits(one.text, one.zone), one.digits) << one.text;
}

TEST(PostgresColumn, what_a_column_takes) {
  const auto all = columns();
  const auto of = [&](const std::string& name) {
    return *std::find_if(all.begin(), all.end(), [&](const Column& c) { return c.name == name; });
  };
  const struct {
    const char* column;
    Json good;
    Json bad;
  } cases[] = {{"age", 3, "3"},
               {"age", 3.0, 3.5},
               {"price", 3, true},
               {"price", "-12.30", "twelve"},
               {"price", "1e3", "1e-3"},
               {"price", "100e-2", 0.125},
               {"price", "0.1200", "0.123"},
               {"price", "NaN", ""},
               {"score", 1e300, "1"},
               {"score", "Infinity", Json::array()},
               {"born", "2024-01-31", "31.1.2024"},
               {"seen", "2024-01-31T12:00:30.123Z", "2024-01-31T12:00:30.1234Z"},
               {"seen", "2024-01-31T12:00:30Z", 5},
               {"tags", Json::array({"a"}), "a"},
               {"doc", 5, nullptr},
               {"Full \"Name\"", "x", 5}};
  for (const auto& one : cases) {
    EXPECT_NO_THROW(check_value(of(one.column), one.good)) << one.column << ' ' << one.good;
    EXPECT_NO_THROW(check_value(of(one.column), nullptr));
    if (one.bad.is_null()) continue;
    EXPECT_EQ(kind_of_failure([&] { check_value(of(one.column), one.bad); }, one.column), errc::invalid_argument)
        << one.bad;
  }
  EXPECT_NO_THROW(check_value(column("f", ColumnKind::real4, "real"), 0.1));
  EXPECT_THROW(check_value(column("f", ColumnKind::real4, "real"), 0.12345678912345), Error);
  EXPECT_THROW(check_value(column("b", ColumnKind::bytea, "bytea"), "\\x0"), Error);
  EXPECT_THROW(check_value(column("u", ColumnKind::uuid, "uuid"), "no"), Error);
}

TEST(PostgresColumn, comparisons_have_the_columns_type) {
  const std::string name = "t.\"Full \"\"Name\"\"\"";
  const struct {
    Filter filter;
    std::string sql;
  } cases[] = {
      {Filter("age", Operator::eq, 3), "t.\"age\" = $1"},
      {Filter("age", Operator::ne, 3), "(t.\"age\" = $1) IS NOT TRUE"},
      {Filter("age", Operator::gt, 3.5), "t.\"age\" > $1"},
      {Filter("age", Operator::eq, "3"), "false"},
      {Filter("age", Operator::like, "3%"), "false"},
      {Filter("age", Operator::in, Json::array({1, 2, nullptr})),
       "(t.\"age\" = ANY(($1::text[])::int8[]) OR (t.\"age\" IS NOT NULL) IS NOT TRUE)"},
      {Filter("age", Operator::in, Json::array()), "false"},
      {Filter("age", Operator::between, Json::array({1, 5})), "(t.\"age\" >= $1 AND t.\"age\" <= $2)"},
      {Filter("age", Operator::exists), "t.\"age\" IS NOT NULL"},
      {Filter("price", Operator::eq, "12.30"), "t.\"price\" = $1"},
      {Filter("score", Operator::lt, 2.5), "t.\"score\" < $1"},
      {Filter("score", Operator::eq, 9007199254740993), "false"},
      {Filter("score", Operator::gt, 9007199254740993), "t.\"score\" > $1"},
      {Filter("score", Operator::le, 9007199254740993), "t.\"score\" <= $1"},
      {Filter("score", Operator::ge, 9007199254740993), "t.\"score\" > $1"},
      {Filter("score", Operator::lt, 9223372036854775807), "t.\"score\" < $1"},
      {Filter("score", Operator::le, 9223372036854775807), "t.\"score\" < $1"},
      {Filter("born", Operator::ge, "2024-01-31"), "t.\"born\" >= $1"},
      {Filter("born", Operator::starts_with, "2024"),
       "(((to_jsonb(t.\"born\")) #>> '{}') COLLATE \"C\" >= $1 AND ((to_jsonb(t.\"born\")) #>> '{}') COLLATE \"C\" < "
       "$2)"},
      {Filter("seen", Operator::lt, "2024-01-31T12:00Z"), "t.\"seen\" < $1"},
      {Filter(R"(Full "Name")", Operator::eq, "x"), name + " = $1"},
      {Filter(R"(Full "Name")", Operator::lt, "x"), name + " COLLATE \"C\" < $1"},
      {Filter(R"(Full "Name")", Operator::contains, "x"), "strpos(" + name + " COLLATE \"C\", $1) > 0"},
      {Filter("tags", Operator::eq, "x"), "to_jsonb(t.\"tags\") @? $1"},
      {Filter("doc.a", Operator::eq, "x"), "t.\"doc\" @? $1"},
      {Filter::on_id(Operator::eq, "7"), "t.\"no\" = ($1::text)::int8"},
      {Filter::on_id(Operator::eq, "007"), "false"},
      {Filter::on_id(Operator::in, Json::array({"7", "x"})), "t.\"no\" = ANY(($1::text[])::int8[])"},
      {Filter::on_id(Operator::gt, "7"), "t.\"no\"::text COLLATE \"C\" > $1"},
  };
  for (const auto& one : cases) EXPECT_EQ(condition(one.filter), one.sql) << one.filter.to_string();
}

TEST(PostgresColumn, what_cannot_be_asked_names_the_column) {
  const auto fails = [](const Filter& filter, const std::string& named) {
    return kind_of_failure([&] { condition(filter); }, named);
  };
  EXPECT_EQ(fails(Filter("nothing", Operator::eq, 1), "\"nothing\""), errc::invalid_query);
  EXPECT_EQ(fails(Filter("nothing", Operator::in, Json::array()), "\"nothing\""), errc::invalid_query);
  EXPECT_EQ(fails(Filter("no", Operator::eq, 1), "id()"), errc::invalid_query);
  EXPECT_EQ(fails(Filter("age.x", Operator::eq, 1), "\"age\""), errc::invalid_query);
  EXPECT_EQ(fails(Filter("born", Operator::eq, "yesterday"), "\"born\""), errc::invalid_query);
  EXPECT_EQ(fails(Filter("seen", Operator::eq, "2024-01-31T12:00"), "\"seen\""), errc::invalid_query);
  EXPECT_EQ(fails(Filter("price", Operator::eq, "cheap"), "\"price\""), errc::invalid_query);
  EXPECT_EQ(fails(Filter("doc", Operator::match, "x"), "\"doc\""), errc::unsupported);
  Query selected;
  selected.select({"nothing"});
  EXPECT_EQ(kind_of_failure([&] { compile_select(table(), selected, Unordered::by_id); }, "\"nothing\""),
            errc::invalid_query);
}

TEST(PostgresColumn, order_is_the_columns_own) {
  Query query;
  query.order_by("age", Order::desc).order_by(R"(Full "Name")");
  EXPECT_TRUE(
      compile_select(table(), query, Unordered::by_id)
          .sql.ends_with(" ORDER BY t.\"age\" DESC NULLS LAST, t.\"Full \"\"Name\"\"\" COLLATE \"C\" NULLS LAST, "
                         "t.\"no\"::text COLLATE \"C\""));
}

TEST(PostgresColumn, statements_write_what_is_given) {
  const ColumnMap* const map = table().columns();
  const Json some = Json::parse(R"({"age": 1, "doc": {}})");
  EXPECT_EQ(
      map->insert(some, false),
      "INSERT INTO \"people\" AS t (\"no\", \"age\", \"doc\") SELECT ($1::text)::integer, r.\"age\", r.\"doc\" FROM "
      "jsonb_to_record($2) AS r(\"age\" smallint, \"doc\" jsonb) ON CONFLICT (\"no\") DO NOTHING");
  EXPECT_EQ(map->insert(Json::object(), false),
            "INSERT INTO \"people\" AS t (\"no\") SELECT ($1::text)::integer ON CONFLICT (\"no\") DO NOTHING");
  EXPECT_TRUE(
      map->insert_many(some, ColumnMap::Present::left_out)
          .ends_with(" FROM unnest($1::text[], $2::jsonb[]) AS i(id, fields), jsonb_to_record(i.fields) AS r(\"age\" "
                     "smallint, \"doc\" jsonb) ON CONFLICT (\"no\") DO NOTHING RETURNING t.\"no\"::text COLLATE "
                     "\"C\""))
      << map->insert_many(some, ColumnMap::Present::left_out);
  EXPECT_EQ(map->update(some),
            "UPDATE \"people\" AS t SET \"Full \"\"Name\"\"\" = DEFAULT, \"age\" = r.\"age\", \"price\" = DEFAULT, "
            "\"score\" = "
            "DEFAULT, \"born\" = DEFAULT, \"seen\" = DEFAULT, \"tags\" = DEFAULT, \"doc\" = r.\"doc\" FROM "
            "jsonb_to_record($2) AS r(\"age\" smallint, \"doc\" jsonb)");
  const Compiled patch = compile_patch(table(), "7", Json::parse(R"({"age": null, "price": 3, "doc": {"a": 1}})"), 5);
  EXPECT_TRUE(patch.sql.starts_with(
      "WITH changed AS (UPDATE \"people\" AS t SET \"age\" = NULL, \"price\" = r.\"price\", "
      "\"doc\" = ((CASE WHEN jsonb_typeof(t.\"doc\") = 'object' THEN t.\"doc\" ELSE '{}' END) || "
      "$2)::jsonb FROM jsonb_to_record($3) AS r(\"price\" numeric(9,2)) WHERE t.\"no\" = "
      "($1::text)::int8 AND hashtextextended(t.ctid::text, t.xmin::text::int8) = $4 RETURNING 1)"))
      << patch.sql;
}

TEST(PostgresColumn, what_cannot_be_written_names_the_column) {
  const auto fails = [](const Json& fields, const std::string& named) {
    return kind_of_failure([&] { table().columns()->checked("7", fields, Json::object()); }, named);
  };
  EXPECT_EQ(fails(Json::parse(R"({"no": 1})"), "\"no\""), errc::invalid_argument);
  EXPECT_EQ(fails(Json::parse(R"({"nothing": 1})"), "\"nothing\""), errc::invalid_argument);
  EXPECT_EQ(fails(Json::parse(R"({"sum": 1})"), "\"sum\""), errc::invalid_argument);
  EXPECT_EQ(fails(Json::parse(R"({"age": "x"})"), "\"age\""), errc::invalid_argument);
  const ColumnMap* const map = table().columns();
  EXPECT_EQ(kind_of_failure([&] { map->checked("x", Json::object(), Json::object()); }, "\"no\""),
            errc::invalid_argument);
  EXPECT_EQ(kind_of_failure([&] { map->checked("7", Json::object(), Json::parse(R"({"a": 1})")); }, "metadata"),
            errc::invalid_argument);
  EXPECT_EQ(map->checked("7", Json::parse(R"({"age": 3.0})"), Json::object()).dump(), R"({"age":3})");
  const ColumnMap view("\"v\"", columns(), "no", true);
  EXPECT_EQ(kind_of_failure([&] { view.checked("7", Json::object(), Json::object()); }, "read only"),
            errc::unsupported);
}

TEST(PostgresColumn, keys_that_are_none) {
  const auto fails = [](std::vector<Column> all, const std::string& name, const std::string& named) {
    return kind_of_failure([&] { const ColumnMap map("\"t\"", std::move(all), name, false); }, named);
  };
  EXPECT_EQ(fails({key("a", ColumnKind::integer, "integer"), key("b", ColumnKind::text, "text")}, "", "\"a\", \"b\""),
            errc::invalid_argument);
  EXPECT_EQ(fails({column("a", ColumnKind::integer, "integer")}, "", "no primary key"), errc::invalid_argument);
  EXPECT_EQ(fails(columns(), "nothing", "\"nothing\""), errc::invalid_argument);
  EXPECT_EQ(fails(columns(), "age", "\"age\""), errc::invalid_argument);
  EXPECT_EQ(fails({key("day", ColumnKind::date, "date")}, "", "\"day\""), errc::invalid_argument);
}

TEST(PostgresColumn, what_the_catalogue_says_of_digits) {
  EXPECT_EQ(digits_of(ColumnKind::numeric, (9 << 16) + 2 + 4), 2);
  EXPECT_EQ(digits_of(ColumnKind::numeric, (3 << 16) + (2047 & -2) + 4), 0);  // numeric(3, -2)
  EXPECT_EQ(digits_of(ColumnKind::numeric, -1), std::nullopt);
  EXPECT_EQ(digits_of(ColumnKind::timestamptz, 3), 3);
  EXPECT_EQ(digits_of(ColumnKind::text, 24), std::nullopt);
}

}  // namespace
}  // namespace weir::postgres
