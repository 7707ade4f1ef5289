#include "support.hpp"

namespace weir::core::test {
namespace {

// What the text means, written out in the one canonical way.
std::string read(std::string_view text) { return Filter::parse(text).to_string(); }

TEST(FilterText, ReadsTheExampleOfTheDocumentation) {
  const Filter filter = Filter::parse(
      R"(age >= 30 and (name like "A%" or not exists(email)) and tag in ("a", "b") and n between 1 and 5 and name starts_with "x" and id = "k")");
  EXPECT_EQ(filter.to_json(), json(R"({"and":[{"path":"age","op":"ge","value":30},
      {"or":[{"path":"name","op":"like","value":"A%"},{"not":{"path":"email","op":"exists"}}]},
      {"path":"tag","op":"in","value":["a","b"]},{"path":"n","op":"between","value":[1,5]},
      {"path":"name","op":"starts_with","value":"x"},{"id":true,"op":"eq","value":"k"}]})"));
}

TEST(FilterText, ReadsEveryOperator) {
  const std::vector<std::pair<std::string_view, std::string_view>> table{{"a = 1", "eq"},
                                                                         {"a == 1", "eq"},
                                                                         {"a != 1", "ne"},
                                                                         {"a <> 1", "ne"},
                                                                         {"a < 1", "lt"},
                                                                         {"a <= 1", "le"},
                                                                         {"a > 1", "gt"},
                                                                         {"a >= 1", "ge"},
                                                                         {"a in (1)", "in"},
                                                                         {"a not in (1)", "not_in"},
                                                                         {"a not_in (1)", "not_in"},
                                                                         {"a between 1 and 2", "between"},
                                                                         {"a not between 1 and 2", "not_between"},
                                                                         {"a not_between 1 and 2", "not_between"},
                                                                         {"a like 'x'", "like"},
                                                                         {"a not like 'x'", "not_like"},
                                                                         {"a not_like 'x'", "not_like"},
                                                                         {"a ilike 'x'", "ilike"},
                                                                         {"a starts_with 'x'", "starts_with"},
                                                                         {"a contains 'x'", "contains"},
                                                                         {"a regex 'x'", "regex"},
                                                                         {"a match 'x'", "match"},
                                                                         {"exists(a)", "exists"},
                                                                         {"not_exists(a)", "not_exists"},
                                                                         {"a IN (1)", "in"},
                                                                         {"a NOT Like 'x'", "not_like"},
                                                                         {"EXISTS(a)", "exists"},
                                                                         {"a<1", "lt"},
                                                                         {"a in(1,2 , 3)", "in"}};
  for (const auto& [text, op] : table) {
    const Filter filter = Filter::parse(text);
    ASSERT_TRUE(filter.node().comparison) << text;
    EXPECT_EQ(to_string(filter.node().comparison->op), op) << text;
  }
  // No operator of its own, but the complement all the same.
  for (const char* text :
       {"a not ilike 'x'", "a not starts_with 'x'", "a not contains 'x'", "a not regex 'x'", "a not match 'x'"}) {
    const Filter filter = Filter::parse(text);
    EXPECT_EQ(filter.node().kind, FilterNode::Kind::negation) << text;
  }
}

TEST(FilterText, NotBindsMoreThanAndMoreThanOr) {
  EXPECT_EQ(read("a = 1 or b = 2 and c = 3"), "a = 1 or (b = 2 and c = 3)");
  EXPECT_EQ(read("a = 1 and b = 2 or c = 3"), "(a = 1 and b = 2) or c = 3");
  EXPECT_EQ(read("not a = 1 and b = 2"), "not a = 1 and b = 2");
  EXPECT_EQ(Filter::parse("not a = 1 and b = 2").node().kind, FilterNode::Kind::all_of);
  EXPECT_EQ(read("not (a = 1 and b = 2)"), "not (a = 1 and b = 2)");
  EXPECT_EQ(read("not not a = 1"), "not not a = 1");
  EXPECT_EQ(read("((a = 1))"), "a = 1");
  EXPECT_EQ(read("n between 1 and 5 and m = 2"), "n between 1 and 5 and m = 2");
  EXPECT_EQ(read("A=1 AND (B=2 OR NOT C=3)"), "A = 1 and (B = 2 or not C = 3)");
}

TEST(FilterText, ReadsValues) {
  const std::vector<std::pair<std::string_view, Json>> table{
      {"1", 1},
      {"-1", -1},
      {"0", 0},
      {"1.5", 1.5},
      {"-1.5e3", -1500.0},
      {"1E2", 100.0},
      {"1e19", 1e19},
      {"true", true},
      {"FALSE", false},
      {"null", nullptr},
      {"\"x\"", "x"},
      {"'x'", "x"},
      {"'say \"hi\"'", "say \"hi\""},
      {"\"it's\"", "it's"},
      {R"("\n\t\"\\\/\u00e9\ud83d\ude42")", "\n\t\"\\/é🙂"},
      {R"('it\'s \"')", "it's \""},
      {"\"\"", ""},
      {"'ü🙂'", "ü🙂"},
      {"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
      {"5e-324", 5e-324},
      {"1e-999", 0.0}};
  for (const auto& [text, value] : table) {
    const Filter filter = Filter::parse("a = " + std::string(text));
    EXPECT_EQ(filter.node().comparison->value, value) << text;
    EXPECT_EQ(filter.node().comparison->value.is_number_float(), value.is_number_float()) << text;
  }
}

TEST(FilterText, ReadsPaths) {
  using Keys = std::vector<std::string>;
  const std::vector<std::pair<std::string_view, Keys>> table{{"a", {"a"}},
                                                             {"a.b.c", {"a", "b", "c"}},
                                                             {"_x", {"_x"}},
                                                             {"@timestamp", {"@timestamp"}},
                                                             {"$x", {"$x"}},
                                                             {"first-name", {"first-name"}},
                                                             {"a.0.b", {"a", "0", "b"}},
                                                             {R"(a\.b)", {"a.b"}},
                                                             {"größe", {"größe"}},
                                                             {"名.前", {"名", "前"}},
                                                             {"`first name`", {"first name"}},
                                                             {"`a.b`", {"a", "b"}},
                                                             {R"(`a\.b`)", {"a.b"}},
                                                             {"`a``b`", {"a`b"}},
                                                             {"`and`", {"and"}},
                                                             {"`id`", {"id"}},
                                                             {"id.x", {"id", "x"}},
                                                             {"`0`", {"0"}},
                                                             {"in", {"in"}},
                                                             {"like", {"like"}},
                                                             {"exists", {"exists"}},
                                                             {"contains", {"contains"}},
                                                             {"`=`", {"="}},
                                                             {R"(\\)", {"\\"}},
                                                             {"Id", {"Id"}},
                                                             {"`\"x\"`", {"\"x\""}},
                                                             {"order", {"order"}}};
  for (const auto& [text, keys] : table) {
    const Filter filter = Filter::parse(std::string(text) + " = 1");
    EXPECT_FALSE(filter.node().comparison->on_id) << text;
    EXPECT_EQ(filter.node().comparison->path.keys(), keys) << text;
    EXPECT_EQ(Filter::parse(filter.to_string()).node().comparison->path.keys(), keys) << filter.to_string();
  }
  EXPECT_TRUE(Filter::parse("id = 1").node().comparison->on_id);
  EXPECT_TRUE(Filter::parse("exists(id)").node().comparison->on_id);
  EXPECT_EQ(read("in in (1) and like like 'x'"), "in in (1) and like like \"x\"");
}

TEST(FilterText, TrueAndFalseAreFilters) {
  EXPECT_TRUE(Filter::parse("true").compare(Record{}));
  EXPECT_FALSE(Filter::parse("false").compare(Record{}));
  EXPECT_EQ(read("true and not false"), "true and not false");
  EXPECT_EQ(Filter{}.to_string(), "true");
  EXPECT_EQ((!Filter{}).to_string(), "false");
}

TEST(FilterText, SpaceIsFree) {
  EXPECT_EQ(read(" \t\r\n a\n=\t1\nand(b=2)or c in(1)"), "(a = 1 and b = 2) or c in (1)");
  EXPECT_EQ(read("exists ( a )"), "exists(a)");
  EXPECT_EQ(read("a=-1"), "a = -1");
}

struct Fault {
  std::string_view text;
  std::string_view part;  // of the message
};

// "errors give position, the offending token and what was expected"
TEST(FilterText, FaultsNameThePositionTheWordAndWhatWasExpected) {
  for (const Fault& fault : std::vector<Fault>{
           {"", "at character 1: expected a path, `not`, `exists(…)` or `(`, found the end"},
           {"   ", "at character 4: expected a path"},
           {"age", "at character 4: expected an operator (= != < <= > >= in between like"},
           {"age foo 3", "at character 5: expected an operator"},
           {"age foo 3", "found `foo`"},
           {"age >=", "at character 7: expected a value, found the end"},
           {"age >= and", "at character 8: expected a value (text stands in quotes"},
           {"a = b", "fields are not compared with each other), found `b`"},
           {"a = 1 b = 2", "at character 7: expected `and`, `or` or the end, found `b`"},
           {"a = 1 and", "at character 10: expected a path"},
           {"a = 1 or or b = 2", "at character 10: expected a path, `not`, `exists(…)` or `(`, found `or`"},
           {"(a = 1", "expected `and`, `or` or `)`, found the end"},
           {"a = 1)", "at character 6: expected `and`, `or` or the end, found `)`"},
           {"a in 1", "expected `(` and a list of values, found `1`"},
           {"a in (1", "expected `,` or `)`, found the end"},
           {"a in (1 2)", "expected `,` or `)`, found `2`"},
           {"a in (1,)", "expected a value, found `)`"},
           {"a in (,)", "expected a value, found `,`"},
           {"a between 1", "expected `and` between two ends, found the end"},
           {"a between 1 or 2", "expected `and` between two ends, found `or`"},
           {"exists(5)", "expected a path"},
           {"exists(a", "expected `)`, found the end"},
           {"exists(a, b)", "expected `)`, found `,`"},
           {"exists a", "expected an operator"},
           {"a = \"x", "at character 5: a string without its closing quote"},
           {"a = 'x\"", "at character 5: a string without its closing quote"},
           {R"(a = "\x")", "at character 6: an unknown escape"},
           {R"(a = "\ud83d")", "half of a surrogate pair"},
           {R"(a = "\ude42")", "half of a surrogate pair"},
           {"a = \"x\ny\"", "a control character"},
           {"a = \"\xFF\"", "not valid UTF-8"},
           {"`a = 1", "at character 1: a path without its closing backquote"},
           {"a = 01", "at character 5: a malformed number"},
           {"a = 1.", "a malformed number"},
           {"a = 1e", "a malformed number"},
           {"a = 1x", "a malformed number"},
           {"a = .5", "expected a filter, found `.`"},
           {"a = +5", "expected a filter, found `+`"},
           {"a = 9223372036854775808", "an integer outside -2^63 to 2^63-1"},
           {"a = -9223372036854775809", "an integer outside"},
           {"a = 1e999", "too large for a double"},
           {"a & b", "expected a filter, found `&`"},
           {"a = 1 && b = 2", "at character 7: expected a filter, found `&`"},
           {"größe ? 1", "at character 7: expected a filter, found `?`"},
           {"a..b = 1", "an empty segment"},
           {"a. = 1", "an empty segment"},
           {R"(a\n = 1)", "the only escapes"},
           {"`` = 1", "an empty segment"},
           {"a not = 1", "expected an operator"},
           {"a not not_in (1)", "expected an operator"},
           {"and = 1", "expected a path"},
           {"null = 1", "expected a path"},
           {"5 = a", "expected a path"},
           {"\"a\" = 1", "expected a path"},
           {"a < null", "\"a\" lt: null"},
           {"a like 5", "\"a\" like: the operand is a string"},
           {"a.b regex \"(\"", "\"a.b\" regex: at character 2 of the expression"},
           {"not", "at character 4: expected a path"},
           {"()", "expected a path"}})
    EXPECT_FAILURE(errc::invalid_query, fault.part, Filter::parse(fault.text));
}

TEST(FilterText, LongWordsAreCutInMessages) {
  const auto error = error_of([] { return Filter::parse("a = " + std::string(100'000, 'x')); });
  ASSERT_TRUE(error);
  EXPECT_LT(std::string_view(error->what()).size(), 300U);
}

// No input ends the process: neither a deep one nor a long one.
TEST(FilterText, HostileInputIsRefused) {
  for (const std::string_view piece : {"(", "not ", "not(", "a=1 and (", "a=1 or (b=2 and ("}) {
    std::string text;
    while (text.size() < 1'000'000) text += piece;
    EXPECT_FAILURE(errc::invalid_query, "deeper", Filter::parse(text));
  }
  const std::string big(1'000'000, 'x');
  EXPECT_NO_THROW(Filter::parse("a = \"" + big + "\""));
  EXPECT_TRUE(Filter::parse("a like \"%" + big + "%\"").compare(Record{}.set("a", "y" + big)));
  EXPECT_FALSE(Filter::parse("a contains \"" + big + "\"").compare(Record{}.set("a", "y")));
  EXPECT_FAILURE(errc::invalid_query, "1000", Filter::parse("a regex \"" + big + "\""));
  std::string long_list = "a in (0";
  for (int i = 1; i < 100'000; ++i) long_list += "," + std::to_string(i);
  EXPECT_TRUE(Filter::parse(long_list + ")").compare(record(R"({"a":77777})")));
  std::string many = "a = 0";
  for (int i = 0; i < 100'000; ++i) many += " or a = 1";
  EXPECT_FAILURE(errc::invalid_query, "parts", Filter::parse(many));
}

TEST(FilterText, ParenthesesMayGoDeepWhereTheFilterDoesNot) {
  std::string text = "a = 1";
  for (int i = 0; i < 150; ++i) text = "(" + text + ")";
  EXPECT_EQ(read(text), "a = 1");
}

// The time of a match is bounded by text and pattern, not by their product.
TEST(FilterText, HostilePatternsEndSoon) {
  const Record r = Record{}.set("a", std::string(200'000, 'a'));
  EXPECT_FALSE(field("a").contains(std::string(100'000, 'a') + "b").compare(r));
  EXPECT_FALSE(field("a").like("%" + std::string(100'000, 'a') + "b%").compare(r));
  std::string runs;
  for (int i = 0; i < 50'000; ++i) runs += "%a";
  EXPECT_FALSE(field("a").like(runs + "%b").compare(r));
  EXPECT_FALSE(field("a").like(runs + "%b%").compare(r));
}

}  // namespace
}  // namespace weir::core::test
