// Golden SQL. What the SQL finds is the business of the differential test.

#include "backends/postgresql/sql/compiler.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>

namespace weir::postgres {
namespace {

const Table plain("", "records", {});
const Table indexed("app", "people", {"a", "b.c"});
const std::string columns = "SELECT id, fields, metadata, version FROM \"records\"";

std::string sql(const Query& query) { return compile_select(plain, query, Unordered::by_id).sql; }

std::vector<TypeId> types(const Compiled& compiled) {
  std::vector<TypeId> out;
  for (const Parameter& value : compiled.values) out.push_back(value.type());
  return out;
}

TEST(PostgresCompiler, everything) {
  EXPECT_EQ(sql({}), columns + " ORDER BY id");
  EXPECT_EQ(compile_select(plain, {}, Unordered::as_stored).sql, columns);
  EXPECT_EQ(compile_count(plain, {}).sql, "SELECT count(*) FROM \"records\"");
  EXPECT_EQ(compile_remove(plain, {}).sql, "DELETE FROM \"records\"");
}

TEST(PostgresCompiler, values_are_bound_never_written) {
  const Query query(Filter("a'; DROP TABLE records; --", Operator::eq, "x' OR '1'='1"));
  const Compiled compiled = compile_select(plain, query, Unordered::by_id);
  EXPECT_EQ(compiled.sql, columns + " WHERE fields @? $1 ORDER BY id");
  EXPECT_EQ(types(compiled), std::vector{TypeId::jsonpath});
  EXPECT_NE(compiled.values[0].bytes().find("DROP TABLE"), std::string::npos);
}

TEST(PostgresCompiler, negations_are_exact_complements) {
  EXPECT_EQ(sql(Query(Filter("a", Operator::ne, 1))), columns + " WHERE (fields @? $1) IS NOT TRUE ORDER BY id");
  EXPECT_EQ(sql(Query(!(Filter("a", Operator::eq, 1) && Filter("b", Operator::eq, 1)))),
            columns + " WHERE ((fields @? $1 AND fields @? $2)) IS NOT TRUE ORDER BY id");
  EXPECT_EQ(sql(Query(Filter("a", Operator::in, Json::array({1, nullptr})))),
            columns + " WHERE (fields @? $1 OR (fields @? $2) IS NOT TRUE) ORDER BY id");
}

TEST(PostgresCompiler, constants) {
  EXPECT_EQ(sql(Query(Filter("a", Operator::in, Json::array()))), columns + " WHERE false ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::gt, 5))), columns + " WHERE false ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::any_of({}))), columns + " WHERE false ORDER BY id");
}

TEST(PostgresCompiler, comparisons_of_the_id_use_the_primary_key) {
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::eq, "k"))), columns + " WHERE id = $1 ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::in, Json::array({"k", "l", 3})))),
            columns + " WHERE id = ANY($1) ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::starts_with, "k"))),
            columns + " WHERE (id >= $1 AND id < $2) ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::starts_with, "\U0010FFFF"))), columns + " WHERE (id >= $1) ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::between, Json::array({"a", "b"})))),
            columns + " WHERE (id >= $1 AND id <= $2) ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::contains, "%"))), columns + " WHERE strpos(id, $1) > 0 ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::like, "a%"))), columns + " WHERE id ~ $1 ORDER BY id");
}

TEST(PostgresCompiler, order_and_page) {
  Query query;
  query.order_by("n", Order::desc).limit(5).offset(2);
  const Compiled compiled = compile_select(plain, query, Unordered::by_id);
  EXPECT_TRUE(compiled.sql.ends_with(
      "AS k1 ON true ORDER BY k1.r DESC NULLS LAST, k1.n DESC NULLS LAST, k1.s COLLATE \"C\" DESC NULLS LAST, id LIMIT "
      "$2 OFFSET $3"))
      << compiled.sql;
  EXPECT_EQ(types(compiled), (std::vector{TypeId::jsonpath, TypeId::int8, TypeId::int8}));
  Query by_id;
  by_id.order_by(id(), Order::desc).order_by("a");
  EXPECT_EQ(sql(by_id), columns + " ORDER BY id DESC");
}

