// Golden SQL; and what the SQL finds, compared with the reference evaluator on random data.

#include "backends/sqlite/compiler.hpp"

#include "backends/sqlite/json_text.hpp"
#include "backends/sqlite/memory_vfs.hpp"
#include "backends/sqlite/operations.hpp"
#include "backends/sqlite/search.hpp"
#include "core/evaluate.hpp"
#include "support/sanitizers.hpp"
#include "unit/sqlite/random_data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

namespace weir::sqlite {
namespace {

const Table plain("records", {});
const Table indexed("records", {"a", "b.c"});
const std::string columns = "SELECT id, fields, metadata, version FROM \"records\"";

std::string sql(const Query& query, const Table& table = plain) { return compile_select(table, query, true).sql; }

std::string kinds(const Query& query, const Table& table = plain) {
  std::string out;
  for (const Value& value : compile_select(table, query, true).values)
    out += std::string(out.empty() ? "" : " ") + kind_of(value);
  return out;
}

TEST(Compiler, everything_by_id) { EXPECT_EQ(sql({}), columns + " ORDER BY id"); }

TEST(Compiler, values_are_bound_never_written) {
  const Query query(Filter("a'; DROP TABLE records; --", Operator::eq, "x' OR '1'='1"));
  EXPECT_EQ(sql(query), columns + " WHERE weir_filter(?1, id, fields) ORDER BY id");
  EXPECT_EQ(kinds(query), "filter");
}

TEST(Compiler, comparisons_of_the_id_use_the_primary_key) {
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::eq, "k"))), columns + " WHERE id = ?1 ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::in, {"k", "l", 3}))), columns + " WHERE id IN (?1, ?2) ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::starts_with, "k"))),
            columns + " WHERE (id >= ?1 AND id < ?2) ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::between, {"a", "b"}))),
            columns + " WHERE (id >= ?1 AND id <= ?2) ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::ne, "k"))), columns + " WHERE NOT (id = ?1) ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::gt, 5))), columns + " WHERE 0 ORDER BY id");
  EXPECT_EQ(sql(Query(Filter::on_id(Operator::eq, "k") && Filter("a", Operator::eq, 1))),
            columns + " WHERE id = ?1 AND weir_filter(?2, id, fields) ORDER BY id");
}

TEST(Compiler, order_and_page) {
  Query query;
  query.order_by("a", Order::desc).order_by("b").limit(5).offset(2);
  EXPECT_EQ(sql(query), columns +
                            " ORDER BY weir_key(?1, fields) DESC NULLS LAST, weir_key(?2, fields) NULLS LAST, id LIMIT "
                            "?3 OFFSET ?4");
  EXPECT_EQ(kinds(query), "sort key sort key integer integer");
  Query by_id;
  by_id.order_by(id(), Order::desc).order_by("a").offset(1);
  EXPECT_EQ(sql(by_id), columns + " ORDER BY id DESC LIMIT ?1 OFFSET ?2");
}

TEST(Compiler, an_index_narrows_down_and_the_filter_decides) {
  const std::string e = indexed.indexes()[0].expression;
  EXPECT_EQ(sql(Query(Filter("a", Operator::eq, 5)), indexed),
            columns + " WHERE (" + e + " = ?1 OR " + e + " = X'02') AND weir_filter(?2, id, fields) ORDER BY id");
  EXPECT_EQ(sql(Query(Filter("a", Operator::ge, "x")), indexed),
            columns + " WHERE ((" + e + " >= ?1 AND " + e + " < X'') OR " + e +
                " = X'02') AND weir_filter(?2, id, fields) ORDER BY id");
  // Of two the better one; a negation never.
  EXPECT_NE(sql(Query(Filter("a", Operator::ge, 1) && Filter("b.c", Operator::eq, 1)), indexed).find("$.\"b\".\"c\""),
            std::string::npos);
  EXPECT_EQ(sql(Query(Filter("a", Operator::ne, 1)), indexed),
            columns + " WHERE weir_filter(?1, id, fields) ORDER BY id");
}

TEST(Compiler, streams_come_as_they_are_stored) {
  EXPECT_EQ(compile_select(plain, {}, false).sql, columns);
  EXPECT_EQ(compile_select(plain, {}, false, Partition(1, 4)).sql, columns + " WHERE (rowid >> 8) % ?1 = ?2");
}

