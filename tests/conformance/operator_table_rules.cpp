// Each operator on each type, on arrays, on null and on nothing.

#include "conformance/suite.hpp"

#include <algorithm>
#include <set>
#include <sstream>

namespace weir::conformance {

WEIR_RULES(OperatorTable);

namespace {

// What the tables below are about. The ids say what is at "v".
std::vector<Record> subjects() {
  return {
      record("absent", "{}"),
      record("arr_empty", R"({"v": []})"),
      record("arr_null", R"({"v": [null]})"),
      record("arr_num", R"({"v": [1, 5]})"),
      record("arr_str", R"({"v": ["a", "c"]})"),
      record("arr_deep", R"({"v": [[2], [[7]]]})"),
      record("bool_f", R"({"v": false})"),
      record("bool_t", R"({"v": true})"),
      record("null", R"({"v": null})"),
      record("num_0", R"({"v": 0})"),
      record("num_1", R"({"v": 1})"),
      record("num_2_5", R"({"v": 2.5})"),
      record("num_5", R"({"v": 5.0})"),
      record("num_neg", R"({"v": -3})"),
      record("obj", R"({"v": {}})"),
      record("str_", R"({"v": ""})"),
      record("str_1", R"({"v": "1"})"),
      record("str_a", R"({"v": "a"})"),
      record("str_b", R"({"v": "b"})"),
      record("str_true", R"({"v": "true"})"),
  };
}
// Different types in one array: only where types may be mixed.
Record mixed_array() { return record("arr_mix", R"({"v": [1, "a", true, null]})"); }

struct Case {
  const char* filter;
  const char* ids;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      // eq
      {"v = 1", "arr_mix arr_num num_1"},
      {"v = 1.0", "arr_mix arr_num num_1"},
      {"v = 5", "arr_num num_5"},
      {"v = 7", "arr_deep"},
      {"v = 2.5", "num_2_5"},
      {"v = \"1\"", "str_1"},
      {"v = \"a\"", "arr_mix arr_str str_a"},
      {"v = \"\"", "str_"},
      {"v = true", "arr_mix bool_t"},
      {"v = false", "bool_f"},
      {"v = \"true\"", "str_true"},
      {"v = null", "absent arr_empty arr_null null obj"},
      // ne
      {"v != 1",
       "absent arr_deep arr_empty arr_null arr_str bool_f bool_t null num_0 num_2_5 num_5 num_neg obj str_ str_1 str_a "
       "str_b str_true"},
      {"v != \"a\"",
       "absent arr_deep arr_empty arr_null arr_num bool_f bool_t null num_0 num_1 num_2_5 num_5 num_neg obj str_ str_1 "
       "str_b str_true"},
      {"v != true",
       "absent arr_deep arr_empty arr_null arr_num arr_str bool_f null num_0 num_1 num_2_5 num_5 num_neg obj str_ "
       "str_1 str_a str_b str_true"},
      {"v != null",
       "arr_deep arr_mix arr_num arr_str bool_f bool_t num_0 num_1 num_2_5 num_5 num_neg str_ str_1 str_a str_b "
       "str_true"},
      // order
      {"v < 1", "num_0 num_neg"},
      {"v <= 1", "arr_mix arr_num num_0 num_1 num_neg"},
      {"v > 1", "arr_deep arr_num num_2_5 num_5"},
      {"v >= 5", "arr_deep arr_num num_5"},
      {"v > 1000000", ""},
      {"v < \"a\"", "str_ str_1"},
      {"v <= \"a\"", "arr_mix arr_str str_ str_1 str_a"},
      {"v > \"a\"", "arr_str str_b str_true"},
      {"v >= \"a\"", "arr_mix arr_str str_a str_b str_true"},
      {"v >= \"\"", "arr_mix arr_str str_ str_1 str_a str_b str_true"},
      {"v < true", "bool_f"},
      {"v <= true", "arr_mix bool_f bool_t"},
      {"v > false", "arr_mix bool_t"},
      {"v >= false", "arr_mix bool_f bool_t"},
      {"v < false", ""},
      {"v > true", ""},
      // between
      {"v between 1 and 2.5", "arr_deep arr_mix arr_num num_1 num_2_5"},
      {"v between 2 and 4", "arr_deep num_2_5"},
      {"v between 3 and 4", ""},
      {"v between 5 and 1", ""},
      {"v between \"a\" and \"b\"", "arr_mix arr_str str_a str_b"},
      {"v between false and true", "arr_mix bool_f bool_t"},
      {"v between 1 and \"z\"", ""},
      {"v between false and 9", ""},
      // in
      {"v in (1, \"b\", true)", "arr_mix arr_num bool_t num_1 str_b"},
      {"v in (0)", "num_0"},
      {"v in (\"1\", \"true\")", "str_1 str_true"},
      {"v in (null)", "absent arr_empty arr_null null obj"},
      {"v in (null, 0)", "absent arr_empty arr_null null num_0 obj"},
      {"v in (99, \"zz\")", ""},
      // text
      {"v like \"%\"", "arr_mix arr_str str_ str_1 str_a str_b str_true"},
      {"v like \"_\"", "arr_mix arr_str str_1 str_a str_b"},
      {"v like \"t%e\"", "str_true"},
      {"v like \"1\"", "str_1"},
      {"v ilike \"A\"", "arr_mix arr_str str_a"},
      {"v starts_with \"t\"", "str_true"},
      {"v starts_with \"\"", "arr_mix arr_str str_ str_1 str_a str_b str_true"},
      {"v contains \"ru\"", "str_true"},
      {"v contains \"\"", "arr_mix arr_str str_ str_1 str_a str_b str_true"},
      {"v regex \"[ab1]\"", "arr_mix arr_str str_1 str_a str_b"},
      {"v regex \"t.*\"", "str_true"},
      // presence
      {"exists(v)",
       "arr_deep arr_mix arr_num arr_str bool_f bool_t num_0 num_1 num_2_5 num_5 num_neg str_ str_1 str_a str_b "
       "str_true"},
      {"not exists(v)", "absent arr_empty arr_null null obj"},
  };
  return all;
}

// A store that wants one type per path gets the subjects of one type at a time; what is expected is cut accordingly.
std::vector<std::vector<Record>> data_sets(const Licences& licences) {
  auto all = subjects();
  if (!licences.one_type_per_path) {
    all.push_back(mixed_array());
    return {all};
  }
  std::vector<std::vector<Record>> sets(3);
  for (const auto& one : all) {
    const auto& id = one.id;
    const bool number = id.starts_with("num") || id == "arr_num" || id == "arr_deep";
    const bool text = id.starts_with("str") || id == "arr_str";
    const bool boolean = id.starts_with("bool");
    if (number || !(text || boolean)) sets[0].push_back(one);
    if (text || !(number || boolean)) sets[1].push_back(one);
    if (boolean || !(number || text)) sets[2].push_back(one);
  }
  return sets;
}

std::string cut_to(const std::string& ids, const std::vector<Record>& set) {
  const auto there = ids_of(set);
  std::istringstream in(ids);
  std::vector<std::string> out;
  for (std::string id; in >> id;)
    if (std::find(there.begin(), there.end(), id) != there.end()) out.push_back(id);
  return joined(out);
}

}  // namespace

