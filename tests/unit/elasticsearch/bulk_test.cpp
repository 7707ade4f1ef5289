// Bulk requests as they are sent, split and sent again; answers item by item; what errors are called.
#include "backends/elasticsearch/bulk.hpp"

#include "backends/elasticsearch/error.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace weir::elasticsearch {
namespace {

using Action = BulkRequest::Action;
using Outcome = BulkItem::Outcome;

BulkRequest three() {
  BulkRequest request;
  request.add(Action::create, "a\"\n", R"({"x":1})", 7);
  request.add(Action::index, "b", R"({"x":2})", 8, SequenceNumber{5, 1});
  request.add(Action::remove, "c", "", 9);
  return request;
}

TEST(Bulk, IsWrittenLineByLine) {
  const auto request = three();
  EXPECT_EQ(request.body(),
            "{\"create\":{\"_id\":\"a\\\"\\n\"}}\n{\"x\":1}\n"
            "{\"index\":{\"_id\":\"b\",\"if_seq_no\":5,\"if_primary_term\":1}}\n{\"x\":2}\n"
            "{\"delete\":{\"_id\":\"c\"}}\n");
  EXPECT_EQ(request.item(1), 8U);
  EXPECT_EQ(request.id(0), "a\"\n");
}

TEST(Bulk, SubsetsAndHalvesKeepOrderAndNumbers) {
  const auto request = three();
  const std::vector<std::size_t> some{0, 2};
  const auto subset = request.subset(some);
  EXPECT_EQ(subset.body(), "{\"create\":{\"_id\":\"a\\\"\\n\"}}\n{\"x\":1}\n{\"delete\":{\"_id\":\"c\"}}\n");
  EXPECT_EQ(subset.item(1), 9U);
  const auto [first, second] = request.halves();
  EXPECT_EQ(first.size(), 1U);
  EXPECT_EQ(second.size(), 2U);
  EXPECT_EQ(first.body() + second.body(), request.body());
  EXPECT_THROW(first.halves(), Error);
}

TEST(Bulk, OnlyUnconditionalIndexMayBeSentTwice) {
  BulkRequest request;
  request.add(Action::index, "a", "{}", 0);
  request.add(Action::index, "b", "{}", 1);
  EXPECT_TRUE(request.is_idempotent());
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_FALSE(three().subset(std::vector<std::size_t>{i}).is_idempotent()) << i;
  }
  request.add(Action::remove, "c", "", 2);
  EXPECT_FALSE(request.is_idempotent());
  EXPECT_TRUE(request.subset(std::vector<std::size_t>{0, 1}).is_idempotent());
}

TEST(Bulk, EachItemHasItsOwnOutcome) {
  const auto items = parse_bulk_answer(
      R"({"took":1,"errors":true,"items":[
        {"create":{"_id":"a","status":409,"error":{"type":"version_conflict_engine_exception","reason":"secret"}}},
        {"index":{"_id":"b","status":429,"error":{"type":"es_rejected_execution_exception","reason":"full"}}},
        {"delete":{"_id":"c","status":404,"result":"not_found","_seq_no":9,"_primary_term":2}}]})",
      three());
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].outcome, Outcome::failed);
  EXPECT_EQ(bulk_item_error(items[0], Action::create).kind(), errc::already_exists);
  EXPECT_EQ(bulk_item_error(items[0], Action::index).kind(), errc::conflict);
  EXPECT_EQ(std::string(bulk_item_error(items[0], Action::index).what()).find("secret"), std::string::npos);
  EXPECT_EQ(items[1].outcome, Outcome::again);
  EXPECT_EQ(bulk_item_error(items[1], Action::index).kind(), errc::throttled);
  EXPECT_EQ(items[2].outcome, Outcome::absent);
  const auto done = parse_bulk_answer(
      R"({"items":[{"create":{"status":201,"_seq_no":3,"_primary_term":1}},{"index":{"status":200}},{"delete":{"status":200}}]})",
      three());
  EXPECT_EQ(done[0].outcome, Outcome::done);
  EXPECT_EQ(to_version(*done[0].version), "3.1");
}

