#include "backends/postgresql/sql/json_path.hpp"

#include "backends/postgresql/sql/index_condition.hpp"
#include "backends/postgresql/sql/pattern.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace weir::postgres {
namespace {

const std::string through = "[*][*][*][*][*][*][*][*]";

// The condition alone, behind the path `a`.
std::string condition(Operator op, const Json& value) {
  const Filter filter("a", op, value);
  const std::string text = json_path(*filter.node().comparison);
  const std::string begin = "$.\"a\"" + through + " ? (";
  EXPECT_TRUE(text.starts_with(begin) && text.ends_with(')')) << text;
  return text.substr(begin.size(), text.size() - begin.size() - 1);
}

TEST(JsonPath, keys_are_quoted_and_arrays_looked_through) {
  EXPECT_EQ(json_path(Path::parse("a.b")), "$.\"a\"" + through + ".\"b\"" + through);
  EXPECT_EQ(json_path(Path(std::vector<std::string>{"q\"\\\n$"})), "$.\"q\\\"\\\\\\n$\"" + through);
}

TEST(JsonPath, comparisons) {
  struct Row {
    Operator op;
    Json value;
    std::string text;
  };
  const std::vector<Row> rows{
      {Operator::eq, 5, "@ == 5"},
      {Operator::eq, "x\"y", "@ == \"x\\\"y\""},
      {Operator::eq, true, "@ == true"},
      {Operator::eq, -0.0, "@ == 0.0"},
      {Operator::eq, 1152921504606846976.0, "@ == 1152921504606846976.0"},
      {Operator::eq, 1e300, "@ == 1e+300"},
      {Operator::le, -5, "@ <= -5"},
      {Operator::between, Json::array({1, 2}), "@ >= 1 && @ <= 2"},
      {Operator::in, Json::array({1, 2, "x"}), "(@ == 1 || (@ == 2 || @ == \"x\"))"},
      {Operator::starts_with, "50%", "@ starts with \"50%\""},
      {Operator::contains, "a.b", "@ like_regex \"a.b\" flag \"q\""},
      {Operator::contains, "", "@.type() == \"string\""},
      {Operator::like, "abc", "@ == \"abc\""},
      {Operator::like, "", "@ == \"\""},
      {Operator::like, "abc%", "@ starts with \"abc\""},
      {Operator::like, "a_%.", "@ like_regex \"^(?:a..*\\\\.)$\" flag \"s\""},
      {Operator::ilike, "aZ1", "@ like_regex \"^(?:[aA][zZ]1)$\" flag \"s\""},
      {Operator::regex, "a|b+", "@ like_regex \"^(?:a|(?:b){1,})$\" flag \"s\""},
  };
  for (const Row& row : rows) EXPECT_EQ(condition(row.op, row.value), row.text);
}

TEST(JsonPath, a_long_list_is_balanced) {
  Json list = Json::array();
  for (int i = 0; i < 20'000; ++i) list.push_back(i);
  const std::string text = condition(Operator::in, list);
  int depth = 0;
  int deepest = 0;
  for (const char c : text) {
    if (c == '(') deepest = std::max(deepest, ++depth);
    if (c == ')') --depth;
  }
  EXPECT_EQ(depth, 0);
  EXPECT_LE(deepest, 16);
}

TEST(JsonPath, full_text_is_unsupported) {
  const Filter filter("a", Operator::match, "x");
  EXPECT_THROW(json_path(*filter.node().comparison), Error);
}

TEST(Pattern, everything_special_is_escaped) {
  EXPECT_EQ(regular_expression(LikePattern::parse("\\%[a]^$.*+?(){}|\\\\")),
            "^(?:\\%\\[a\\]\\^\\$\\.\\*\\+\\?\\(\\)\\{\\}\\|\\\\)$");
  EXPECT_EQ(regular_expression(LikePattern::parse("ä%")), "^(?:ä.*)$");
  EXPECT_EQ(regular_expression(Regex::parse("[^a-z\\]]{2,3}(x|yz)?.")), "^(?:(?:[^a-z\\]]){2,3}(?:x|yz){0,1}.)$");
}

TEST(Prefix, its_end_is_the_next_code_point) {
  EXPECT_EQ(end_of_prefix("ab"), "ac");
  EXPECT_EQ(end_of_prefix("a\U0010FFFF"), "b");
  EXPECT_EQ(end_of_prefix("\U0010FFFF"), std::nullopt);
  EXPECT_EQ(end_of_prefix("\uD7FF"), "\uE000") << "there are no surrogates in UTF-8";
  EXPECT_EQ(end_of_prefix(""), std::nullopt);
}

}  // namespace
}  // namespace weir::postgres
