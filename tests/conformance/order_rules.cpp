// Order, paging, selection, count.

#include "conformance/suite.hpp"
#include "support/random_data.hpp"
#include "support/reference.hpp"

namespace weir::conformance {

WEIR_RULES(Ordering);

namespace {

Query by(std::string path, Order order = Order::asc) { return Query{}.order_by(std::move(path), order); }

awaitable<void> store_numbers(AsyncDatabase db, int count) {
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) {
    Record one;
    one.id = std::to_string(1000 + i);
    one.fields["n"] = i;
    one.fields["even"] = i % 2 == 0;
    records.push_back(std::move(one));
  }
  co_await store(db, std::move(records));
}

std::string sequence(int first, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += (out.empty() ? "" : " ") + std::to_string(1000 + first + i);
  return out;
}

}  // namespace

WEIR_RULE(Ordering, types,
          "Numbers before strings before booleans; descending reverses that; records with no value last, ascending or "
          "descending") {
  if (test.licences().one_type_per_path) test.skip("one type per path");
  co_await store(db, record("f", R"({"v": false})"), record("t", R"({"v": true})"), record("one", R"({"v": 1})"),
                 record("two", R"({"v": 2})"), record("str", R"({"v": "a"})"), record("empty", R"({"v": ""})"),
                 record("null", R"({"v": null})"), record("absent"), record("arr", R"({"v": []})"),
                 record("obj", R"({"v": {"x": 1}})"));
  EXPECT_EQ(co_await found(db, by("v")), "one two empty str f t absent arr null obj");
  EXPECT_EQ(co_await found(db, by("v", Order::desc)), "t f str empty two one absent arr null obj");
}

WEIR_RULE(Ordering, strings_by_bytes, "Strings by UTF-8 bytes") {
  co_await store(db, record("1", R"({"v": "b"})"), record("2", R"({"v": "B"})"), record("3", R"({"v": "é"})"),
                 record("4", R"({"v": "a"})"), record("5", R"({"v": "\uffee"})"), record("6", R"({"v": "😀"})"),
                 record("7", R"({"v": "ab"})"), record("8", R"({"v": ""})"));
  EXPECT_EQ(co_await found(db, by("v")), "8 2 4 7 1 3 5 6");
  EXPECT_EQ(co_await found(db, by("v", Order::desc)), "6 5 3 1 7 4 2 8");
}

WEIR_RULE(Ordering, arrays, "An array sorts by its smallest element ascending, its largest descending") {
  co_await store(db, record("a", R"({"v": [5, 1]})"), record("b", R"({"v": 3})"), record("c", R"({"v": [2, 9]})"),
                 record("d", R"({"v": [[4], [0]]})"), record("e", R"({"v": [null]})"));
  EXPECT_EQ(co_await found(db, by("v")), "d a c b e");
  EXPECT_EQ(co_await found(db, by("v", Order::desc)), "c a d b e");
}

WEIR_RULE(Ordering, arrays_of_mixed_types,
          "An array sorts by its smallest element ascending, its largest descending: across types") {
  if (test.licences().one_type_per_path) test.skip("one type per path");
  co_await store(db, record("a", R"({"v": ["x", 7]})"), record("b", R"({"v": [true, "y"]})"),
                 record("c", R"({"v": 8})"), record("d", R"({"v": "w"})"));
  EXPECT_EQ(co_await found(db, by("v")), "a c d b");
  EXPECT_EQ(co_await found(db, by("v", Order::desc)), "b a d c");
}

WEIR_RULE(Ordering, equal_ends_are_ties, "An array sorts by its smallest element: [1.5,7] and [1.5,3] are a tie") {
  co_await store(db, record("a", R"({"v": [1.5, 7]})"), record("b", R"({"v": [1.5, 3]})"),
                 record("c", R"({"v": 1.5})"));
  EXPECT_EQ(co_await found(db, by("v")), "a b c");
}

WEIR_RULE(Ordering, paths_through_arrays, "order by a path through arrays of objects") {
  co_await store(db, record("a", R"({"v": [{"n": 5}, {"n": 2}]})"), record("b", R"({"v": {"n": 3}})"),
                 record("c", R"({"v": [{"m": 1}]})"));
  EXPECT_EQ(co_await found(db, by("v.n")), "a b c");
  EXPECT_EQ(co_await found(db, by("v.n", Order::desc)), "a b c");
}

