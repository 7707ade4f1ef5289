// What is sent.
#include "backends/elasticsearch/requests.hpp"

#include "backends/elasticsearch/query_dsl.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>

#include <string>

namespace weir::elasticsearch {
namespace {

Record with(std::string id, const char* fields) {
  Record out(Json::parse(fields));
  out.id = std::move(id);
  return out;
}

TEST(Requests, AnyIdIsOneSegment) {
  EXPECT_EQ(encode_segment("abc-1_~"), "abc-1_~");
  EXPECT_EQ(encode_segment(".."), "%2E%2E");
  EXPECT_EQ(encode_segment("a/b?c=d&e#f+g h%20"), "a%2Fb%3Fc%3Dd%26e%23f%2Bg%20h%2520");
  EXPECT_EQ(encode_segment("\xF0\x9F\x98\x80\n\""), "%F0%9F%98%80%0A%22");
}

TEST(Requests, Parameters) {
  EXPECT_EQ(query_string({}), "");
  EXPECT_EQ(query_string({{"a", ""}, {"b", "1"}, {"c", ""}, {"d", "2"}}), "?b=1&d=2");
}

TEST(Requests, ADocumentOfOurs) {
  auto record = with("x", R"({"a": 1, "b": [1.5, -0.0], "big": 1152921504606846976.0})");
  EXPECT_EQ(make_source(Mapping(), record, CheckedFields(), ""),
            R"({"id":"x","part":)" + std::to_string(part_of("x")) +
                R"(,"fields":{"a":1,"b":[1.5,0.0],"big":1152921504606846976.0}})");
  record.metadata["m"] = true;
  const auto source = Json::parse(make_source(Mapping(), record, Mapping().check(record.fields), ""));
  EXPECT_EQ(source.at("metadata").dump(), R"({"m":true})");
  EXPECT_EQ(source.at("order").dump(), R"({"max":{"big":1152921504606846976},"min":{"big":1152921504606846976}})");
}

TEST(Requests, AnObjectWithoutAValueIsKeptBesideWhatIsIndexed) {
  Mapping mapping;
  mapping.add({{{"v"}, FieldKind::number}});
  for (const char* fields : {R"({"v": {}})", R"({"v": [1, {"x": null}], "o": {"p": {}}})", R"({"n": [{}, 5]})"}) {
    const auto record = with("x", fields);
    const auto source = Json::parse(make_source(mapping, record, mapping.check(record.fields), ""));
    EXPECT_EQ(source.at("verbatim"), record.fields);
    EXPECT_EQ(source.at("fields").dump().find("{}", 2), std::string::npos) << source;
  }
  EXPECT_FALSE(mapping.check(Json::parse(R"({"o": {}, "v": 1})")).hollow_objects);
  EXPECT_THROW((void)mapping.check(Json::parse(R"({"v": {"x": 1}})")), Error);
  EXPECT_THROW((void)mapping.check(Json::parse(R"({"n": [{"x": 1}, 5]})")), Error);
}

TEST(Requests, ADocumentOfAForeignIndex) {
  const auto foreign =
      Mapping::parse(Json::parse(R"({"logs": {"mappings": {"properties": {"n": {"type": "long"}}}}})"));
  auto record = with("x", R"({"n": 1})");
  EXPECT_EQ(make_source(foreign, record, CheckedFields(), ""), R"({"n":1})");
  EXPECT_EQ(make_source(foreign, record, CheckedFields(), "key"), R"({"key":"x","n":1})");
  record.metadata["m"] = true;
  EXPECT_THROW(make_source(foreign, record, CheckedFields(), ""), Error);
}

TEST(Requests, ASearch) {
  Mapping mapping;
  mapping.add({{{"n"}, FieldKind::number}});
  Page page;
  page.size = 10;
  page.from = 5;
  auto query = Query::parse("n = 1").select("n.a", "n.b", "x");
  const auto body = search_body(mapping, query, compile_sort(mapping, query, false), page);
  EXPECT_EQ(body.at("size"), 10);
  EXPECT_EQ(body.at("from"), 5);
  EXPECT_EQ(body.at("track_total_hits"), false);
  EXPECT_EQ(body.at("seq_no_primary_term"), true);
  EXPECT_EQ(body.at("_source").dump(), R"(["fields.n","fields.x","metadata","verbatim"])");
  page.sources = false;
  const auto bare = search_body(mapping, Query{}, Json(), page);
  EXPECT_EQ(bare.at("_source"), false);
  EXPECT_FALSE(bare.contains("sort"));
}

TEST(Requests, PartitionsAreDisjointAndComplete) {
  for (const std::size_t count : {2U, 3U, 7U, 100U}) {
    std::size_t end = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto query = partition_query(i, count);
      const auto& range = i == 0 ? query["bool"]["should"][0]["range"]["part"] : query["range"]["part"];
      EXPECT_EQ(range.at("gte"), end);
      end = range.at("lt").get<std::size_t>();
    }
    EXPECT_EQ(end, parts);
  }
  EXPECT_NE(partition_query(0, 2).dump().find("must_not"), std::string::npos) << "documents of others are in the first";
}

}  // namespace
}  // namespace weir::elasticsearch