TEST(Compiler, changes_take_no_page) {
  EXPECT_EQ(compile_remove(plain, {}).sql, "DELETE FROM \"records\"");
  EXPECT_THROW(compile_remove(plain, Query().limit(1)), Error);
  EXPECT_THROW(compile_patch(plain, Query().order_by("a"), "{}"), Error);
}

TEST(Compiler, names_are_quoted) {
  EXPECT_EQ(compile_count(Table("a\"b", {}), {}).sql, "SELECT count(*) FROM \"a\"\"b\"");
  EXPECT_THROW(Table("", {}), Error);
  EXPECT_THROW(Table("t", {"a\"b"}), Error);
  EXPECT_NO_THROW(Table("t", {"it's", "a.b"}));
}

// A store of its own in memory, with the same random records in both.
class CompiledQueries : public testing::Test {
 protected:
  static std::unique_ptr<Connection> open(const Table& table, const std::vector<Record>& records) {
    register_memory_vfs();
    static std::atomic<int> number{0};
    ConnectionSettings settings;
    settings.vfs = memory_vfs_name;
    settings.path = "/compiler-test-" + std::to_string(++number);
    auto connection = std::make_unique<Connection>(settings, nullptr);
    for (const std::string& statement : table.schema()) connection->execute(statement);
    connection->execute("BEGIN");
    const TableStatements statements(table);
    for (const Record& record : records) write_one(*connection, statements, WriteKind::create, record, std::nullopt);
    connection->execute("COMMIT");
    return connection;
  }

  // Each array becomes its first element, or nothing: then indexes serve orders as well.
  static void replace_arrays(Json& value) {
    while (value.is_array()) value = value.empty() ? Json() : Json(value.front());
    if (value.is_object())
      for (auto& member : value) replace_arrays(member);
  }

  static void compare(const Table& table, std::uint64_t seed, bool with_arrays = true) {
    constexpr int stores = 20;
    const std::size_t queries = weir::test::repetitions(150);
    test::RandomData random(seed);
    for (int store = 0; store < stores; ++store) {
      std::vector<Record> records;
      for (int i = 0; i < 60; ++i) {
        Record record(random.object());
        record.id = random.id() + std::to_string(i);
        if (!with_arrays) replace_arrays(record.fields);
        records.push_back(std::move(record));
      }
      const auto connection = open(table, records);
      for (std::size_t round = 0; round < queries; ++round) {
        Query query(random.filter());
        while (random.chance(40))
          query.order_by(random.path().to_string(), random.chance(50) ? Order::asc : Order::desc);
        if (random.chance(with_arrays ? 30 : 90)) query.limit(random.below(20));
        if (random.chance(20)) query.offset(random.below(20));
        const auto found = search_all(*connection, compile_search(table, query), nullptr);
        const auto wanted = core::evaluate(records, query);
        std::vector<std::string> a;
        std::vector<std::string> b;
        for (const Record& record : found) a.push_back(record.id);
        for (const Record& record : wanted) b.push_back(record.id);
        ASSERT_EQ(a, b) << "seed " << seed << " store " << store << " query " << round << ": "
                        << query.to_json().dump();
        for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i].fields, wanted[i].fields);
        Query all(query.filter());
        ASSERT_EQ(count_all(*connection, compile_count(table, all)), core::evaluate(records, all).size());
      }
    }
  }
};

TEST_F(CompiledQueries, agree_with_the_reference) { compare(plain, 11); }
TEST_F(CompiledQueries, agree_with_the_reference_through_indexes) {
  compare(Table("records", {"a", "b", "a.b", "b.c", "0"}), 12);
}

TEST_F(CompiledQueries, agree_with_the_reference_in_the_order_of_an_index) {
  compare(Table("records", {"a", "b", "a.b", "b.c", "0"}), 13, false);
}

