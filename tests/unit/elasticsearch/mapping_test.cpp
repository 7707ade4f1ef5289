// What an index knows, what is refused before it is written, and how new fields become known.
#include "backends/elasticsearch/mapping.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::elasticsearch {
namespace {

std::string refusal(const Mapping& mapping, const Json& fields, errc* code = nullptr) {
  try {
    (void)mapping.check(fields);
  } catch (const Error& error) {
    if (code != nullptr) *code = error.kind();
    return error.what();
  }
  return {};
}

TEST(Mapping, WhatARecordNeedsIsFoundOnce) {
  Mapping mapping;
  const auto missing =
      mapping.check(Json::parse(R"({"a": 1, "b": {"c": ["x", null, "y"], "d": true}, "e": null, "f": [], "g": {}})"))
          .missing;
  ASSERT_EQ(missing.size(), 3U);
  EXPECT_EQ(missing[1].keys, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(missing[1].kind, FieldKind::keyword);
  EXPECT_EQ(
      Mapping::put_mapping_body({missing[0]}).dump(),
      R"({"properties":{"fields":{"properties":{"a":{"coerce":false,"fields":{"l":{"coerce":true,"ignore_malformed":true,"type":"long"}},"type":"double"}}},)"
      R"("order":{"properties":{"max":{"properties":{"a":{"type":"long"}}},"min":{"properties":{"a":{"type":"long"}}}}}}})");
  mapping.add(missing);
  EXPECT_EQ(mapping.find(Path::parse("a"))->kind, FieldKind::number);
  EXPECT_EQ(mapping.find(Path::parse("a"))->exact_integer, "fields.a.l");
  EXPECT_EQ(mapping.find(Path::parse("b"))->kind, FieldKind::object);
  EXPECT_EQ(mapping.find(Path::parse("b.c"))->full_text, "fields.b.c.t");
  EXPECT_EQ(mapping.find(Path::parse("b.x")), nullptr);
  EXPECT_TRUE(mapping.check(Json::parse(R"({"a": 2.5, "b": {"c": "z"}})")).missing.empty());
}

TEST(Mapping, WhatDoesNotFitIsRefusedByItsPath) {
  Mapping mapping;
  mapping.add({{{"n"}, FieldKind::number}, {{"s"}, FieldKind::keyword}, {{"o", "x"}, FieldKind::boolean}});
  for (const auto& [fields, path] :
       std::vector<std::pair<Json, std::string>>{{{{"n", "x"}}, "field n "},
                                                 {{{"n", Json::array({1, true})}}, "field n "},
                                                 {{{"s", 1}}, "field s "},
                                                 {{{"o", 1}}, "field o "},
                                                 {{{"o", {{"x", "true"}}}}, "field o.x "},
                                                 {{{"s", {{"y", 1}}}}, "field s "},
                                                 {{{"new", Json::array({1, "x"})}}, "field new "},
                                                 {{{"new", Json::array({1, {{"y", 1}}})}}, "field new "},
                                                 {{{"", 1}}, "empty"},
                                                 {{{"a.b", 1}}, "a.b"},
                                                 {{{"o", {{" ", 1}}}}, "blank"},
                                                 {{{"a*", 1}}, "a*"},
                                                 {{{"n", 9223372036854775808.0}}, "field n "},
                                                 {{{"n", 9223372036854775808ULL}}, "field n "}})
    EXPECT_NE(refusal(mapping, fields).find(path), std::string::npos) << fields << ": " << refusal(mapping, fields);
  EXPECT_EQ(refusal(mapping, {{"n", 1.5}, {"s", "x"}, {"o", {{"x", false}}}}), "");
}

TEST(Mapping, LongStringsAreRefusedAndNotLost) {
  Mapping mapping;
  errc code{};
  EXPECT_NE(refusal(mapping, {{"s", std::string(8192, 'x')}}, &code), "");
  EXPECT_EQ(code, errc::too_large);
  EXPECT_EQ(refusal(mapping, {{"s", std::string(8191, 'x')}}), "");
  std::string umlauts;
  for (int i = 0; i < 8191; ++i) umlauts += "\xC3\xA4";  // characters count, not bytes
  EXPECT_EQ(refusal(mapping, {{"s", umlauts}}), "");
}

TEST(Mapping, LongTextIsNoKeyword) {
  Mapping mapping({"essay"});
  const auto checked = mapping.check({{"essay", std::string(9000, 'x')}, {"title", "t"}});
  ASSERT_EQ(checked.missing.size(), 2U);
  EXPECT_EQ(checked.missing[0].kind, FieldKind::text);
  EXPECT_EQ(checked.missing[1].kind, FieldKind::keyword);
  mapping.add(checked.missing);
  EXPECT_EQ(refusal(mapping, {{"essay", std::string(9000, 'x')}}), "");
}

TEST(Mapping, IntegersBeyondDoublesHaveAnOrderOfTheirOwn) {
  const auto fields = Json::parse(R"({"a": 9007199254740993, "b": [1.5, 9007199254740992.0, -9223372036854775808],
                                      "c": {"d": [[5], 1e300]}, "e": "x"})");
  EXPECT_TRUE(Mapping().check(fields).large_numbers);
  EXPECT_FALSE(Mapping().check(Json::parse(R"({"a": 9007199254740991, "b": 1.5e300})")).large_numbers);
  const auto found = large_numbers(fields);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].keys, std::vector<std::string>{"a"});
  EXPECT_EQ(found[0].smallest, 9007199254740993);
  EXPECT_EQ(found[0].largest, 9007199254740993);
  EXPECT_EQ(found[1].smallest, INT64_MIN);
  EXPECT_EQ(found[1].largest, 9007199254740992);
}

