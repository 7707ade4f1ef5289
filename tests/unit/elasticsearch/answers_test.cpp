// What the engines answer, word for word as they were seen to.
#include "backends/elasticsearch/answers.hpp"

#include "backends/elasticsearch/error.hpp"
#include "backends/elasticsearch/product.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace weir::elasticsearch {
namespace {

errc kind_of(int status, const char* answer) { return error_of(status, read_error(Json::parse(answer))).kind(); }

TEST(Answers, ADocument) {
  auto document = parse_answer(
      R"({"_index": "people", "_id": "a/b", "_seq_no": 7, "_primary_term": 2, "found": true,
          "_source": {"id": "a/b", "part": 3, "fields": {"n": 9223372036854775807, "d": 1152921504606846976.0},
                      "metadata": {"from": "x"}}})");
  const auto record = read_document(Mapping(), document);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->id, "a/b");
  EXPECT_EQ(record->version, "7.2");
  EXPECT_EQ(record->fields.at("n"), INT64_MAX);
  EXPECT_EQ(record->fields.at("d"), 1152921504606846976.0);
  EXPECT_EQ(record->fields.size(), 2U);
  EXPECT_EQ(record->metadata.at("from"), "x");
}

TEST(Answers, ADocumentOfAForeignIndex) {
  const auto foreign =
      Mapping::parse(Json::parse(R"({"logs": {"mappings": {"properties": {"n": {"type": "long"}}}}})"));
  auto document = parse_answer(R"({"_id": "1", "_seq_no": 0, "_primary_term": 1, "_source": {"n": 1, "fields": 2}})");
  EXPECT_EQ(read_document(foreign, document)->fields, Json::parse(R"({"n": 1, "fields": 2})"));
}

TEST(Answers, ADocumentThatIsNotThere) {
  auto document = parse_answer(R"({"_index": "people", "_id": "x", "found": false})");
  EXPECT_FALSE(read_document(Mapping(), document));
}

TEST(Answers, Hits) {
  const char* const answer = R"({"took": 1, "timed_out": false, "_shards": {"total": 1, "failed": 0}, "pit_id": "P",
      "hits": {"hits": [{"_id": "a", "_seq_no": 0, "_primary_term": 1, "_source": {"fields": {"x": 1}}, "sort": [1.5, "a"]},
                        {"_id": "b", "_seq_no": 1, "_primary_term": 1, "sort": [9007199254740993, "b"]}]}})";
  const auto hits = read_hits(Mapping(), answer);
  ASSERT_EQ(hits.records.size(), 2U);
  EXPECT_EQ(hits.records[0].fields.dump(), R"({"x":1})");
  EXPECT_EQ(hits.records[1].fields.dump(), "{}");
  EXPECT_EQ(hits.last_sort.dump(), R"([9007199254740993,"b"])");
  EXPECT_EQ(hits.cursor, "P");
}

// Whatever stands around it and however it is written.
TEST(Answers, HitsAmongWhatNobodyAskedFor) {
  const auto hits = read_hits(Mapping(), R"({
      "a \"quoted\" {name}": "a } ] , \\", "nested": [[{"hits": {"hits": 1}}], "]"], "no": null, "n": -1.5e3,
      "_shards": {"total": 3, "skipped": 1, "failed": 0, "failures": []},
      "hits": {"total": {"value": 2, "relation": "eq"}, "max_score": null, "hits": [
        {"_index": "x", "_id": "\u00e9\"\\", "_score": 1.0, "ignored": {"_id": "no", "_source": {"fields": 1}},
         "_source": {"id": "e", "part": 1, "metadata": {"m": "}"}, "fields": {"a": [1, {"b": "\\\""}], "c": {}},
                     "order": {"min": {"fields": 5}}}, "_seq_no": 12, "_primary_term": 3},
        {"_source": {"verbatim": {"v": {}}, "fields": {"v": 1}}, "_id": "w", "_seq_no": 1}
      ]}, "timed_out": false, "_scroll_id": "S=="}  )");
  ASSERT_EQ(hits.records.size(), 2U);
  EXPECT_EQ(hits.records[0].id, "\u00e9\"\\");
  EXPECT_EQ(hits.records[0].fields, Json::parse(R"({"a": [1, {"b": "\\\""}], "c": {}})"));
  EXPECT_EQ(hits.records[0].metadata, Json::parse(R"({"m": "}"})"));
  EXPECT_EQ(hits.records[0].version, "12.3");
  EXPECT_EQ(hits.records[1].fields, Json::parse(R"({"v": {}})")) << "verbatim counts, wherever it stands";
  EXPECT_EQ(hits.records[1].version, "") << "half a version is none";
  EXPECT_TRUE(hits.last_sort.is_null());
  EXPECT_EQ(hits.cursor, "S==");
  EXPECT_TRUE(read_hits(Mapping(), R"({"hits":{"hits":[]}})").records.empty());
}

