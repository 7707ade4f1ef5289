// Filters: what comparisons mean.

#include "conformance/suite.hpp"
#include "support/random_data.hpp"

#include <limits>

namespace weir::conformance {

WEIR_RULES(Operators);

WEIR_RULE(Operators, negation_over_elements, "a != 1 over elements is the complement of a = 1: no element is 1") {
  co_await store(db, record("all", R"({"v": [1, 1]})"), record("none", R"({"v": [2, 3]})"),
                 record("some", R"({"v": [1, 2]})"));
  EXPECT_EQ(co_await found(db, "v != 1"), "none");
  EXPECT_EQ(co_await found(db, "not v between 2 and 2"), "all");
}

WEIR_RULE(Operators, between_is_one_element, "between: one value within both ends, ends included") {
  co_await store(db, record("around", R"({"v": [1, 9]})"), record("inside", R"({"v": [1, 5, 9]})"),
                 record("end", R"({"v": [6]})"));
  EXPECT_EQ(co_await found(db, "v between 4 and 6"), "end inside");
  EXPECT_EQ(co_await found(db, "v >= 4 and v <= 6"), "around end inside");
}

WEIR_RULE(Operators, in_of_nothing, "in of an empty list is false") {
  co_await store(db, record("a", R"({"v": 1})"), record("b"));
  EXPECT_EQ(co_await found(db, Query(Filter("v", Operator::in, Json::array()))), "");
  EXPECT_EQ(co_await found(db, Query(Filter("v", Operator::not_in, Json::array()))), "a b");
}

WEIR_RULE(Operators, in_of_many, "in of a long list") {
  std::vector<Record> records;
  std::vector<int> wanted;
  std::string expected;
  for (int i = 100; i < 140; ++i) {
    Record one;
    one.id = std::to_string(i);
    one.fields["n"] = i;
    records.push_back(one);
    if (i % 3 == 0) expected += (expected.empty() ? "" : " ") + std::to_string(i);
  }
  for (int i = 0; i < 3000; i += 3) wanted.push_back(i);
  co_await store(db, records);
  EXPECT_EQ(co_await found(db, Query(field("n").in(wanted))), expected);
}

WEIR_RULE(Operators, numbers_compare_exactly,
          "integers and doubles by numeric value, exactly: 2^53+1 and 2^53 differ") {
  std::vector<Record> records;
  auto add = [&](const char* id, Json value) {
    Record one;
    one.id = id;
    one.fields["v"] = std::move(value);
    records.push_back(std::move(one));
  };
  add("a_2p53m1", 9007199254740991);
  add("b_2p53", 9007199254740992);
  add("c_2p53d", 9007199254740992.0);
  add("d_2p53p1", 9007199254740993);
  add("e_2p60d", 1152921504606846976.0);
  add("f_2p60p1", 1152921504606846977);
  add("g_max", std::numeric_limits<std::int64_t>::max());
  add("h_below", 9223372036854774784.0);
  add("i_1e19", 1e19);
  add("j_min", std::numeric_limits<std::int64_t>::min());
  add("k_tiny", 5e-324);
  add("l_tenth", 0.1);
  co_await store(db, records);
  auto with = [&](Operator op, Json value) { return found(db, Query(Filter("v", op, std::move(value)))); };
  EXPECT_EQ(co_await with(Operator::eq, 9007199254740992), "b_2p53 c_2p53d");
  EXPECT_EQ(co_await with(Operator::eq, 9007199254740992.0), "b_2p53 c_2p53d");
  EXPECT_EQ(co_await with(Operator::eq, 9007199254740993), "d_2p53p1");
  EXPECT_EQ(co_await with(Operator::eq, 1152921504606846976), "e_2p60d");
  EXPECT_EQ(co_await with(Operator::eq, 1152921504606846976.0), "e_2p60d");
  EXPECT_EQ(co_await with(Operator::eq, 1152921504606846977), "f_2p60p1");
  EXPECT_EQ(co_await with(Operator::gt, 1152921504606846976.0), "f_2p60p1 g_max h_below i_1e19");
  EXPECT_EQ(co_await with(Operator::eq, std::numeric_limits<std::int64_t>::max()), "g_max");
  EXPECT_EQ(co_await with(Operator::gt, 9223372036854774784.0), "g_max i_1e19");
  EXPECT_EQ(co_await with(Operator::gt, std::numeric_limits<std::int64_t>::max()), "i_1e19");
  EXPECT_EQ(co_await with(Operator::eq, 1e19), "i_1e19");
  EXPECT_EQ(co_await with(Operator::lt, -9223372036854775807), "j_min");
  EXPECT_EQ(co_await with(Operator::eq, -9223372036854775808.0), "j_min");
  EXPECT_EQ(co_await with(Operator::eq, 5e-324), "k_tiny");
  EXPECT_EQ(co_await with(Operator::between, list_of(0, 0.1)), "k_tiny l_tenth");
  EXPECT_EQ(co_await with(Operator::lt, 0.1), "j_min k_tiny");
  Query ordered;
  ordered.order_by("v");
  EXPECT_EQ(co_await found(db, ordered),
            "j_min k_tiny l_tenth a_2p53m1 b_2p53 c_2p53d d_2p53p1 e_2p60d f_2p60p1 h_below g_max i_1e19");
}

WEIR_RULE(Operators, operands_outside_the_integers,
          "Operands are scalars: a number that cannot be stored equals nothing stored") {
  co_await store(db, record("a", R"({"v": 9223372036854775807})"), record("b", R"({"v": 1e19})"));
  const std::uint64_t big = 10000000000000000000u;
  // Either way of writing 10^19 is the same number.
  const auto outcome = co_await outcome_of([&] { return found(db, Query(field("v") == big)); });
  if (outcome.ok())
    EXPECT_EQ(co_await found(db, Query(field("v") == big)), "b");
  else
    EXPECT_TRUE(test::fails_with(outcome, errc::invalid_query));
}

WEIR_RULE(Operators, strings_compare_by_code_point, "strings with strings by code point") {
  std::vector<Record> records;
  const std::vector<std::string> texts{"", "A", "Z", "a", "aa", "b", "z", "é", "日", "\uFFFD", "\U00010000", "😀"};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Record one;
    one.id = std::to_string(100 + i);
    one.fields["v"] = texts[i];
    records.push_back(std::move(one));
  }
  co_await store(db, records);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::vector<std::string> less;
    for (std::size_t j = 0; j < i; ++j) less.push_back(std::to_string(100 + j));
    EXPECT_EQ(co_await found(db, Query(field("v") < texts[i])), joined(less)) << texts[i];
    EXPECT_EQ(co_await found(db, Query(field("v") == texts[i])), std::to_string(100 + i)) << texts[i];
  }
}

