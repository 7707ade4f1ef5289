#include "support.hpp"

#include <weir/path.hpp>

namespace weir::core::test {
namespace {

using Keys = std::vector<std::string>;

std::vector<Json> values(std::string_view fields, std::string_view path) {
  std::vector<Json> out;
  for_each_value(json(fields), Path::parse(path), [&](const Json& value) { out.push_back(value); });
  return out;
}

// "`a.b.c` walks nested objects; `\.` is a dot inside a key, `\\` a backslash"
TEST(Path, DotsSeparateKeysAndTwoEscapesExist) {
  EXPECT_EQ(Path::parse("a").keys(), Keys{"a"});
  EXPECT_EQ(Path::parse("a.b.c").keys(), (Keys{"a", "b", "c"}));
  EXPECT_EQ(Path::parse(R"(a\.b.c)").keys(), (Keys{"a.b", "c"}));
  EXPECT_EQ(Path::parse(R"(a\\.b)").keys(), (Keys{"a\\", "b"}));
  EXPECT_EQ(Path::parse(R"(\.\\)").keys(), Keys{".\\"});
  EXPECT_EQ(Path::parse("a b.ü.🙂.%_*'\"").keys(), (Keys{"a b", "ü", "🙂", "%_*'\""}));
}

// "any other escape, or an empty segment, is `invalid_query`"
TEST(Path, OtherEscapesAndEmptySegmentsAreInvalidQueries) {
  for (const char* text : {"", ".", "a.", ".a", "a..b", "\\", "a\\", "a\\b", "a\\n", "a.\\ ", "\\/"})
    EXPECT_FAILURE(errc::invalid_query, "path", Path::parse(text));
  EXPECT_FAILURE(errc::invalid_query, "UTF-8", Path::parse("a\xFF"));
  EXPECT_FAILURE(errc::invalid_query, "U+0000", Path::parse(std::string_view("a\0b", 3)));
  EXPECT_FAILURE(errc::invalid_query, "without keys", Path(Keys{}));
  EXPECT_FAILURE(errc::invalid_query, "empty segment", Path(Keys{"a", ""}));
}

TEST(Path, MoreKeysThanARecordCanBeDeepAreRefused) {
  std::string text = "a";
  for (std::size_t i = 1; i < Path::max_keys; ++i) text += ".a";
  EXPECT_EQ(Path::parse(text).keys().size(), Path::max_keys);
  EXPECT_FAILURE(errc::invalid_query, "100", Path::parse(text + ".a"));
  EXPECT_FAILURE(errc::invalid_query, "100", Path(Keys(Path::max_keys + 1, "a")));
}

TEST(Path, TextIsReadBackToTheSamePath) {
  for (const Keys& keys : {Keys{"a"}, Keys{"a.b", "c\\"}, Keys{".", "\\", "..", "\\."}, Keys{" ", "ü`"}})
    EXPECT_EQ(Path::parse(Path(keys).to_string()).keys(), keys);
}

// "Digits are keys, never indexes."
TEST(Values, DigitsAreKeysNeverIndexes) {
  EXPECT_EQ(values(R"({"a":[10,20]})", "a.0"), std::vector<Json>{});
  EXPECT_EQ(values(R"({"a":{"0":5}})", "a.0"), std::vector<Json>{5});
  EXPECT_EQ(values(R"({"a":[{"0":5}]})", "a.0"), std::vector<Json>{5});
}

// "The values at a path are the non-null scalars reached. An array on the way or at the end, also inside arrays, stands
// for its elements"
TEST(Values, AreTheNonNullScalarsReached) {
  EXPECT_EQ(values(R"({"a":1})", "a"), std::vector<Json>{1});
  EXPECT_EQ(values(R"({"a":{"b":"x"}})", "a.b"), std::vector<Json>{"x"});
  EXPECT_EQ(values(R"({"a":[1,null,"x",true,{"b":2},[3,[4]]]})", "a"), (std::vector<Json>{1, "x", true, 3, 4}));
  EXPECT_EQ(values(R"({"a":[{"b":1},{"b":[2,[3]]},{"c":4},5,[{"b":6}]]})", "a.b"), (std::vector<Json>{1, 2, 3, 6}));
  EXPECT_EQ(values(R"({"a":[[[[[[[[1]]]]]]]]})", "a"), std::vector<Json>{1});
  EXPECT_EQ(values(R"({"a":1})", "a.b"), std::vector<Json>{});
  EXPECT_EQ(values(R"({"a":false})", "a"), std::vector<Json>{false});
  EXPECT_EQ(values(R"({"a":""})", "a"), std::vector<Json>{""});
}

// "null, missing, `[]`, `[null]`, `{}` and `{"b": null}` are all "no value"."
TEST(Values, OfNullMissingAndEmptyContainersThereAreNone) {
  for (const char* fields : {R"({"a":null})", "{}", R"({"a":[]})", R"({"a":[null]})", R"({"a":{}})",
                             R"({"a":{"b":null}})", R"({"a":[[],[null]]})"}) {
    EXPECT_EQ(values(fields, "a"), std::vector<Json>{}) << fields;
    EXPECT_FALSE(exists(json(fields), Path::parse("a"))) << fields;
  }
}

// "`exists` is true when a non-null scalar is at the path or below it."
TEST(Values, ExistWhenAScalarIsAtThePathOrBelow) {
  for (const char* fields : {R"({"a":0})", R"({"a":""})", R"({"a":false})", R"({"a":{"b":1}})",
                             R"({"a":{"b":{"c":[[false]]}}})", R"({"a":[null,1]})", R"({"a":[{"b":null},{"b":0}]})"})
    EXPECT_TRUE(exists(json(fields), Path::parse("a"))) << fields;
  EXPECT_TRUE(exists(json(R"({"a":[{"b":{"c":1}}]})"), Path::parse("a.b")));
  EXPECT_FALSE(exists(json(R"({"a":[{"b":{"c":null}},1]})"), Path::parse("a.b")));
  EXPECT_FALSE(exists(json(R"({"a":1})"), Path::parse("a.b")));
}

TEST(Values, StopAtTheFirstThatIsWanted) {
  int seen = 0;
  EXPECT_TRUE(
      any_value(json(R"({"a":[1,2,3]})"), Path::parse("a"), [&](const Json& value) { return ++seen, value == 2; }));
  EXPECT_EQ(seen, 2);
}

TEST(Values, NotANumberIsNone) {
  Json fields = {{"a", std::numeric_limits<double>::quiet_NaN()}};
  EXPECT_FALSE(exists(fields, Path::parse("a")));
  EXPECT_FALSE(any_value(fields, Path::parse("a"), [](const Json&) { return true; }));
}

// No record that a store took is nested so; one that a program made is refused instead of overflowing the stack.
TEST(Values, OfHostileNestingAreRefused) {
  Json arrays = 1;
  Json objects = 1;
  for (int i = 0; i < 100'000; ++i) {
    arrays = Json::array({std::move(arrays)});
    objects = Json{{"a", std::move(objects)}};
  }
  Json fields = Json::object();
  fields["a"] = std::move(arrays);
  EXPECT_FAILURE(errc::invalid_argument, "deeper",
                 any_value(fields, Path::parse("a"), [](const Json&) { return false; }));
  EXPECT_FAILURE(errc::invalid_argument, "deeper", exists(fields, Path::parse("a")));
  EXPECT_FAILURE(errc::invalid_argument, "deeper", exists(objects, Path::parse("a")));
}

}  // namespace
}  // namespace weir::core::test
