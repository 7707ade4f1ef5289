#include "core/evaluate.hpp"
#include "core/project.hpp"
#include "core/record_order.hpp"
#include "core/selection.hpp"
#include "support.hpp"

#include <algorithm>
#include <memory>
#include <random>

namespace weir::core::test {
namespace {

using Ids = std::vector<std::string>;

std::vector<Record> records(const std::vector<std::pair<std::string, std::string_view>>& rows) {
  std::vector<Record> out;
  for (const auto& [key, fields] : rows) out.push_back(record(fields, key));
  return out;
}

Ids ids(const std::vector<Record>& found) {
  Ids out;
  for (const Record& r : found) out.push_back(r.id);
  return out;
}

Ids run(const std::vector<Record>& all, const Query& query) { return ids(core::evaluate(all, query)); }

const std::vector<Record>& mixed() {
  static const auto all = records({{"a", R"({"v":true})"},
                                   {"b", R"({"v":"x"})"},
                                   {"c", R"({"v":2})"},
                                   {"d", R"({"v":null})"},
                                   {"e", R"({"v":false})"},
                                   {"f", R"({"v":1.5})"},
                                   {"g", "{}"},
                                   {"h", R"({"v":""})"},
                                   {"i", R"({"v":[]})"},
                                   {"j", R"({"v":-1})"},
                                   {"k", R"({"v":{"w":1}})"}});
  return all;
}

// "Numbers before strings before booleans; descending reverses that; records with no value last, ascending or
// descending."
TEST(Ordering, NumbersBeforeStringsBeforeBooleansAndNoValueLast) {
  EXPECT_EQ(run(mixed(), Query{}.order_by("v")), (Ids{"j", "f", "c", "h", "b", "e", "a", "d", "g", "i", "k"}));
  EXPECT_EQ(run(mixed(), Query{}.order_by("v", Order::desc)),
            (Ids{"a", "e", "b", "h", "c", "f", "j", "d", "g", "i", "k"}));
}

// "Strings by UTF-8 bytes."
TEST(Ordering, StringsByUtf8Bytes) {
  const auto all = records({{"1", R"({"v":"b"})"},
                            {"2", R"({"v":"B"})"},
                            {"3", R"({"v":"é"})"},
                            {"4", R"({"v":"🙂"})"},
                            {"5", R"({"v":"\uFFFD"})"},
                            {"6", R"({"v":"ba"})"}});
  EXPECT_EQ(run(all, Query{}.order_by("v")), (Ids{"2", "1", "6", "3", "5", "4"}));
}

// "An array sorts by its smallest element ascending, its largest descending."
TEST(Ordering, ArraysByTheirSmallestAscendingAndLargestDescending) {
  const auto all = records({{"1", R"({"v":[5,1]})"},
                            {"2", R"({"v":2})"},
                            {"3", R"({"v":[3,[9]]})"},
                            {"4", R"({"v":["x",4]})"},
                            {"5", R"({"v":[{"w":0}]})"}});
  EXPECT_EQ(run(all, Query{}.order_by("v")), (Ids{"1", "2", "3", "4", "5"}));
  EXPECT_EQ(run(all, Query{}.order_by("v", Order::desc)), (Ids{"4", "3", "1", "2", "5"}));
}

// "Ties by id ascending, always, so that paging is stable."
TEST(Ordering, TiesByIdAscendingAlways) {
  const auto all =
      records({{"c", R"({"v":1})"}, {"a", R"({"v":1.0})"}, {"b", R"({"v":[1,7]})"}, {"d", "{}"}, {"B", "{}"}});
  EXPECT_EQ(run(all, Query{}.order_by("v")), (Ids{"a", "b", "c", "B", "d"}));
  EXPECT_EQ(run(all, Query{}.order_by("v", Order::desc)), (Ids{"b", "a", "c", "B", "d"}));
}

TEST(Ordering, BySeveralKeys) {
  const auto all = records(
      {{"1", R"({"a":1,"b":"y"})"}, {"2", R"({"a":1,"b":"x"})"}, {"3", R"({"a":0,"b":"z"})"}, {"4", R"({"b":"w"})"}});
  EXPECT_EQ(run(all, Query{}.order_by("a", Order::desc).order_by("b")), (Ids{"2", "1", "3", "4"}));
  EXPECT_EQ(run(all, Query{}.order_by("a").order_by("b", Order::desc)), (Ids{"3", "1", "2", "4"}));
}

// "`order_by` takes the id too … Without `order_by`, `search` is by id."
TEST(Ordering, ByTheId) {
  const auto all = records({{"b", R"({"id":1,"v":1})"}, {"ü", "{}"}, {"a", R"({"v":1})"}, {"B", R"({"id":0})"}});
  EXPECT_EQ(run(all, Query{}), (Ids{"B", "a", "b", "ü"}));
  EXPECT_EQ(run(all, Query{}.order_by(id(), Order::desc)), (Ids{"ü", "b", "a", "B"}));
  EXPECT_EQ(run(all, Query{}.order_by("v").order_by(id(), Order::desc)), (Ids{"b", "a", "ü", "B"}));
  EXPECT_EQ(run(all, Query{}.order_by("id")), (Ids{"B", "b", "a", "ü"})) << "a field of that name is another thing";
  EXPECT_EQ(run(all, Query{}.order_by(field("v"), Order::desc)), (Ids{"a", "b", "B", "ü"}));
}

TEST(Ordering, OfNumbersIsExact) {
  const auto all = records({{"1", R"({"v":9007199254740993})"},
                            {"2", R"({"v":9007199254740992.0})"},
                            {"3", R"({"v":9223372036854775807})"},
                            {"4", R"({"v":9223372036854775808.0})"},
                            {"5", R"({"v":1e19})"},
                            {"6", R"({"v":-9223372036854775808})"},
                            {"7", R"({"v":0})"},
                            {"8", R"({"v":-0.0})"},
                            {"9", R"({"v":-1e19})"}});
  EXPECT_EQ(run(all, Query{}.order_by("v")), (Ids{"9", "6", "7", "8", "2", "1", "3", "4", "5"}));
}

TEST(Ordering, ComparesTwoRecordsAlone) {
  const RecordOrder order(Query{}.order_by("v", Order::desc));
  const auto all = mixed();
  EXPECT_LT(order.compare(all[0], all[1]), 0);
  EXPECT_GT(order.compare(all[3], all[9]), 0);
  EXPECT_EQ(order.compare(all[4], all[4]), 0);
}

// "`limit`, `offset` on the sorted result. `limit(0)` is an empty result."
TEST(Paging, LimitAndOffsetActOnTheSortedResult) {
  const Ids sorted = run(mixed(), Query{}.order_by("v"));
  for (std::size_t offset = 0; offset < 14; ++offset)
    for (std::size_t limit = 0; limit < 14; ++limit) {
      Ids expected;
      for (std::size_t i = offset; i < sorted.size() && i < offset + limit; ++i) expected.push_back(sorted[i]);
      EXPECT_EQ(run(mixed(), Query{}.order_by("v").limit(limit).offset(offset)), expected) << offset << " " << limit;
    }
  EXPECT_EQ(run(mixed(), Query{}.limit(0)), Ids{});
  EXPECT_EQ(run(mixed(), Query{}.offset(9)).size(), 2U);
  constexpr auto most = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(run(mixed(), Query{}.limit(most).offset(9)).size(), 2U);
  EXPECT_EQ(run(mixed(), Query{}.limit(1).offset(most)), Ids{});
  EXPECT_EQ(run(mixed(), Query{}.limit(most).offset(most)), Ids{});
}

TEST(Paging, HoldsNoMoreThanThePage) {
  const auto one = std::make_shared<const Record>(record(R"({"v":5})", "5"));
  Selection<std::shared_ptr<const Record>> selection(Query{}.order_by("v").limit(3).offset(1));
  std::vector<std::weak_ptr<const Record>> seen;
  for (int i = 100; i > 0; --i) {
    auto each = std::make_shared<const Record>(Record{}.set("v", i).with_id(std::to_string(i)));
    seen.push_back(each);
    EXPECT_TRUE(selection.offer(std::move(each)));
    EXPECT_LE(std::count_if(seen.begin(), seen.end(), [](const auto& weak) { return !weak.expired(); }), 4);
  }
  const auto page = selection.take();
  ASSERT_EQ(page.size(), 3U);
  EXPECT_EQ(page[0]->id, "2");
  EXPECT_EQ(page[2]->id, "4");
  EXPECT_TRUE(selection.take().empty());
}

// The bounded heap gives what sorting everything gives, for owned records too.
TEST(Paging, ABoundedSelectionEqualsTheSortedOne) {
  constexpr unsigned seed = 20261121;
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::vector<Record> all;
    const auto count = random() % 40;
    for (std::size_t i = 0; i < count; ++i) {
      Record r = record(std::array{"{}", R"({"v":1})", R"({"v":[1,3]})", R"({"v":"x"})", R"({"v":2.5,"w":1})",
                                   R"({"v":true})"}[random() % 6],
                        std::to_string(random() % 1000) + "-" + std::to_string(i));
      all.push_back(std::move(r));
    }
    Query query;
    for (auto i = random() % 3; i > 0; --i)
      query.order_by(random() % 2 == 0 ? "v" : "w", random() % 2 == 0 ? Order::asc : Order::desc);
    const Ids sorted = run(all, query);
    const std::size_t limit = random() % 12;
    const std::size_t offset = random() % 12;
    Selection<Record> selection(Query(query).limit(limit).offset(offset));
    for (const Record& r : all) selection.offer(r);
    Ids expected;
    for (std::size_t i = offset; i < sorted.size() && i < offset + limit; ++i) expected.push_back(sorted[i]);
    ASSERT_EQ(ids(selection.take()), expected) << "seed " << seed << " round " << round;
  }
}

TEST(Evaluation, FiltersSortsPagesAndSelects) {
  const auto all = records({{"1", R"({"n":1,"name":"a","x":{"y":1,"z":2}})"},
                            {"2", R"({"n":5,"name":"b"})"},
                            {"3", R"({"n":3,"name":"c","x":{"y":3}})"},
                            {"4", R"({"n":4})"}});
  const auto query = Query{}.where(field("n") > 1).order_by("n", Order::desc).limit(2).offset(1).select("name", "x.y");
  const auto found = core::evaluate(all, query);
  EXPECT_EQ(ids(found), (Ids{"4", "3"}));
  EXPECT_EQ(found[0].fields, json("{}"));
  EXPECT_EQ(found[1].fields, json(R"({"name":"c","x":{"y":3}})"));
  std::vector<const Record*> kept;
  for (const Record& r : all) kept.push_back(&r);
  EXPECT_EQ(ids(core::evaluate(kept, query)), (Ids{"4", "3"}));
  EXPECT_EQ(all[0].fields.size(), 3U) << "what somebody else keeps is not changed";
}

Json selected(std::string_view fields, std::vector<std::string> paths) {
  return Projection(*Query{}.select(std::move(paths)).select()).apply(json(fields));
}

// "`select` keeps those paths with their nesting"
TEST(Select, KeepsThePathsWithTheirNesting) {
  const char* fields = R"({"a":{"b":{"c":1,"d":2},"e":3},"f":[1,2],"g":null,"h":{},"x.y":4})";
  EXPECT_EQ(selected(fields, {"a.b.c"}), json(R"({"a":{"b":{"c":1}}})"));
  EXPECT_EQ(selected(fields, {"a.b", "f"}), json(R"({"a":{"b":{"c":1,"d":2}},"f":[1,2]})"));
  EXPECT_EQ(selected(fields, {"a", "a.b.c"}), json(R"({"a":{"b":{"c":1,"d":2},"e":3}})"));
  EXPECT_EQ(selected(fields, {"a.b.c", "a"}), json(R"({"a":{"b":{"c":1,"d":2},"e":3}})"));
  EXPECT_EQ(selected(fields, {"a.b.c", "a.e"}), json(R"({"a":{"b":{"c":1},"e":3}})"));
  EXPECT_EQ(selected(fields, {"g", "h"}), json(R"({"g":null,"h":{}})")) << "what is there stays as it is";
  EXPECT_EQ(selected(fields, {R"(x\.y)"}), json(R"({"x.y":4})"));
  EXPECT_EQ(selected(fields, {"nowhere", "a.nowhere", "f.b", "g.h", "h.i"}), json("{}"));
  EXPECT_EQ(selected(fields, {}), json("{}"));
}

TEST(Select, LooksThroughArrays) {
  EXPECT_EQ(selected(R"({"a":[{"b":1,"c":2},{"c":3},4,{"b":null},[{"b":5}]]})", {"a.b"}),
            json(R"({"a":[{"b":1},{"b":null},[{"b":5}]]})"));
  EXPECT_EQ(selected(R"({"a":[{"c":1}],"d":[]})", {"a.b", "d.e"}), json("{}"));
  EXPECT_EQ(selected(R"({"a":[{"b":1,"c":2,"d":3}]})", {"a.b", "a.d"}), json(R"({"a":[{"b":1,"d":3}]})"));
}

// "the id and version always come"
TEST(Select, LeavesIdAndVersion) {
  Record r = record(R"({"a":1,"b":2})", "k");
  r.version = "v7";
  const auto found = core::evaluate(std::vector<Record>{r}, Query{}.select("b"));
  EXPECT_EQ(found[0].id, "k");
  EXPECT_EQ(found[0].version, "v7");
  EXPECT_EQ(found[0].fields, json(R"({"b":2})"));
}

}  // namespace
}  // namespace weir::core::test