WEIR_RULE(Ordering, ties_by_id_ascending, "Ties by id ascending, always, so that paging is stable") {
  co_await store(db, record("c", R"({"v": 1})"), record("a", R"({"v": 1.0})"), record("b", R"({"v": 1})"),
                 record("d", R"({"v": 0})"), record("f"), record("e"));
  EXPECT_EQ(co_await found(db, by("v")), "d a b c e f");
  EXPECT_EQ(co_await found(db, by("v", Order::desc)), "a b c d e f");
  Query falling = by("v", Order::desc);
  falling.order_by(weir::id(), Order::desc);
  EXPECT_EQ(co_await found(db, falling), "c b a d f e");
}

WEIR_RULE(Ordering, several_keys, "order_by again: next key") {
  co_await store(db, record("1", R"({"a": 1, "b": "x"})"), record("2", R"({"a": 1, "b": "y"})"),
                 record("3", R"({"a": 2, "b": "x"})"), record("4", R"({"a": 2})"), record("5", R"({"b": "z"})"),
                 record("6", R"({"a": 1, "b": "y"})"));
  Query query = by("a", Order::desc);
  query.order_by("b", Order::desc);
  EXPECT_EQ(co_await found(db, query), "3 4 2 6 1 5");
  Query other = by("b");
  other.order_by("a", Order::desc);
  EXPECT_EQ(co_await found(db, other), "3 1 2 6 5 4");
}

WEIR_RULE(Ordering, by_id_of_the_json_form, "order_by takes the id too ({\"id\": true})") {
  co_await store(db, record("a"), record("c"), record("b"));
  const auto json = Json::parse(R"({"order_by": [{"id": true, "order": "desc"}]})");
  EXPECT_EQ(co_await found(db, Query::from_json(json)), "c b a");
}

WEIR_RULE(Ordering, limit_and_offset, "limit, offset on the sorted result; limit(0) is an empty result") {
  co_await store_numbers(db, 30);
  auto query = by("n", Order::desc);
  EXPECT_EQ(co_await found(db, Query(query).limit(3)), "1029 1028 1027");
  EXPECT_EQ(co_await found(db, Query(query).limit(3).offset(2)), "1027 1026 1025");
  EXPECT_EQ(co_await found(db, Query{}.limit(0)), "");
  EXPECT_EQ(co_await found(db, Query{}.offset(28)), "1028 1029");
  EXPECT_EQ(co_await found(db, Query{}.offset(30)), "");
  EXPECT_EQ(co_await found(db, Query{}.offset(1000).limit(5)), "");
  EXPECT_EQ(co_await found(db, Query{}.limit(1000)), sequence(0, 30));
  EXPECT_EQ(co_await found(db, Query(field("even") == true).limit(2).offset(1)), "1002 1004");
}

WEIR_RULE(Ordering, huge_limit, "limit, offset on the sorted result: the largest numbers there are") {
  co_await store_numbers(db, 3);
  const auto most = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(co_await found(db, Query{}.limit(most)), sequence(0, 3));
  EXPECT_EQ(co_await found(db, Query{}.limit(most).offset(1)), sequence(1, 2));
  EXPECT_EQ(co_await found(db, Query{}.offset(most)), "");
  EXPECT_EQ(co_await found(db, Query{}.offset(most).limit(most)), "");
}

WEIR_RULE(Ordering, pages_are_the_whole, "paging is stable: pages put together are the whole result") {
  std::vector<Record> records;
  for (int i = 0; i < 57; ++i) {
    Record one;
    one.id = std::to_string(1000 + (i * 37) % 57);
    one.fields["group"] = i % 4;
    records.push_back(std::move(one));
  }
  co_await store(db, records);
  const auto query = by("group", Order::desc);
  const auto all = co_await db.search(query);
  EXPECT_TRUE(same_records(test::reference_search(records, query), all));
  std::vector<Record> pages;
  for (std::size_t offset = 0; offset < 60; offset += 10) {
    const auto page = co_await db.search(Query(query).limit(10).offset(offset));
    pages.insert(pages.end(), page.begin(), page.end());
  }
  EXPECT_TRUE(same_records(all, pages));
}