WEIR_RULE(Operators, operands_are_scalars,
          "an object or array operand is invalid_query; null only in eq, ne and in/not_in lists") {
  using enum Operator;
  for (const auto op : {eq, ne, lt, le, gt, ge, like, starts_with, contains, regex}) {
    for (const auto& bad : {Json::array(), Json::object(), list_of(1)}) {
      const auto made = test::outcome_now([&] { Query query(Filter("v", op, bad)); });
      EXPECT_TRUE(test::fails_with(made, errc::invalid_query)) << to_string(op) << " " << bad.dump();
    }
  }
  for (const auto op : {lt, le, gt, ge, like, not_like, ilike, starts_with, contains, regex}) {
    const auto made = test::outcome_now([&] { Query query(Filter("v", op, nullptr)); });
    EXPECT_TRUE(test::fails_with(made, errc::invalid_query)) << to_string(op) << " null";
  }
  for (const auto& bad : {list_of(1), list_of(1, 2, 3), list_of(1, nullptr), Json(1)}) {
    const auto made = test::outcome_now([&] { Query query(Filter("v", between, bad)); });
    EXPECT_TRUE(test::fails_with(made, errc::invalid_query)) << "between " << bad.dump();
  }
  for (const auto& bad : {Json(1), Json::object(), list_of(Json::array()), list_of(Json::object())}) {
    const auto made = test::outcome_now([&] { Query query(Filter("v", in, bad)); });
    EXPECT_TRUE(test::fails_with(made, errc::invalid_query)) << "in " << bad.dump();
  }
  for (const auto op : {like, not_like, ilike, starts_with, contains, regex}) {
    for (const auto& bad : {Json(1), Json(true)}) {
      const auto made = test::outcome_now([&] { Query query(Filter("v", op, bad)); });
      EXPECT_TRUE(test::fails_with(made, errc::invalid_query)) << "pattern operators take strings: " << to_string(op);
    }
  }
  co_return;
}