TEST(Answers, HitsOfAForeignIndex) {
  const auto foreign = Mapping::parse(Json::parse(R"({"logs": {"mappings": {"properties": {}}}})"));
  const auto hits = read_hits(foreign, R"({"hits":{"hits":[{"_id":"1","_source":{"fields":{"a":1},"metadata":2}},
                                                           {"_id":"2","_source":3},{"_id":"3"}]}})");
  EXPECT_EQ(hits.records[0].fields, Json::parse(R"({"fields":{"a":1},"metadata":2})"));
  EXPECT_EQ(hits.records[1].fields, Json::object());
  EXPECT_EQ(hits.records[2].fields, Json::object());
}

TEST(Answers, HalfAnAnswerIsNone) {
  const auto kind = [](std::string_view text) {
    try {
      (void)read_hits(Mapping(), text);
    } catch (const Error& error) {
      return error.kind();
    }
    return errc::not_found;
  };
  EXPECT_EQ(kind(R"({"timed_out": true, "hits": {"hits": []}})"), errc::timeout);
  EXPECT_EQ(kind(R"({"hits": {"hits": []}, "timed_out": true})"), errc::timeout);
  EXPECT_EQ(kind(R"({"timed_out": false, "_shards": {"total": 2, "failed": 1}, "hits": {"hits": []}})"),
            errc::unavailable);
  const std::string whole =
      R"({"took":1,"hits":{"hits":[{"_id":"a\\","_source":{"fields":{"x":[1,"}"]}},"sort":[1]}]},"pit_id":"P"})";
  EXPECT_EQ(kind(whole), errc::not_found) << "which is no error of it";
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(kind(std::string_view(whole).substr(0, size)), errc::protocol_error) << whole.substr(0, size);
  for (const char* text :
       {R"({})", R"({"hits": 1})", R"({"hits": {}})", R"({"hits": {"hits": 1}})", R"({"hits": {"hits": [1]}})",
        R"({"hits": {"hits": [{"_source": {}}]}})", R"({"hits": {"hits": [{"_id": "a", "found": false}]}})",
        R"({"hits": {"hits": [{"_id": 1}]}})", R"({"hits": {"hits": [{"_id": "a", "_source": {"fields": {x}}}]}})",
        R"({"hits": {"hits": []}} x)", R"({"hits": {"hits": []},})", R"({"hits": {"hits": [,]}})", "[]", "Unauthorized",
        R"({"a" 1})", R"({a: 1})", "\"", "{\"a\":\"\\\"}"})
    EXPECT_EQ(kind(text), errc::protocol_error) << text;
  for (const char* text : {"", "[]", "Unauthorized", "{\"a\": ", "1"}) EXPECT_THROW(parse_answer(text), Error) << text;
}

