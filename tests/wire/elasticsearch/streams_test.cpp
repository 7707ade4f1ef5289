// Snapshots are freed whatever happens to their stream, and answers that are not whole are none.
#include "support/outcome.hpp"
#include "support/run.hpp"
#include "support/steps.hpp"
#include "wire/elasticsearch/fake_cluster.hpp"

#include <weir/elasticsearch.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::test {
namespace {

using Answer = FakeCluster::Answer;

void fill(FakeCluster& cluster, int count) {
  for (int i = 0; i < count; ++i) {
    const auto id = std::to_string(1'000 + i);
    Json source = Json::object();
    source["id"] = id;
    source["fields"]["n"] = i;
    cluster.apply("index", id, source);
  }
}

awaitable<std::vector<std::string>> ids_of(RecordStream stream, std::size_t most) {
  std::vector<std::string> out;
  while (out.size() < most) {
    auto record = co_await stream.next();
    if (!record) break;
    out.push_back(record->id);
  }
  co_return out;
}

std::vector<std::string> all(int count) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back(std::to_string(1'000 + i));
  return out;
}

class Engines : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, Engines,
                         testing::Values(FakeCluster::opensearch, FakeCluster::elasticsearch, FakeCluster::ancient),
                         [](const auto& engine) { return "engine" + std::to_string(engine.index); });

TEST_P(Engines, ReadsAllAndFreesTheSnapshot) {
  FakeCluster cluster({}, GetParam());
  fill(cluster, 25);
  const auto db = opened(cluster);
  StreamOptions options;
  options.batch_size(4);
  EXPECT_EQ(run(ids_of(db.stream(Query{}.order_by(id()), options), 100)), all(25));
  EXPECT_EQ(run(ids_of(db.stream(Query{}, options), 100)), all(25)) << "in the order of the server";
  const auto nine = all(9);
  EXPECT_EQ(run(ids_of(db.stream(Query{}.order_by(id()).offset(3).limit(6), options), 100)),
            std::vector<std::string>(nine.begin() + 3, nine.end()));
  EXPECT_EQ(cluster.open_cursors(), 0);
}

// By the place in the shard where the server can tell places apart, for everything else costs it a look at all
// documents for each page; by the ids' field where an order was asked for.
TEST(ElasticsearchStreams, TheCheapestOrderThatIsOne) {
  struct Case {
    std::string engine;
    std::string shards;
    bool by_id;
    std::string field;
  };
  const std::string one = R"({"total": 1, "failed": 0})", two = R"({"total": 2, "failed": 0})";
  for (const auto& c :
       {Case{FakeCluster::opensearch, one, false, "_doc"}, Case{FakeCluster::opensearch, two, false, "_doc"},
        Case{FakeCluster::opensearch, R"({"total": 7, "failed": 0})", false, "_doc"},
        Case{FakeCluster::opensearch, two, true, "id"}, Case{FakeCluster::opensearch, "null", false, "id"},
        Case{FakeCluster::opensearch, one, true, "id"}, Case{FakeCluster::elasticsearch, two, false, "_shard_doc"},
        Case{FakeCluster::elasticsearch, one, true, "id"}}) {
    std::mutex mutex;
    std::set<std::string> fields;
    FakeCluster cluster(
        [&](FakeCluster&, const Received& request) -> std::optional<Answer> {
          const auto target = request.target();
          if (request.method() == "POST" &&
              (target.starts_with("/people/_search/point_in_time") || target.starts_with("/people/_pit")))
            return Answer(200, R"({"pit_id": "P", "id": "P", "_shards": )" + c.shards + "}");
          if (target.starts_with("/_search") && request.method() == "POST") {
            const auto body = Json::parse(request.body);
            const std::lock_guard lock(mutex);
            fields.insert(body.at("sort").at(0).items().begin().key());
          }
          return std::nullopt;
        },
        c.engine);
    fill(cluster, 9);
    const auto db = opened(cluster);
    StreamOptions options;
    options.batch_size(4);
    auto ids = run(ids_of(db.stream(c.by_id ? Query{}.order_by(id()) : Query{}, options), 100));
    if (!c.by_id) std::ranges::sort(ids);
    EXPECT_EQ(ids, all(9)) << c.engine << " " << c.shards;
    if (!c.by_id) {
      EXPECT_EQ(run(ids_of(db.stream(Query{}.limit(5), options), 100)).size(), 5U) << c.engine << " " << c.shards;
    }
    const std::lock_guard lock(mutex);
    EXPECT_EQ(fields, std::set<std::string>{c.field}) << c.engine << " " << c.shards;
  }
}

TEST_P(Engines, NothingIsAskedFor) {
  FakeCluster cluster({}, GetParam());
  fill(cluster, 3);
  const auto db = opened(cluster);
  EXPECT_EQ(run(ids_of(db.stream(Query{}), 100)).size(), 3U);  // the index is known
  EXPECT_TRUE(run(ids_of(db.stream(Query{}.limit(0)), 100)).empty());
  EXPECT_EQ(cluster.open_cursors(), 0);
}

TEST_P(Engines, DroppedAtEveryRecord) {
  FakeCluster cluster({}, GetParam());
  fill(cluster, 9);
  const auto db = opened(cluster);
  StreamOptions options;
  options.batch_size(2);
  for (std::size_t most = 0; most < 10; ++most) {
    EXPECT_EQ(run(ids_of(db.stream(Query{}.order_by(id()), options), most)).size(), std::min<std::size_t>(most, 9));
    EXPECT_EQ(cluster.open_cursors(), 0) << most;
  }
}

TEST_P(Engines, CancelledAtEveryPoint) {
  FakeCluster cluster({}, GetParam());
  fill(cluster, 6);
  const auto db = opened(cluster);
  run(db.exists("x"));
  StreamOptions options;
  options.batch_size(2);
  for (std::size_t point = 0; point < 300; ++point) {
    auto read = [](AsyncDatabase from, StreamOptions how) -> awaitable<void> {
      auto stream = from.stream(Query{}.order_by(id()), std::move(how));
      while (co_await stream.next()) {
      }
    };
    StepLoop loop(read(db, options));
    loop.steps(point);
    if (!loop.ended()) loop.cancel(boost::asio::cancellation_type::terminal);
    const auto end = loop.finish();
    EXPECT_TRUE(end.ended);
    while (loop.step()) {  // what the stream left to the loop
    }
    EXPECT_EQ(cluster.open_cursors(), 0) << "cancelled after " << point;
    if (!end.cancelled) return;
  }
  ADD_FAILURE() << "too many points";
}

TEST_P(Engines, AFailedPageFreesTheSnapshot) {
  std::atomic<int> searches{0};
  FakeCluster cluster(
      [&](FakeCluster&, const Received& request) -> std::optional<Answer> {
        if (request.target().find("/_search") == std::string::npos || request.method() == "DELETE" ||
            request.target().find("point_in_time") != std::string::npos || ++searches != 2)
          return std::nullopt;
        return Answer(500, R"({"error": {"type": "search_phase_execution_exception"}})");
      },
      GetParam());
  fill(cluster, 9);
  const auto db = opened(cluster);
  StreamOptions options;
  options.batch_size(2);
  const auto outcome = run(outcome_of([&] { return ids_of(db.stream(Query{}.order_by(id()), options), 100); }));
  EXPECT_FALSE(outcome.ok());
  EXPECT_EQ(cluster.open_cursors(), 0);
}

TEST(ElasticsearchSearch, HalfAnAnswerIsAnError) {
  FakeCluster cluster([&](FakeCluster&, const Received& request) -> std::optional<Answer> {
    if (!request.target().starts_with("/people/_search")) return std::nullopt;
    EXPECT_NE(request.target().find("allow_partial_search_results=false"), std::string::npos);
    return Answer(200, R"({"_shards": {"total": 2, "failed": 1}, "hits": {"hits": []}})");
  });
  const auto db = opened(cluster, "retry.max_attempts=1");
  EXPECT_TRUE(run(outcome_of([&] { return db.search(Query{}); })).is(errc::unavailable));
}

TEST(ElasticsearchSearch, MoreThanAnAnswerMayHoldIsReadInPages) {
  FakeCluster cluster;
  fill(cluster, 300);
  const auto db = opened(cluster, "max_response_size=20000");
  const auto found = run(db.search(Query{}));
  EXPECT_EQ(found.size(), 300U);
  EXPECT_EQ(cluster.open_cursors(), 0);
}

TEST(ElasticsearchNative, RequestsOfAnyKind) {
  FakeCluster cluster([&](FakeCluster&, const Received& request) -> std::optional<Answer> {
    if (request.target() == "/_cat/health?format=json") return Answer(200, R"({"status": "green"})");
    if (request.target() == "/_missing") return Answer(404, R"({"error": {"type": "index_not_found_exception"}})");
    return std::nullopt;
  });
  const auto db = opened(cluster);
  const auto& es = db.native<ElasticsearchDatabase>();
  EXPECT_EQ(run(es.json("GET", "/_cat/health?format=json")).at("status"), "green");
  EXPECT_EQ(run(es.request("GET", "/_missing")).status, 404);
  EXPECT_TRUE(run(outcome_of([&] { return es.json("GET", "/_missing"); })).is(errc::not_found));
  EXPECT_EQ(run(es.product()).version, "2.19.4");
  std::vector<Record> records;
  for (int i = 0; i < 10; ++i) {
    Record one;
    one.id = std::to_string(i);
    records.push_back(std::move(one));
  }
  EXPECT_EQ(run(es.bulk(RecordStream::from(std::move(records)))), 10U);
  EXPECT_EQ(cluster.documents().size(), 10U);
}

}  // namespace
}  // namespace weir::test