TEST(Bulk, APlainAnswerIsReadAsAnyOther) {
  const auto outcomes = [](std::string_view text) {
    std::string out;
    for (const auto& item : parse_bulk_answer(text, three()))
      out += std::to_string(item.status) + "/" + std::to_string(static_cast<int>(item.outcome)) + " ";
    return out;
  };
  for (const char* statuses : {"201 200 200", "201 200 404", "201 503 200", "400 429 200", "201 200 599"}) {
    std::istringstream in(statuses);
    std::string create, index, remove;
    in >> create >> index >> remove;
    const auto items = "\"items\":[{\"create\":{\"status\":" + create + "}},{\"index\":{\"status\":" + index +
                       "}},{\"delete\":{\"status\":" + remove + "}}]";
    const auto plain = outcomes("{\"errors\":false," + items + "}");
    EXPECT_EQ(plain, outcomes("{\"errors\": false, " + items + " }"));          // with spaces it goes the other way
    EXPECT_EQ(plain, outcomes("{\"took\":1,\"errors\":false," + items + "}"));  // and with one member more
    EXPECT_EQ(plain.substr(0, 4), create + "/");
  }
  // As long as it looks plain, and then does not: never less than what the text says.
  const std::string begin = R"({"errors":false,"items":[{"create":{"status":201}},{"index":{"status":200}},)";
  for (const char* rest : {R"({"delete":{"status":200}})", R"({"delete":{"status":200}}])",
                           R"({"delete":{"status":2}}}])", R"({"delete":{"status":200}},{"delete":{"status":200}}]})",
                           R"({"delete":{"status":}}]})", R"({"index":{"status":200}}]})",
                           R"({"delete":{"status":200}}]} )"
                           "x",
                           "]}"})
    EXPECT_THROW(parse_bulk_answer(begin + rest, three()), Error) << rest;
  const auto last = parse_bulk_answer(
      begin + R"({"delete":{"status":429,"error":{"type":"es_rejected_execution_exception"}}}]})", three());
  EXPECT_EQ(last[2].outcome, Outcome::again);
  EXPECT_EQ(last[2].type, "es_rejected_execution_exception");
}

TEST(Bulk, AnswersThatAreNone) {
  for (const char* text : {"", "{", "[]", "{}", R"({"items":1})", R"({"items":[]})", R"({"items":[1,2,3]})",
                           R"({"items":[{"index":{"status":200}},{"index":{"status":200}},{"delete":{"status":200}}]})",
                           R"({"items":[{"create":{}},{"index":{"status":200}},{"delete":{"status":200}}]})"})
    EXPECT_THROW(parse_bulk_answer(text, three()), Error) << text;
}

TEST(Bulk, VersionsThereAndBack) {
  EXPECT_EQ(parse_version("12.3"), (SequenceNumber{12, 3}));
  for (const char* text : {"", "12", "12.", ".3", "a.b", "-1.2", "1.2.3", "1 .2"})
    EXPECT_FALSE(parse_version(text)) << text;
}

TEST(Bulk, TheRequestsOfABatchAreOfOneSize) {
  EXPECT_EQ(even_share(0, 5'000, 2), 5'000U);
  EXPECT_EQ(even_share(5'000, 5'000, 2), 5'000U) << "one is enough";
  for (const std::size_t most : {1'000U, 5'000'000U})
    for (const std::size_t at_once : {1U, 2U, 3U, 8U})
      for (std::size_t total = most + 1; total < most * 20; total += most / 3 + 1) {
        const auto share = even_share(total, most, at_once);
        EXPECT_LE(share, most);
        const auto requests = (total + share - 1) / share;
        EXPECT_EQ(requests % at_once, 0U) << total << " in requests of " << share;
        EXPECT_LT(requests, total / (most - most / 64) + 1 + at_once) << "no more of them than that needs";
      }
}

TEST(Bulk, TheSizeFollowsTheServer) {
  BulkSize size(5'000'000, 1000);
  BulkRequest request;
  EXPECT_FALSE(size.is_full(request, 10'000'000));  // one item goes whatever its size
  request.add(Action::index, "a", std::string(4'900'000, 'x'), 0);
  EXPECT_TRUE(size.is_full(request, 200'000));
  size.too_large(4'000'000);
  EXPECT_EQ(size.bytes(), 2'000'000U);
  for (int i = 0; i < 100; ++i) size.accepted();
  EXPECT_EQ(size.bytes(), 2'000'000U);  // never again what was refused
  for (int i = 0; i < 100; ++i) size.throttled();
  EXPECT_EQ(size.bytes(), 64U * 1024);
  for (int i = 0; i < 100; ++i) size.accepted();
  EXPECT_EQ(size.bytes(), 2'000'000U);
}

TEST(ServerErrors, WhatTheyAreCalled) {
  struct Case {
    int status;
    const char* body;
    errc code;
  };
  for (
      const auto& c :
      {Case{400, R"({"error":{"type":"document_parsing_exception","reason":"r"}})", errc::invalid_argument},
       Case{
           400,
           R"({"error":{"type":"search_phase_execution_exception","root_cause":[{"type":"query_shard_exception","reason":"Determinizing automaton x would require more than 10000 effort"}]}})",
           errc::unsupported},
       Case{401, "null", errc::authentication_failed},
       Case{401, R"({"error":{"type":"security_exception"}})", errc::authentication_failed},
       Case{403, R"({"error":{"type":"security_exception"}})", errc::permission_denied},
       Case{404, R"({"error":{"type":"index_not_found_exception"}})", errc::not_found},
       Case{409, R"({"error":{"type":"version_conflict_engine_exception"}})", errc::conflict},
       Case{413, "null", errc::too_large},
       Case{429, R"({"error":{"type":"circuit_breaking_exception"}})", errc::throttled},
       Case{500, "null", errc::server_error}, Case{503, R"({"error":"no"})", errc::unavailable}}) {
    const auto error = error_of(c.status, read_error(Json::parse(c.body)));
    EXPECT_EQ(error.kind(), c.code) << c.status << " " << c.body;
  }
}

}  // namespace
}  // namespace weir::elasticsearch