WEIR_RULE(Operators, and_or_not, "empty `and` is true, empty `or` false; they nest") {
  co_await store(db, record("a", R"({"x": 1, "y": 1})"), record("b", R"({"x": 1})"), record("c", R"({"y": 1})"),
                 record("d"));
  auto with = [&](const char* json) { return found(db, Query(Filter::from_json(Json::parse(json)))); };
  EXPECT_EQ(co_await with(R"({"and": []})"), "a b c d");
  EXPECT_EQ(co_await with(R"({"or": []})"), "");
  EXPECT_EQ(co_await with(R"({"not": {"or": []}})"), "a b c d");
  EXPECT_EQ(co_await found(db, "x = 1 and y = 1"), "a");
  EXPECT_EQ(co_await found(db, "x = 1 or y = 1"), "a b c");
  EXPECT_EQ(co_await found(db, "not (x = 1 or y = 1)"), "d");
  EXPECT_EQ(co_await found(db, "not x = 1 and not y = 1"), "d");
  EXPECT_EQ(co_await found(db, "not (x = 1 and y = 1)"), "b c d");
  Query twice;
  twice.where(field("x") == 1).where(field("y") == 1);
  EXPECT_EQ(co_await found(db, twice), "a");
  EXPECT_EQ(co_await found(db, Query{}), "a b c d");
}

WEIR_RULE(Operators, deep_and_wide_filters, "filters nest deeply and are wide") {
  co_await store(db, record("a", R"({"n": 1})"), record("b", R"({"n": 2})"));
  Filter deep = field("n") == 1;
  for (int i = 0; i < 60; ++i) deep = !deep;
  EXPECT_EQ(co_await found(db, Query(deep)), "a");
  Filter wide = field("n") == 1;
  for (int i = 0; i < 400; ++i) wide = wide || field("n") == 1000 + i;
  EXPECT_EQ(co_await found(db, Query(wide)), "a");
}

WEIR_RULE(Operators, match_where_there_is_full_text, "match is full text, where capabilities().full_text") {
  co_await store(db, record("a", R"({"v": "the quick brown fox"})"), record("b", R"({"v": "slow"})"));
  const Query query(field("v").match("quick"));
  if (db.capabilities().full_text) {
    EXPECT_EQ(co_await found(db, query), "a");
  } else {
    EXPECT_FAILS(db.search(query), unsupported);
    EXPECT_FAILS(db.count(query), unsupported);
    EXPECT_FAILS(drained(db.stream(query)), unsupported);
  }
}

WEIR_RULE(Operators, values_are_never_code, "every value a user gives is bound or escaped") {
  const std::vector<std::string> texts{
      "'; DROP TABLE records; --", "\" OR 1=1 --", "\\", "%' OR '1'='1", "${x}", "$1", "?1", ":id", "@p"};
  std::vector<Record> records{record("bystander", R"({"v": "x"})")};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Record one;
    one.id = std::to_string(i);
    one.fields["v"] = texts[i];
    records.push_back(std::move(one));
  }
  co_await store(db, records);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto id = std::to_string(i);
    EXPECT_EQ(co_await found(db, Query(field("v") == texts[i])), id) << texts[i];
    EXPECT_EQ(co_await found(db, Query(field("v").starts_with(texts[i]))), id) << texts[i];
    EXPECT_EQ(co_await found(db, Query(field("v").contains(texts[i]))), id) << texts[i];
    EXPECT_EQ(co_await found(db, Query(field("v").in(texts[i]))), id) << texts[i];
  }
  EXPECT_EQ(co_await db.count(), records.size());
}

WEIR_RULE(Operators, random_complements, "There is no third truth value; SQL's NULL must not leak") {
  test::Random random(test::seed() + 11);
  const auto mixing = test.licences().one_type_per_path ? test::Mixing::one_per_path : test::Mixing::mixed;
  const auto records = test::random_records(random, 60, mixing);
  co_await store(db, records);
  // Where each record that a query looks at is a request, a few.
  const int queries = test.backend().request_for_each_record ? 6 : 200;
  for (int i = 0; i < queries; ++i) {
    const auto json = test::random_comparison(random, mixing);
    const auto filter = Filter::from_json(json);
    const auto there = co_await outcome_of([&] { return db.count(Query(filter)); });
    if (test.licences().pattern_limits && there.is(errc::unsupported)) continue;
    EXPECT_TRUE(test::succeeds(there)) << json.dump();
    const auto positive = co_await db.count(Query(filter));
    const auto negative = co_await db.count(Query(!filter));
    const auto either = co_await db.count(Query(filter || !filter));
    const auto neither = co_await db.count(Query(filter && !filter));
    EXPECT_EQ(positive + negative, records.size()) << json.dump();
    EXPECT_EQ(either, records.size()) << json.dump();
    EXPECT_EQ(neither, 0u) << json.dump();
  }
}

}  // namespace weir::conformance