TEST_F(CompiledQueries, the_first_by_an_index_are_found_without_sorting) {
  std::vector<Record> records;
  for (int i = 0; i < 500; ++i) records.push_back(Record{}.with_id(std::to_string(i)).set("a", i * 7 % 500));
  records.push_back(Record{}.with_id("none").set("c", 1));
  const auto connection = open(indexed, records);
  for (const Order order : {Order::asc, Order::desc}) {
    const auto search = compile_search(indexed, Query().order_by("a", order).limit(3));
    const Json plan = explain_search(*connection, search);
    EXPECT_EQ(plan["index"], Json::array({"records by a"})) << plan.dump(2);
    EXPECT_EQ(plan.dump().find("USE TEMP B-TREE FOR ORDER BY"), std::string::npos) << plan.dump(2);
    const auto found = search_all(*connection, search, nullptr);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].get<int>("a"), order == Order::asc ? 0 : 499);
  }
  const auto past =
      search_all(*connection, compile_search(indexed, Query().order_by("a").offset(499).limit(5)), nullptr);
  ASSERT_EQ(past.size(), 2U);
  EXPECT_EQ(past[1].id, "none");
  // With an array somewhere everything is sorted.
  write_one(*connection, TableStatements(indexed), WriteKind::create,
            Record{}.with_id("array").set("a", Json::array({-1, 1000})), std::nullopt);
  for (const Order order : {Order::asc, Order::desc}) {
    const auto found = search_all(*connection, compile_search(indexed, Query().order_by("a", order).limit(1)), nullptr);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].id, "array");
  }
}

TEST_F(CompiledQueries, any_number_of_ids) {
  std::vector<Record> records;
  std::vector<Json> ids{5, nullptr};
  for (int i = 0; i < 40'000; ++i) ids.emplace_back("\"it's\" \\ 😀 " + std::to_string(i));
  for (int i = 0; i < 50; ++i)
    records.push_back(Record{}.with_id(ids[static_cast<std::size_t>(i) * 7 + 2].get<std::string>()));
  const auto connection = open(plain, records);
  const auto search = compile_search(plain, Query(Filter::on_id(Operator::in, ids)));
  EXPECT_EQ(search_all(*connection, search, nullptr).size(), 50U);
  const Json plan = explain_search(*connection, search);
  EXPECT_NE(plan.dump().find("sqlite_autoindex"), std::string::npos) << plan.dump(2);
  EXPECT_EQ(search_all(*connection, compile_search(plain, Query(!Filter::on_id(Operator::in, ids))), nullptr).size(),
            0U);
}

// The query comes first: the parts of a page are disjoint and together the page, each in its order.
TEST_F(CompiledQueries, a_partition_is_a_part_of_the_page) {
  std::vector<Record> records;
  for (int i = 0; i < 700; ++i) records.push_back(Record{}.with_id("r" + std::to_string(i)).set("a", i * 7 % 700));
  const auto connection = open(plain, records);
  for (const Query& query :
       {Query().limit(100), Query().offset(650), Query().order_by("a", Order::desc).limit(50).offset(3),
        Query(Filter("a", Operator::lt, 300)).order_by("a").limit(40), Query().limit(0)}) {
    const auto wanted = core::evaluate(records, query);
    std::vector<std::string> order;
    for (const Record& record : wanted) order.push_back(record.id);
    std::vector<std::string> all;
    for (std::size_t part = 0; part < 3; ++part) {
      Search search;
      search.plain = compile_select(plain, query, false, Partition(part, 3));
      auto at = order.begin();
      for (const Record& record : search_all(*connection, search, nullptr)) {
        at = std::find(at, order.end(), record.id);
        EXPECT_NE(at, order.end()) << record.id << " out of order: " << query.to_json().dump();
        all.push_back(record.id);
      }
    }
    std::sort(all.begin(), all.end());
    std::sort(order.begin(), order.end());
    EXPECT_EQ(all, order) << query.to_json().dump();
  }
}

TEST_F(CompiledQueries, an_index_is_used) {
  std::vector<Record> records;
  for (int i = 0; i < 500; ++i)
    records.push_back(Record{}.with_id(std::to_string(i)).set("a", i).set("b.c", "x" + std::to_string(i)));
  const auto connection = open(indexed, records);
  for (const auto& filter :
       {Filter("a", Operator::eq, 5), Filter("a", Operator::between, {5, 9}), Filter("a", Operator::gt, 490.5),
        Filter("b.c", Operator::starts_with, "x1"), Filter("a", Operator::in, {1, 2}), Filter("a", Operator::exists)}) {
    const Json plan = explain_search(*connection, compile_search(indexed, Query(filter)));
    EXPECT_EQ(plan["index"].empty(), false) << plan.dump(2);
  }
  const Json plan = explain_search(*connection, compile_search(indexed, Query(Filter::on_id(Operator::eq, "5"))));
  EXPECT_NE(plan.dump().find("sqlite_autoindex"), std::string::npos) << plan.dump(2);
}

}  // namespace
}  // namespace weir::sqlite
