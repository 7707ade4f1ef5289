// Several nodes, some of which are gone; credentials; servers that are down.
#include "support/outcome.hpp"
#include "support/run.hpp"
#include "wire/elasticsearch/fake_cluster.hpp"

#include <weir/elasticsearch.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace weir::test {
namespace {

using Answer = FakeCluster::Answer;

std::string url_of(const std::string& hosts, const std::string& options = {}) {
  return "elasticsearch+http://" + hosts + "/people?proxy=off" + (options.empty() ? "" : "&" + options);
}

Record one(std::string id) {
  Record out;
  out.id = std::move(id);
  out.fields["n"] = 1;
  return out;
}

TEST(ElasticsearchNodes, InTurn) {
  FakeCluster a, b;
  const auto db = opened(url_of(a.address() + "," + b.address()));
  for (int i = 0; i < 20; ++i) run(db.exists("x"));
  EXPECT_GE(a.count_of("GET /people/_doc"), 9U);
  EXPECT_GE(b.count_of("GET /people/_doc"), 9U);
}

TEST(ElasticsearchNodes, OneThatIsGoneIsPassedOver) {
  FakeCluster alive;
  std::string gone;
  {
    FakeCluster short_lived;
    gone = short_lived.address();
  }
  const auto db = opened(url_of(gone + "," + alive.address()));
  for (int i = 0; i < 10; ++i) run(db.upsert(one(std::to_string(i))));
  EXPECT_EQ(alive.documents().size(), 10U);
}

TEST(ElasticsearchNodes, OneThatBreaksOffIsPassedOverAndNothingIsDoneTwice) {
  FakeCluster breaking([](FakeCluster&, const Received&) -> std::optional<Answer> {
    Answer out;
    out.close_instead = true;
    return out;
  });
  FakeCluster alive;
  const auto db = opened(url_of(breaking.address() + "," + alive.address()));
  for (int i = 0; i < 10; ++i) run(db.create(one(std::to_string(i))));
  EXPECT_EQ(alive.documents().size(), 10U);
  for (const auto& [id, count] : alive.writes()) EXPECT_EQ(count, 1) << id;
}

TEST(ElasticsearchNodes, AnotherTakesOverTheBulkRequestThatOneDiedOn) {
  FakeCluster alive;
  FakeCluster dying([](FakeCluster&, const Received& request) -> std::optional<Answer> {
    if (!request.target().starts_with("/people/_bulk")) return std::nullopt;
    Answer out;
    out.close_instead = true;
    return out;
  });
  std::vector<Record> records;
  for (int i = 0; i < 100; ++i) records.push_back(one(std::to_string(i)));
  const auto db = opened(url_of(alive.address() + "," + dying.address(), "bulk_actions=10&bulk_concurrency=1"));
  run(db.count());
  EXPECT_EQ(run(db.upsert_batch(records)).succeeded(), 100U);
  EXPECT_EQ(alive.writes().size(), 100U);
  for (const auto& [id, count] : alive.writes()) EXPECT_EQ(count, 1) << id << ": what was answered is not sent again";
  // Twice where the connection had been used before: then it could be that the node closed it for its age.
  EXPECT_LE(dying.count_of("POST /people/_bulk"), 2U) << "it is left alone for a while";

  const auto careful = opened(url_of(dying.address() + "," + alive.address(), "retry_writes=false&eject_base=1ms"));
  unsigned failed = 0;
  for (int i = 0; i < 4; ++i) failed += run(outcome_of([&] { return careful.upsert_batch(records); })).ok() ? 0 : 1;
  EXPECT_GE(failed, 1U) << "where writes are not repeated, this one is not";
}

TEST(ElasticsearchNodes, OneThatIsUnavailableIsPassedOver) {
  FakeCluster full([](FakeCluster&, const Received&) -> std::optional<Answer> { return Answer(503, "starting"); });
  FakeCluster alive;
  const auto db = opened(url_of(full.address() + "," + alive.address()));
  for (int i = 0; i < 10; ++i) run(db.create(one(std::to_string(i))));
  EXPECT_EQ(alive.documents().size(), 10U);
  EXPECT_LT(full.requests().size(), 5U) << "it is left alone for a while";
}

TEST(ElasticsearchNodes, OthersAreFoundByALookAtTheCluster) {
  FakeCluster hidden;
  FakeCluster known([&](FakeCluster&, const Received& request) -> std::optional<Answer> {
    if (request.target() != "/_nodes/_all/http") return std::nullopt;
    return Answer(
        200, R"({"nodes": {"1": {"roles": ["data"], "http": {"publish_address": ")" + hidden.address() + R"("}}}})");
  });
  const auto db = opened(known.url("sniff=true"));
  for (int i = 0; i < 5; ++i) run(db.upsert(one(std::to_string(i))));
  EXPECT_EQ(hidden.documents().size(), 5U);
  EXPECT_EQ(known.count_of("GET /_nodes"), 1U) << "not more often than every ten seconds";
}

TEST(ElasticsearchNodes, DownIsNeverNotFound) {
  std::string gone;
  {
    FakeCluster short_lived;
    gone = short_lived.address();
  }
  const auto db = opened(url_of(gone, "acquire_timeout=200ms&retry.max_attempts=1"));
  const auto fails = [&](auto operation) {
    const auto outcome = run(outcome_of(operation));
    EXPECT_FALSE(outcome.ok());
    if (outcome.error()) {
      EXPECT_TRUE(outcome.error()->transient()) << outcome;
      EXPECT_NE(outcome.error()->kind(), errc::not_found);
    }
  };
  fails([&] { return db.read("a"); });
  fails([&] { return db.exists("a"); });
  fails([&] { return db.create(one("a")); });
  fails([&] { return db.upsert(one("a")); });
  fails([&] { return db.update("a", one("a")); });
  fails([&] { return db.patch("a", one("a").fields); });
  fails([&] { return db.remove("a"); });
  fails([&] { return db.search(Query{}); });
  fails([&] { return db.count(); });
  fails([&] { return db.remove_where(Query{}); });
  fails([&] { return db.patch_where(Query{}, one("a").fields); });
  fails([&] { return db.create_batch({one("a")}); });
  fails([&] { return db.remove_batch({"a"}); });
  fails([&] { return db.read_batch({"a"}); });
  EXPECT_FALSE(run(db.ping()).reachable);
}

TEST(ElasticsearchNodes, APasswordIsNotTriedAgain) {
  std::string seen;
  FakeCluster cluster([&](FakeCluster&, const Received& request) -> std::optional<Answer> {
    seen = request.field("Authorization");
    return Answer(401, "Unauthorized");
  });
  elasticsearch::install();
  const auto db = opened("elasticsearch+http://me:wrong@" + cluster.address() + "/people?proxy=off");
  const auto outcome = run(outcome_of([&] { return db.read("a"); }));
  EXPECT_TRUE(outcome.is(errc::authentication_failed)) << outcome;
  EXPECT_EQ(std::string(outcome.error()->what()).find("wrong"), std::string::npos);
  EXPECT_EQ(cluster.requests().size(), 1U);
  EXPECT_EQ(seen, "Basic bWU6d3Jvbmc=");
}

TEST(ElasticsearchNodes, WhoMayNotAskForTheProductIsServed) {
  FakeCluster cluster([&](FakeCluster&, const Received& request) -> std::optional<Answer> {
    if (request.target() == "/") return Answer(403, R"({"error": {"type": "security_exception"}})");
    return std::nullopt;
  });
  const auto db = opened(cluster.url());
  EXPECT_TRUE(run(db.create(one("a"))) == "a");
  EXPECT_TRUE(run(db.exists("a")));
}

TEST(ElasticsearchNodes, BehindAGateway) {
  FakeCluster cluster([&](FakeCluster&, const Received& request) -> std::optional<Answer> {
    EXPECT_TRUE(request.target().starts_with("/gate/way/")) << request.target();
    return Answer(404, "no such route");
  });
  const auto db = opened(cluster.url("path_prefix=gate/way&create_if_missing=false"));
  EXPECT_TRUE(run(outcome_of([&] { return db.read("a"); })).is(errc::not_found)) << "the index";
}

TEST(ElasticsearchNodes, TheServersPauseIsKept) {
  std::atomic<int> asked{0};
  FakeCluster cluster([&](FakeCluster&, const Received& request) -> std::optional<Answer> {
    if (!request.target().starts_with("/people/_doc/") || ++asked > 1) return std::nullopt;
    return Answer(429, R"({"error": {"type": "es_rejected_execution_exception"}})", "Retry-After: 1\r\n");
  });
  const auto db = opened(cluster.url());
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(run(db.read("a")));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(950));
}

}  // namespace
}  // namespace weir::test