TEST(PostgresCompiler, parts_of_a_page_are_cut_after_the_page) {
  const Partition part(1, 3);
  EXPECT_EQ(compile_select(plain, {}, Unordered::as_stored, part).sql,
            columns + " WHERE (hashtextextended(id, 0) & 9223372036854775807) % $1 = $2");
  EXPECT_EQ(compile_select(plain, Query().limit(4), Unordered::as_stored, part).sql,
            "SELECT id, fields, metadata, version FROM (SELECT *, row_number() OVER () AS place FROM (" + columns +
                " ORDER BY id LIMIT $1) AS page) AS numbered WHERE (hashtextextended(id, 0) & 9223372036854775807) % "
                "$2 = $3 ORDER BY place");
}

TEST(PostgresCompiler, an_indexed_path_narrows_down_beside_the_exact_condition) {
  const auto where = [](const Filter& filter) {
    const auto text = compile_count(indexed, Query(filter)).sql;
    const auto at = text.find(" WHERE ");
    return at == std::string::npos ? std::string() : text.substr(at + 7);
  };
  const std::string value = indexed.indexes()[0].value;
  const std::string text = indexed.indexes()[0].text + " COLLATE \"C\"";
  const std::string inside = " OR " + value + " = '[0]'::jsonb)";
  EXPECT_EQ(where(Filter("a", Operator::eq, 5)), value + " = ANY($1) AND fields @? $2");
  EXPECT_EQ(where(Filter("a", Operator::gt, 5)),
            "(" + value + " > $1 AND " + value + " < 'false'::jsonb" + inside + " AND fields @? $2");
  EXPECT_EQ(where(Filter("a", Operator::lt, "m")), "(" + text + " <= $1" + inside + " AND fields @? $2");
  EXPECT_EQ(where(Filter("a", Operator::starts_with, "m")),
            "(" + text + " >= $1 AND " + text + " < $2" + inside + " AND fields @? $3");
  EXPECT_EQ(where(Filter("a", Operator::between, Json::array({1, "x"}))), "fields @? $1");
  EXPECT_EQ(where(Filter("a", Operator::ne, 5)), "(fields @? $1) IS NOT TRUE")
      << "an index cannot tell what is not there";
  EXPECT_EQ(where(Filter("other", Operator::eq, 5)), "fields @? $1");
  EXPECT_EQ(where(Filter("a", Operator::eq, 5) || Filter("other", Operator::eq, 5)), "(fields @? $1 OR fields @? $2)");
}

TEST(PostgresCompiler, patches) {
  const Json flat = Json::parse(R"({"gone": null, "n": 1})");
  EXPECT_EQ(compile_patch(plain, "k", flat, std::nullopt).sql,
            "UPDATE \"records\" SET fields = ((fields - $2) || $3), version = DEFAULT WHERE id = $1");
  const Json nested = Json::parse(R"({"a": {"b": {"c": 1}}})");
  const auto once = compile_patch(plain, "k", nested, std::nullopt).sql;
  EXPECT_EQ(once.find("$5"), std::string::npos) << "each key and value is bound once: " << once;
  const auto with_version = compile_patch(plain, "k", flat, 7);
  EXPECT_TRUE(with_version.sql.starts_with("WITH changed AS (UPDATE ")) << with_version.sql;
  EXPECT_EQ(types(with_version).back(), TypeId::int8);
  EXPECT_EQ(compile_patch(plain, Query(Filter("a", Operator::eq, 1)), flat).sql,
            "UPDATE \"records\" SET fields = ((fields - $1) || $2), version = DEFAULT WHERE fields @? $3");
}

TEST(PostgresCompiler, a_page_means_nothing_to_changes) {
  EXPECT_THROW(compile_remove(plain, Query().limit(1)), Error);
  EXPECT_THROW(compile_patch(plain, Query().offset(1), Json::object()), Error);
}

TEST(PostgresCompiler, more_values_than_the_protocol_counts_are_refused) {
  Json patch = Json::object();
  for (int i = 0; i < 32'000; ++i) patch["k" + std::to_string(i)]["x"] = i;
  EXPECT_NO_THROW(compile_patch(plain, "id", patch, std::nullopt));
  for (int i = 0; i < 1'000; ++i) patch["l" + std::to_string(i)]["x"] = i;
  EXPECT_THROW(compile_patch(plain, "id", patch, std::nullopt), Error);
}

}  // namespace
}  // namespace weir::postgres