TEST(Mapping, WhatAQueryNeedsToKnow) {
  Mapping mapping;
  mapping.add({{{"n"}, FieldKind::number}, {{"o", "s"}, FieldKind::keyword}});
  EXPECT_TRUE(mapping.knows(Query::parse("n > 1 and not (o.s = \"x\" or exists(o)) and id = \"1\"").order_by("n")));
  EXPECT_FALSE(mapping.knows(Query::parse("n > 1 and not (x = 1)")));
  EXPECT_FALSE(mapping.knows(Query().order_by("x")));
}

TEST(Mapping, PartsAreEven) {
  std::vector<int> counts(8);
  for (int i = 0; i < 8000; ++i) ++counts.at(part_of(std::to_string(i)) * 8 / parts);
  for (const auto count : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(Mapping, OursIsKnownByItsMark) {
  const auto body = Mapping::create_index_body(Json::parse(R"({"index": {"number_of_shards": 3}})"));
  EXPECT_EQ(body.at("settings").at("index").at("number_of_shards"), 3);
  EXPECT_EQ(body.at("settings").at("index").at("max_regex_length"), 10'000);
  Json answer = Json::object();
  answer["people"]["mappings"] = body.at("mappings");
  const auto mapping = Mapping::parse(answer);
  EXPECT_TRUE(mapping.ours());
  EXPECT_EQ(mapping.id_field(), "id");
}

TEST(Mapping, AnAliasOfSeveralIndexes) {
  const auto mapping = Mapping::parse(Json::parse(R"({
      "a": {"mappings": {"properties": {"x": {"type": "keyword"}, "y": {"type": "long"}}}},
      "b": {"mappings": {"properties": {"x": {"type": "keyword"}, "y": {"type": "keyword"}, "z": {"type": "boolean"}}}}})"));
  EXPECT_EQ(mapping.find(Path::parse("x"))->kind, FieldKind::keyword);
  EXPECT_EQ(mapping.find(Path::parse("y"))->kind, FieldKind::other);
  EXPECT_EQ(mapping.find(Path::parse("z"))->kind, FieldKind::boolean);
}

TEST(Mapping, WhatIsNone) {
  for (const char* text :
       {"[]", "{}", R"({"a": 1})", R"({"a": {"mappings": 1}})", R"({"a": {"mappings": {"properties": 1}}})",
        R"({"a": {"mappings": {"properties": {"x": 1}}}})"})
    EXPECT_THROW(Mapping::parse(Json::parse(text)), Error) << text;
}

}  // namespace
}  // namespace weir::elasticsearch
