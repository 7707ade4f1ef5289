// A filter that has one index to go by and an order that has another: whichever way is taken, the answer is the same.

#include "integration/sqlite/fixture.hpp"

namespace weir {
namespace {

using test::on_loop;
using test::TemporaryFolder;

constexpr std::size_t population = 2'500;

// The country of nearly everybody is "common", of three "rare"; ages repeat, and some are missing or an array.
awaitable<void> fill(AsyncDatabase db, bool with_arrays) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < population; ++i) {
    Record one = Record{}.with_id("p" + std::to_string(i));
    one.set("country", i % 800 == 7 ? "rare" : "common").set("number", i).set("age", (i * 37) % 100);
    if (i % 250 == 3) one.fields.erase("age");
    if (with_arrays && i % 500 == 5) one.fields["age"] = Json::array({1, 200});
    records.push_back(std::move(one));
  }
  co_await db.create_batch(std::move(records));
}

std::vector<Query> queries() {
  const auto common = field("country") == "common";
  const auto rare = field("country") == "rare";
  std::vector<Query> out;
  for (const Order order : {Order::asc, Order::desc}) {
    out.push_back(Query(rare).order_by("age", order).limit(2));
    out.push_back(Query(rare).order_by("age", order).limit(10));
    out.push_back(Query(common).order_by("age", order).limit(10));
    out.push_back(Query(common && field("age") >= 90).order_by("age", order).limit(10).offset(25));
    out.push_back(Query(common && field("age").between(40, 41)).order_by("age", order).limit(500));
    // Neither index leads there soon.
    out.push_back(Query(common && field("number") == 2'499).order_by("age", order).limit(3));
    // More than there are with an age: those without come last.
    out.push_back(Query(common).order_by("age", order).limit(5).offset(population - 15));
    out.push_back(
        Query(field("country").in(std::vector<std::string>{"common", "nowhere"})).order_by("age", order).limit(1));
  }
  return out;
}

std::vector<std::string> ids_of(const std::vector<Record>& records) {
  std::vector<std::string> ids;
  for (const Record& one : records) ids.push_back(one.id);
  return ids;
}

awaitable<void> compare(std::string where, bool with_arrays) {
  const auto db = co_await AsyncDatabase::open(where);
  const auto reference = co_await AsyncDatabase::open("memory:");
  co_await fill(db, with_arrays);
  co_await fill(reference, with_arrays);
  for (const Query& query : queries()) {
    const auto found = co_await db.search(query);
    const auto expected = co_await reference.search(query);
    EXPECT_EQ(ids_of(found), ids_of(expected)) << query.to_json().dump();
    auto transaction = co_await db.begin(TransactionOptions{}.read_only(true));
    const auto inside = co_await transaction.search(query);
    EXPECT_EQ(ids_of(inside), ids_of(expected)) << query.to_json().dump();
    co_await transaction.commit();
  }
  auto writing = co_await db.begin();
  co_await writing.create(Record{}.with_id("new").set("country", "common").set("age", -1));
  const auto youngest = co_await writing.search(Query(field("country") == "common").order_by("age").limit(1));
  EXPECT_EQ(ids_of(youngest), std::vector<std::string>{"new"});
  co_await writing.commit();
  EXPECT_TRUE(co_await db.exists("new"));
  co_await db.close();
}

TEST(Plans, give_the_same_records) {
  const TemporaryFolder folder;
  on_loop(compare("sqlite:" + folder.file("plans.db") + "?index=country,age", false));
}

TEST(Plans, give_the_same_records_where_an_array_has_to_be_sorted) {
  const TemporaryFolder folder;
  on_loop(compare("sqlite:" + folder.file("plans.db") + "?index=country,age", true));
}

TEST(Plans, are_shown) {
  const TemporaryFolder folder;
  on_loop([](std::string where) -> awaitable<void> {
    const auto db = co_await AsyncDatabase::open(where);
    co_await fill(db, false);
    const auto two = co_await db.explain(Query(field("country") == "common").order_by("age").limit(10));
    EXPECT_EQ(two["index"], Json::array({"records by country"})) << two;
    EXPECT_NE(two.value("or_in_order_of", "").find("$.\"age\""), std::string::npos) << two;
    const auto one = co_await db.explain(Query(field("age") >= 30).order_by("age").limit(10));
    EXPECT_EQ(one["index"], Json::array({"records by age"})) << one;
    EXPECT_FALSE(one.contains("or_in_order_of")) << one;
    co_await db.close();
  }("sqlite:" + folder.file("plans.db") + "?index=country,age"));
}

}  // namespace
}  // namespace weir