TEST(Answers, WhatTheEnginesSayTheyAre) {
  auto product = read_product(200, std::nullopt,
                              R"({"version": {"distribution": "opensearch", "number": "2.19.4"}, "tagline": "x"})");
  EXPECT_EQ(product.name, "opensearch");
  EXPECT_EQ(product.version, "2.19.4");
  EXPECT_EQ(product.cursor, CursorKind::opensearch_pit);
  EXPECT_TRUE(product.sorts_by_id);
  product = read_product(200, "Elasticsearch", R"({"version": {"number": "8.19.4", "build_flavor": "default"}})");
  EXPECT_EQ(product.name, "elasticsearch");
  EXPECT_EQ(product.cursor, CursorKind::pit);
  EXPECT_FALSE(product.sorts_by_id);
  product = read_product(200, "Elasticsearch", R"({"version": {"number": "7.17.28"}})");
  EXPECT_EQ(product.cursor, CursorKind::pit);
  EXPECT_TRUE(product.sorts_by_id);
  EXPECT_EQ(read_product(200, std::nullopt, R"({"version": {"number": "7.9.3"}})").cursor, CursorKind::scroll);
  EXPECT_EQ(read_product(200, std::nullopt, R"({"version": {"number": "6.8.0"}})").cursor, CursorKind::scroll);
  EXPECT_EQ(read_product(200, std::nullopt, R"({"version": {"number": "2.3.0", "distribution": "opensearch"}})").cursor,
            CursorKind::scroll);
  EXPECT_EQ(read_product(200, std::nullopt, R"({"version": {"number": "3.1.0", "distribution": "opensearch"}})").cursor,
            CursorKind::opensearch_pit);
  EXPECT_EQ(
      read_product(200, std::nullopt, R"({"version": {"number": "7.10.2", "distribution": "opensearch"}})").cursor,
      CursorKind::scroll);
  EXPECT_EQ(read_product(200, "Elasticsearch", R"({"version": {"number": "9.1.0"}})").cursor, CursorKind::pit);
}

TEST(Answers, NobodyIsLockedOut) {
  // May not ask for "/", or a gateway stands before the servers.
  for (const int status : {403, 404, 405, 400, 200, 302}) {
    EXPECT_EQ(read_product(status, "Elasticsearch", "no JSON").name, "elasticsearch") << status;
    EXPECT_EQ(read_product(status, std::nullopt, "{}").name, "opensearch") << status;
    EXPECT_FALSE(read_product(status, std::nullopt, "[]").known) << status;
  }
  EXPECT_THROW(read_product(401, std::nullopt, "Unauthorized"), Error);
  EXPECT_THROW(read_product(503, std::nullopt, "OpenSearch Security not initialized."), Error);
}

TEST(Answers, Errors) {
  EXPECT_EQ(kind_of(401, R"("Unauthorized")"), errc::authentication_failed);
  EXPECT_EQ(kind_of(404, R"({"error": {"type": "index_not_found_exception"}, "status": 404})"), errc::not_found);
  EXPECT_EQ(kind_of(409, R"({"error": {"type": "version_conflict_engine_exception"}})"), errc::conflict);
  EXPECT_EQ(kind_of(400, R"({"error": {"type": "mapper_parsing_exception"}})"), errc::invalid_argument);
  EXPECT_EQ(kind_of(400, R"({"error": {"type": "document_parsing_exception"}})"), errc::invalid_argument);
  EXPECT_EQ(kind_of(429, R"({"error": {"type": "circuit_breaking_exception"}})"), errc::throttled);
  EXPECT_EQ(kind_of(503, R"("OpenSearch Security not initialized.")"), errc::unavailable);
  EXPECT_EQ(kind_of(400, R"({"error": {"type": "search_phase_execution_exception", "root_cause":
      [{"type": "query_shard_exception", "reason": "Determinizing automaton with 300 states would require more than 10000 effort."}]}})"),
            errc::unsupported);
  const auto error = error_of(400, read_error(Json::parse(R"({"error": {"type": "mapper_parsing_exception",
                                                              "reason": "failed to parse field [x]: 'a secret'"}})")));
  EXPECT_EQ(error.server_code(), "mapper_parsing_exception");
  EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
}

}  // namespace
}  // namespace weir::elasticsearch
