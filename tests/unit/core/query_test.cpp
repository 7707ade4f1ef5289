#include "support.hpp"

#include <list>
#include <set>

namespace weir::core::test {
namespace {

// Characters would be taken for numbers, and no store compares two fields.
template <class T>
concept Comparable = requires(const Field& f, T value) { f == value; };
template <class T>
concept Listable = requires(const Field& f, T value) { f.in(value); };
static_assert(Comparable<int> && Comparable<double> && Comparable<bool> && Comparable<const char*> &&
              Comparable<std::string> && Comparable<std::string_view> && Comparable<std::nullptr_t> &&
              Comparable<Json> && Comparable<unsigned long long>);
static_assert(!Comparable<char> && !Comparable<unsigned char> && !Comparable<char8_t> && !Comparable<wchar_t> &&
              !Comparable<Field> && !Comparable<std::vector<int>>);
static_assert(Listable<int> && Listable<std::vector<int>> && Listable<std::set<std::string>> && Listable<std::string> &&
              Listable<std::vector<Json>>);
static_assert(!Listable<char> && !Listable<std::vector<char>> && !Listable<Field> && !Listable<std::vector<Field>>);
static_assert(std::is_same_v<decltype(Query{}.limit(1)), Query&&> &&
              std::is_same_v<decltype(std::declval<Query&>().limit(1)), Query&>);
static_assert(!std::is_aggregate_v<Query> && !std::is_aggregate_v<Filter> && !std::is_aggregate_v<Field>);

std::string text(const Filter& filter) { return filter.to_string(); }

TEST(Fields, BuildComparisons) {
  EXPECT_EQ(text(field("age") >= 30), "age >= 30");
  EXPECT_EQ(text(field("age") != 1.5), "age != 1.5");
  EXPECT_EQ(text(field("a") < std::string("x")), "a < \"x\"");
  EXPECT_EQ(text(field("a") <= std::string_view("x")), "a <= \"x\"");
  EXPECT_EQ(text(field("a") > true), "a > true");
  EXPECT_EQ(text(field("a") == nullptr), "a = null");
  EXPECT_EQ(text(field("a") == Json("x")), "a = \"x\"");
  const char* none = nullptr;
  EXPECT_EQ(text(field("a") == none), "a = null");
  EXPECT_EQ(text(field("a").between(1, "z")), "a between 1 and \"z\"");
  EXPECT_EQ(text(field("a").not_between(1, 2)), "a not between 1 and 2");
  EXPECT_EQ(text(field("a").like("A%")), "a like \"A%\"");
  EXPECT_EQ(text(field("a").not_like("A%")), "a not like \"A%\"");
  EXPECT_EQ(text(field("a").ilike("A%")), "a ilike \"A%\"");
  EXPECT_EQ(text(field("a").starts_with("A")), "a starts_with \"A\"");
  EXPECT_EQ(text(field("a").contains("A")), "a contains \"A\"");
  EXPECT_EQ(text(field("a").regex("A+")), "a regex \"A+\"");
  EXPECT_EQ(text(field("a").match("A")), "a match \"A\"");
  EXPECT_EQ(text(field("a").exists()), "exists(a)");
  EXPECT_EQ(text(field("a").not_exists()), "not_exists(a)");
  EXPECT_EQ(text(id() == "k"), "id = \"k\"");
  EXPECT_EQ(text(field("id") == "k"), "`id` = \"k\"");
  EXPECT_FAILURE(errc::invalid_query, "path", field("a..b"));
}

TEST(Fields, TakeListsOfScalarsAndRanges) {
  EXPECT_EQ(text(field("a").in(1, 2, 3)), "a in (1, 2, 3)");
  EXPECT_EQ(text(field("a").in(1, "x", nullptr, true, 1.5, Json("j"))), "a in (1, \"x\", null, true, 1.5, \"j\")");
  EXPECT_EQ(text(field("a").in()), "a in ()");
  EXPECT_EQ(text(field("a").in("one string")), "a in (\"one string\")");
  std::vector<int> numbers{4, 5};
  EXPECT_EQ(text(field("a").in(numbers)), "a in (4, 5)");
  EXPECT_EQ(text(field("a").not_in(std::vector<std::string>{"x", "y"})), "a not in (\"x\", \"y\")");
  EXPECT_EQ(text(field("a").in(std::set<int>{3, 1})), "a in (1, 3)");
  EXPECT_EQ(text(field("a").in(std::list<double>{0.5})), "a in (0.5)");
  EXPECT_EQ(text(field("a").in(std::vector<bool>{true, false})), "a in (true, false)");
  EXPECT_EQ(text(field("a").in(std::vector<Json>{1, "x"})), "a in (1, \"x\")");
  const char* words[] = {"p", "q"};
  EXPECT_EQ(text(field("a").in(words)), "a in (\"p\", \"q\")");
  EXPECT_EQ(text(field("a").in(json("[1,null]"))), "a in (1, null)") << "a JSON list is the list";
  EXPECT_EQ(text(id().in(std::vector<std::string>{"k"})), "id in (\"k\")");
}

TEST(Filters, CombineFlatAndSimplify) {
  const Filter a = field("a") == 1;
  const Filter b = field("b") == 2;
  const Filter c = field("c") == 3;
  EXPECT_EQ(text(a && b && c), "a = 1 and b = 2 and c = 3");
  EXPECT_EQ(text(a && (b || c)), "a = 1 and (b = 2 or c = 3)");
  EXPECT_EQ(text(a || (b && c)), "a = 1 or (b = 2 and c = 3)");
  EXPECT_EQ(text(!(a && b)), "not (a = 1 and b = 2)");
  EXPECT_EQ(text(!!a), "a = 1");
  EXPECT_EQ(text(Filter{} && a), "a = 1");
  EXPECT_EQ(text(a && Filter{}), "a = 1");
  EXPECT_EQ(text(Filter{} || a), "true");
  EXPECT_EQ(text(!Filter{} || a), "a = 1");
  EXPECT_EQ(text(a && !Filter{}), "false");
  EXPECT_TRUE((!!Filter{}).always());
  EXPECT_TRUE(Filter{}.always());
  EXPECT_FALSE(a.always());
  Filter many;
  for (int i = 0; i < 2000; ++i) many = many || field("a") == i;
  EXPECT_TRUE(many.always());
  many = !Filter{};
  for (int i = 0; i < 2000; ++i) many = many || field("a") == i;
  EXPECT_EQ(many.node().depth, 2U);
  EXPECT_EQ(many.node().children.size(), 2000U);
}

TEST(Filters, AreBoundedInDepthAndSize) {
  Filter deep = field("a") == 1;
  for (std::size_t i = 1; i < Filter::max_depth; ++i)
    deep = i % 2 == 0 ? deep && field("b") == 1 : deep || field("c") == 1;
  EXPECT_EQ(deep.node().depth, Filter::max_depth);
  EXPECT_FAILURE(errc::invalid_query, "deeper", deep && field("c") == 1);
  EXPECT_FAILURE(errc::invalid_query, "deeper", Filter::negation(deep));
  const std::vector<Filter> many(Filter::max_size, field("a") == 1);
  EXPECT_FAILURE(errc::invalid_query, "parts", Filter::any_of(many));
}

// A handle that was moved from is the default again, not a trap.
TEST(Filters, MovedFromIsTheDefault) {
  Filter a = field("a") == 1;
  const Filter b = std::move(a);
  EXPECT_TRUE(a.compare(Record{}));  // NOLINT(bugprone-use-after-move)
  EXPECT_FALSE(b.compare(Record{}));
}

TEST(Filters, ShowCompilersTheirPositiveForm) {
  const auto comparison = [](const Filter& filter) { return *filter.node().comparison; };
  const Comparison ne = comparison(field("a") != 5);
  EXPECT_EQ(ne.op, Operator::ne);
  EXPECT_EQ(ne.test, Operator::eq);
  EXPECT_TRUE(ne.negated);
  EXPECT_EQ(ne.operands, std::vector<Json>{5});
  const Comparison null = comparison(field("a") == nullptr);
  EXPECT_EQ(null.op, Operator::eq);
  EXPECT_EQ(null.test, Operator::exists);
  EXPECT_TRUE(null.negated);
  EXPECT_TRUE(null.operands.empty());
  const Comparison not_null = comparison(field("a") != nullptr);
  EXPECT_EQ(not_null.test, Operator::exists);
  EXPECT_FALSE(not_null.negated);
  const Comparison in = comparison(field("a").not_in("x", nullptr, 2, 1.0, "x", 1, true));
  EXPECT_EQ(in.test, Operator::in);
  EXPECT_TRUE(in.negated);
  EXPECT_TRUE(in.or_missing);
  EXPECT_EQ(in.operands, (std::vector<Json>{1.0, 2, "x", true})) << "sorted, each once, null apart";
  EXPECT_EQ(in.value.size(), 7U) << "as written";
  const Comparison only_null = comparison(field("a").in(nullptr));
  EXPECT_EQ(only_null.test, Operator::exists);
  EXPECT_TRUE(only_null.negated);
  EXPECT_FALSE(only_null.or_missing);
  EXPECT_TRUE(comparison(field("a").ilike("X%")).like.has_value());
  EXPECT_TRUE(comparison(field("a").regex("x")).regex.has_value());
  EXPECT_TRUE(std::signbit(Json(-0.0).get<double>()));
  EXPECT_FALSE(std::signbit(comparison(field("a") == -0.0).operands[0].get<double>()));
  EXPECT_TRUE(comparison(field("a") == 5U).operands[0].is_number_integer());
  EXPECT_FALSE(comparison(field("a") == 5U).operands[0].is_number_unsigned());
}

TEST(Queries, ChainOnBothKindsOfValues) {
  Query q;
  q.where(field("a") == 1)
      .filter("b", Operator::gt, 2)
      .order_by("c")
      .order_by("d", Order::desc)
      .limit(5)
      .offset(6)
      .select("x", "y.z");
  const Query r = Query{}
                      .where(field("a") == 1)
                      .filter("b", Operator::gt, 2)
                      .order_by("c")
                      .order_by("d", Order::desc)
                      .limit(5)
                      .offset(6)
                      .select("x", "y.z");
  for (const Query& each : {q, r}) {
    EXPECT_EQ(each.filter().to_string(), "a = 1 and b > 2");
    ASSERT_EQ(each.order().size(), 2U);
    EXPECT_EQ(each.order()[1].path.to_string(), "d");
    EXPECT_EQ(each.order()[1].order, Order::desc);
    EXPECT_EQ(each.limit(), 5U);
    EXPECT_EQ(each.offset(), 6U);
    ASSERT_TRUE(each.select());
    EXPECT_EQ(each.select()->at(1).to_string(), "y.z");
  }
  EXPECT_TRUE(Query(field("a") == 1).compare(record(R"({"a":1})")));
  EXPECT_TRUE(Query{}.compare(Record{}));
  EXPECT_FAILURE(errc::invalid_query, "path", Query{}.order_by("a..b"));
  EXPECT_FAILURE(errc::invalid_query, "path", Query{}.select(""));
  Query many;
  for (std::size_t i = 0; i < Query::max_order_keys; ++i) many.order_by("a");
  EXPECT_FAILURE(errc::invalid_query, "32", many.order_by("a"));
}

// {"where": F, "order_by": […], "limit": 10, "offset": 0, "select": […]}, all optional
TEST(Queries, ReadTheirJsonForm) {
  const auto q = Query::from_json(json(
      R"({"where":{"path":"age","op":"ge","value":30},"order_by":[{"path":"age","order":"desc"},{"id":true},{"path":"n"}],"limit":10,"offset":3,"select":["name","address.city"]})"));
  EXPECT_EQ(q.filter().to_string(), "age >= 30");
  ASSERT_EQ(q.order().size(), 3U);
  EXPECT_EQ(q.order()[0].order, Order::desc);
  EXPECT_TRUE(q.order()[1].on_id());
  EXPECT_EQ(q.order()[1].order, Order::asc);
  EXPECT_EQ(q.limit(), 10U);
  EXPECT_EQ(q.offset(), 3U);
  EXPECT_EQ(q.select()->size(), 2U);
  const auto empty = Query::from_json(json("{}"));
  EXPECT_TRUE(empty.filter().always());
  EXPECT_EQ(empty.limit(), std::nullopt);
  EXPECT_FALSE(empty.select());
  EXPECT_EQ(empty.to_json(), json("{}"));
  EXPECT_EQ(Query::from_json(q.to_json()).to_json(), q.to_json());
}

TEST(Queries, JsonFormThatIsAnythingElseIsRefused) {
  for (const char* text : {"[]",
                           "null",
                           "5",
                           R"({"wher":{}})",
                           R"({"where":5})",
                           R"({"order_by":{}})",
                           R"({"order_by":["age"]})",
                           R"({"order_by":[{}]})",
                           R"({"order_by":[{"path":"a","id":true}]})",
                           R"({"order_by":[{"id":false}]})",
                           R"({"order_by":[{"path":"a","order":"down"}]})",
                           R"({"order_by":[{"path":"a","order":1}]})",
                           R"({"order_by":[{"path":"a","x":1}]})",
                           R"({"order_by":[{"path":5}]})",
                           R"({"order_by":[{"path":"a."}]})",
                           R"({"limit":-1})",
                           R"({"limit":1.5})",
                           R"({"limit":"1"})",
                           R"({"limit":null})",
                           R"({"offset":-1})",
                           R"({"offset":true})",
                           R"({"select":"a"})",
                           R"({"select":[1]})",
                           R"({"select":[""]})",
                           R"({"select":{}})"})
    EXPECT_FAILURE(errc::invalid_query, "", Query::from_json(json(text)));
  EXPECT_FAILURE(errc::invalid_query, "wher", Query::from_json(json(R"({"wher":{}})")));
}

// {"path": …, "op": …, "value": …}, {"and": […]}, {"or": […]}, {"not": …}
TEST(Filters, ReadTheirJsonFormAndWriteItBack) {
  for (const char* text :
       {R"({"path":"age","op":"ge","value":30})", R"({"id":true,"op":"eq","value":"k"})",
        R"({"path":"a.b","op":"exists"})", R"({"id":true,"op":"not_exists"})", R"({"path":"a","op":"eq","value":null})",
        R"({"path":"a","op":"in","value":[1,"x",null]})", R"({"path":"a","op":"between","value":[1,2]})",
        R"({"and":[]})", R"({"or":[]})", R"({"and":[{"path":"a","op":"lt","value":1}]})",
        R"({"not":{"not":{"path":"a","op":"ne","value":false}}})",
        R"({"or":[{"and":[]},{"not":{"or":[]}},{"path":"a\\.b","op":"regex","value":"x+"}]})",
        R"({"path":"a","op":"not_in","value":[]})", R"({"path":"a","op":"match","value":"x y"})"})
    EXPECT_EQ(Filter::from_json(json(text)).to_json(), json(text));
}

TEST(Filters, JsonFormThatIsAnythingElseIsRefused) {
  for (const char* text : {"[]",
                           "null",
                           "true",
                           "{}",
                           R"({"path":"a"})",
                           R"({"op":"eq","value":1})",
                           R"({"path":"a","op":"eq"})",
                           R"({"path":"a","op":"==","value":1})",
                           R"({"path":"a","op":"exists","value":null})",
                           R"({"path":"a","id":true,"op":"eq","value":1})",
                           R"({"id":false,"op":"eq","value":1})",
                           R"({"id":1,"op":"eq","value":1})",
                           R"({"path":"a","op":"eq","value":1,"x":2})",
                           R"({"path":1,"op":"eq","value":1})",
                           R"({"path":"a","op":1,"value":1})",
                           R"({"and":{}})",
                           R"({"or":5})",
                           R"({"not":[]})",
                           R"({"and":[],"or":[]})",
                           R"({"and":[],"path":"a"})",
                           R"({"not":{}})",
                           R"({"path":"a.","op":"eq","value":1})",
                           R"({"path":"a","op":"lt","value":null})",
                           R"({"path":"a","op":"between","value":[1]})",
                           R"({"path":"a","op":"in","value":1})",
                           R"({"and":[5]})"})
    EXPECT_FAILURE(errc::invalid_query, "", Filter::from_json(json(text)));
  EXPECT_FAILURE(errc::invalid_query, "\"==\"", Filter::from_json(json(R"({"path":"a","op":"==","value":1})")));
}

TEST(Filters, EveryOperatorHasAName) {
  for (int i = 0; i <= static_cast<int>(Operator::match); ++i) {
    const auto op = static_cast<Operator>(i);
    EXPECT_EQ(operator_from_string(to_string(op)), op);
  }
  EXPECT_FAILURE(errc::invalid_query, "unknown operator \"equals\"", operator_from_string("equals"));
  EXPECT_EQ(to_string(Operator::not_between), "not_between");
}

TEST(Filters, HostileJsonIsRefusedBeforeTheStackEnds) {
  Json deep = json(R"({"path":"a","op":"exists"})");
  for (int i = 0; i < 100'000; ++i) {
    Json outer = Json::object();
    outer["not"] = std::move(deep);
    deep = std::move(outer);
  }
  EXPECT_FAILURE(errc::invalid_query, "deeper", Filter::from_json(deep));
}

}  // namespace
}  // namespace weir::core::test
