// Writes against a node that has no room, takes no large requests, or loses its answers.
#include "support/outcome.hpp"
#include "support/run.hpp"
#include "wire/elasticsearch/fake_cluster.hpp"

#include <weir/elasticsearch.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <vector>

namespace weir::test {
namespace {

using Answer = FakeCluster::Answer;

std::vector<Record> numbered(int count, std::size_t bytes = 0) {
  std::vector<Record> out;
  for (int i = 0; i < count; ++i) {
    Record one;
    one.id = std::to_string(i);
    one.fields["n"] = i;
    if (bytes != 0) one.fields["text"] = std::string(bytes, 'x');
    out.push_back(std::move(one));
  }
  return out;
}

Json refused() { return Json::parse(R"({"status": 429, "error": {"type": "es_rejected_execution_exception"}})"); }

TEST(ElasticsearchBulk, ATenthOfTheItemsRefusedForNowAndAllAreStored) {
  std::atomic<int> items{0};
  FakeCluster cluster([&](FakeCluster& self, const Received& request) -> std::optional<Answer> {
    if (!request.target().starts_with("/people/_bulk")) return std::nullopt;
    return self.bulk(request,
                     [&](const std::string&) { return ++items % 10 == 0 ? std::optional(refused()) : std::nullopt; });
  });
  const auto db = opened(cluster, "bulk_actions=100&bulk_concurrency=3");
  const auto result = run(db.create_batch(numbered(1'000)));
  EXPECT_EQ(result.succeeded(), 1'000U);
  const auto writes = cluster.writes();
  EXPECT_EQ(writes.size(), 1'000U);
  for (const auto& [id, count] : writes) EXPECT_EQ(count, 1) << id;
  EXPECT_LT(items, 1'200) << "only what was refused is sent again";
}

TEST(ElasticsearchBulk, AWholeRequestRefusedForNow) {
  std::atomic<int> bulks{0};
  FakeCluster cluster([&](FakeCluster&, const Received& request) -> std::optional<Answer> {
    if (!request.target().starts_with("/people/_bulk") || ++bulks > 2) return std::nullopt;
    return Answer(429, R"({"error": {"type": "circuit_breaking_exception"}})");
  });
  const auto db = opened(cluster);
  EXPECT_EQ(run(db.upsert_batch(numbered(10))).succeeded(), 10U);
  EXPECT_EQ(bulks, 3);
}

TEST(ElasticsearchBulk, ARequestThatIsTooLargeIsHalved) {
  std::atomic<std::size_t> largest{0};
  FakeCluster cluster([&](FakeCluster&, const Received& request) -> std::optional<Answer> {
    if (!request.target().starts_with("/people/_bulk")) return std::nullopt;
    if (request.body.size() > 100'000) return Answer(413, "");
    largest = std::max(largest.load(), request.body.size());
    return std::nullopt;
  });
  const auto db = opened(cluster);
  EXPECT_EQ(run(db.create_batch(numbered(200, 3'000))).succeeded(), 200U);
  for (const auto& [id, count] : cluster.writes()) EXPECT_EQ(count, 1) << id;
  EXPECT_GT(largest, 40'000U);
}

TEST(ElasticsearchBulk, ARecordThatIsTooLargeAloneFailsAlone) {
  FakeCluster cluster([&](FakeCluster&, const Received& request) -> std::optional<Answer> {
    if (request.target().starts_with("/people/_bulk") && request.body.size() > 20'000) return Answer(413, "");
    return std::nullopt;
  });
  const auto db = opened(cluster);
  auto records = numbered(5, 100);
  records[2].fields["text"] = Json::array({std::string(8'000, 'x'), std::string(8'000, 'y'), std::string(8'000, 'z')});
  BatchOptions options;
  options.on_error(OnError::collect);
  const auto result = run(db.create_batch(records, options));
  EXPECT_EQ(result.succeeded(), 4U);
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].id, "2");
  EXPECT_EQ(result.errors[0].error.kind(), errc::too_large);
}

TEST(ElasticsearchBulk, RecordsOfOneIdKeepTheirOrder) {
  std::atomic<int> items{0};
  FakeCluster cluster([&](FakeCluster& self, const Received& request) -> std::optional<Answer> {
    if (!request.target().starts_with("/people/_bulk")) return std::nullopt;
    return self.bulk(request,
                     [&](const std::string&) { return ++items % 3 == 0 ? std::optional(refused()) : std::nullopt; });
  });
  const auto db = opened(cluster, "bulk_actions=4&bulk_concurrency=4");
  std::vector<Record> records;
  for (int round = 0; round < 5; ++round)
    for (auto& one : numbered(8)) {
      one.fields["round"] = round;
      records.push_back(std::move(one));
    }
  EXPECT_EQ(run(db.upsert_batch(records)).succeeded(), 40U);
  for (const auto& [id, document] : cluster.documents())
    EXPECT_EQ(document.at("_source").at("fields").at("round"), 4) << id;
}

TEST(ElasticsearchBulk, ALostAnswerOfABatchAppliesNothingTwice) {
  std::atomic<int> bulks{0};
  FakeCluster cluster([&](FakeCluster& self, const Received& request) -> std::optional<Answer> {
    if (!request.target().starts_with("/people/_bulk") || ++bulks != 1) return std::nullopt;
    auto lost = self.bulk(request);
    lost.close_instead = true;
    return lost;
  });
  const auto db = opened(cluster);
  EXPECT_EQ(run(db.create_batch(numbered(10))).succeeded(), 10U);
  for (const auto& [id, count] : cluster.writes()) EXPECT_EQ(count, 1) << id;
}

TEST(ElasticsearchBulk, ALostAnswerOfACreateIsFoundAgain) {
  std::atomic<int> creates{0};
  FakeCluster cluster([&](FakeCluster& self, const Received& request) -> std::optional<Answer> {
    if (!request.target().starts_with("/people/_create/") || ++creates != 1) return std::nullopt;
    self.apply("create", "a", Json::parse(request.body));
    Answer lost;
    lost.close_instead = true;
    return lost;
  });
  const auto db = opened(cluster);
  Record record;
  record.id = "a";
  record.fields["n"] = 1;
  EXPECT_EQ(run(db.create(record)), "a");
  EXPECT_EQ(cluster.writes().at("a"), 1);
  EXPECT_EQ(creates, 2);
}

TEST(ElasticsearchBulk, ALostAnswerIsToldWhenNothingIsRepeated) {
  FakeCluster cluster([&](FakeCluster&, const Received& request) -> std::optional<Answer> {
    if (request.method() != "DELETE") return std::nullopt;
    Answer lost;
    lost.close_instead = true;
    return lost;
  });
  const auto db = opened(cluster, "retry.max_attempts=1");
  const auto outcome = run(outcome_of([&] { return db.remove("a"); }));
  ASSERT_TRUE(outcome.is(errc::connection_lost)) << outcome;
  EXPECT_TRUE(outcome.error()->maybe_applied());
  EXPECT_EQ(cluster.count_of("DELETE"), 1U);
}

TEST(ElasticsearchBulk, AnAnswerThatDoesNotFitIsNoSuccess) {
  FakeCluster cluster([&](FakeCluster&, const Received& request) -> std::optional<Answer> {
    if (!request.target().starts_with("/people/_bulk")) return std::nullopt;
    return Answer(200, R"({"items": [{"index": {"status": 200}}]})");
  });
  const auto db = opened(cluster, "retry.max_attempts=1");
  const auto outcome = run(outcome_of([&] { return db.upsert_batch(numbered(2)); }));
  EXPECT_TRUE(outcome.is(errc::protocol_error)) << outcome;
}

}  // namespace
}  // namespace weir::test