WEIR_RULE(Ordering, deep_paging, "Deep paging past what the store takes (10,000 in Elasticsearch) still works") {
  // Where each record is a request of its own: as many as pass a page of a listing.
  const int count = test.backend().request_for_each_record ? 1'100 : 11'000;
  const auto id_of = [](int n) { return std::to_string(100000 + n); };
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) {
    Record one;
    one.id = id_of(i);
    one.fields["n"] = i;
    records.push_back(std::move(one));
  }
  co_await store(db, std::move(records));
  auto query = by("n");
  const auto deep = static_cast<std::size_t>(count);
  const auto page = co_await db.search(Query(query).offset(deep - 500).limit(3));
  EXPECT_EQ(joined(ids_of(page)), id_of(count - 500) + " " + id_of(count - 499) + " " + id_of(count - 498));
  const auto tail = co_await db.search(Query(query).offset(deep - 2));
  EXPECT_EQ(joined(ids_of(tail)), id_of(count - 2) + " " + id_of(count - 1));
  const auto all = co_await db.search(Query{});
  EXPECT_EQ(all.size(), static_cast<std::size_t>(count));
}

WEIR_RULE(Ordering, select, "select keeps those paths with their nesting; the id and version always come") {
  auto one = record("a", R"({"name": "n", "address": {"city": "c", "zip": "z"}, "age": 3, "gone": null})");
  one.metadata = object_of("m", 1);
  co_await db.create(one);
  auto with = [](AsyncDatabase of, Query query) -> awaitable<Json> {
    const auto records = co_await of.search(std::move(query));
    EXPECT_EQ(records.size(), 1u);
    EXPECT_EQ(records.front().id, "a");
    EXPECT_FALSE(records.front().version.empty());
    co_return records.front().fields;
  };
  EXPECT_EQ((co_await with(db, Query{}.select("name", "address.city"))),
            Json::parse(R"({"name": "n", "address": {"city": "c"}})"));
  EXPECT_EQ((co_await with(db, Query{}.select("address"))), Json::parse(R"({"address": {"city": "c", "zip": "z"}})"));
  EXPECT_EQ((co_await with(db, Query{}.select("none", "age"))), Json::parse(R"({"age": 3})"));
  EXPECT_EQ((co_await with(db, Query{}.select("address.none"))), Json::object());
  EXPECT_EQ((co_await with(db, Query{}.select("gone"))), Json::parse(R"({"gone": null})"));
  EXPECT_EQ((co_await with(db, Query{}.select("address.city", "address"))),
            Json::parse(R"({"address": {"city": "c", "zip": "z"}})"));
  EXPECT_EQ((co_await with(db, Query{}.select("name.x"))), Json::object());
}

WEIR_RULE(Ordering, select_through_arrays, "select keeps those paths with their nesting: through arrays") {
  const bool one_type = test.licences().one_type_per_path;
  const auto one = record("a", one_type ? R"({"list": [{"x": 1, "y": 2}, {"y": 3}], "deep": [[{"x": 4}]]})"
                                        : R"({"list": [{"x": 1, "y": 2}, {"y": 3}, 5], "deep": [[{"x": 4}]]})");
  co_await db.create(one);
  const std::vector<std::vector<std::string>> selections{
      {"list.x"}, {"list"}, {"deep.x"}, {"list.y", "deep"}, {"list.none"}};
  for (const auto& paths : selections) {
    const auto query = Query{}.select(paths);
    const auto got = co_await db.search(query);
    EXPECT_TRUE(same_records(test::reference_search({one}, query), got));
  }
}

WEIR_RULE(Ordering, select_leaves_filter_and_order_alone, "a filter and an order may use what select leaves out") {
  co_await store_numbers(db, 6);
  auto query = by("n", Order::desc);
  query.where(field("even") == true).select("nothing").limit(2);
  const auto got = co_await db.search(query);
  EXPECT_EQ(joined(ids_of(got)), "1004 1002");
  for (const auto& one : got) EXPECT_TRUE(one.fields.empty());
  auto of_a_stream = co_await drained(db.stream(query));
  EXPECT_TRUE(same_records(got, of_a_stream));
}

WEIR_RULE(Ordering, count, "count(q) is the exact number of matching records, whatever limit and offset say") {
  co_await store_numbers(db, 25);
  EXPECT_EQ(co_await db.count(), 25u);
  EXPECT_EQ(co_await db.count(Query(field("n") < 10)), 10u);
  EXPECT_EQ(co_await db.count(Query(field("n") < 10).limit(3).offset(2)), 10u);
  EXPECT_EQ(co_await db.count(Query{}.limit(0)), 25u);
  EXPECT_EQ(co_await db.count(Query(field("n") > 99)), 0u);
}

}  // namespace weir::conformance