WEIR_RULE(
    OperatorTable, each_on_each_type,
    "A comparison is true when some value at the path satisfies it; with no value it is false; types do not mix") {
  for (auto& set : data_sets(test.licences())) {
    auto fresh = co_await test.open_another();
    co_await store(fresh, set);
    for (const auto& one : cases()) {
      const auto expected = cut_to(one.ids, set);
      EXPECT_EQ(co_await found(fresh, one.filter), expected) << one.filter;
      auto query = Query::parse(one.filter);
      const auto number = co_await fresh.count(query);
      EXPECT_EQ(number,
                static_cast<std::uint64_t>(std::count(expected.begin(), expected.end(), ' ')) + !expected.empty())
          << "count of " << one.filter;
    }
    co_await fresh.close();
  }
}

WEIR_RULE(OperatorTable, negation_is_the_complement,
          "ne, not_in, not_between, not_like and ! are the exact complement, so they are true for records without the "
          "field") {
  for (auto& set : data_sets(test.licences())) {
    auto fresh = co_await test.open_another();
    co_await store(fresh, set);
    const auto everything = ids_of(set);
    for (const auto& one : cases()) {
      const auto positive = Query::parse(one.filter);
      const auto negative = Query(!positive.filter());
      const auto inside = co_await fresh.search(positive);
      const auto outside = co_await fresh.search(negative);
      std::set<std::string> both;
      for (const auto& each : inside) both.insert(each.id);
      for (const auto& each : outside)
        EXPECT_TRUE(both.insert(each.id).second) << each.id << " is in both: " << one.filter;
      EXPECT_EQ(both.size(), everything.size()) << one.filter;
    }
    using enum Operator;
    const std::vector<std::tuple<Operator, Operator, Json>> pairs{
        {eq, ne, 1},
        {eq, ne, "a"},
        {eq, ne, true},
        {eq, ne, nullptr},
        {in, not_in, list_of(1, "a")},
        {in, not_in, Json::array()},
        {in, not_in, list_of(nullptr)},
        {between, not_between, list_of(1, 3)},
        {between, not_between, list_of("a", 3)},
        {like, not_like, "_"},
        {exists, not_exists, nullptr},
    };
    for (const auto& [positive, negative, operand] : pairs) {
      const auto complement = co_await found(fresh, Query(!Filter("v", positive, operand)));
      EXPECT_EQ(co_await found(fresh, Query(Filter("v", negative, operand))), complement)
          << to_string(negative) << " " << operand.dump();
    }
    co_await fresh.close();
  }
}

}  // namespace weir::conformance
