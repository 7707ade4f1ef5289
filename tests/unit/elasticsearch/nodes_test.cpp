// Which node gets the next request, and what a look at the cluster finds.
#include "backends/elasticsearch/node_list.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace weir::elasticsearch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
const NodeList::TimePoint start{std::chrono::hours(1)};

TEST(Nodes, InTurn) {
  NodeList nodes({"a", "b", "c"}, 1);
  std::string order;
  for (int i = 0; i < 7; ++i) order += nodes.address(nodes.choose(start));
  EXPECT_EQ(order, "bcabcab");
}

TEST(Nodes, OneThatFailsIsLeftAloneLongerAndLonger) {
  NodeList nodes({"a", "b"});
  auto now = start;
  std::vector<milliseconds> pauses;
  for (int i = 0; i < 8; ++i) {
    nodes.failed(0, now, 0);
    auto back = now;
    while (!nodes.is_alive(0, back)) back += milliseconds(100);
    pauses.push_back(std::chrono::duration_cast<milliseconds>(back - now));
    EXPECT_EQ(nodes.choose(back - milliseconds(100)), 1U);
    now = back;
  }
  EXPECT_EQ(pauses, (std::vector<milliseconds>{seconds(1), seconds(2), seconds(4), seconds(8), seconds(16), seconds(30),
                                               seconds(30), seconds(30)}));
  nodes.succeeded(0);
  nodes.failed(0, now, 1);
  EXPECT_FALSE(nodes.is_alive(0, now + milliseconds(499)));
  EXPECT_TRUE(nodes.is_alive(0, now + milliseconds(500))) << "up to half of it at random";
}

TEST(Nodes, ErrorsInARowAndHowLong) {
  Ejection ejection;
  ejection.after = 3;
  ejection.base = milliseconds(10);
  ejection.most = milliseconds(25);
  NodeList nodes({"a", "b"}, 0, ejection);
  const auto error = [&](NodeList::TimePoint now) { nodes.failed(0, now, 0, NodeFailure::error); };
  const auto back_after = [&](NodeList::TimePoint now) {
    milliseconds pause{0};
    while (!nodes.is_alive(0, now + pause)) ++pause;
    return pause;
  };
  auto now = start;
  for (const auto wanted : {10, 20, 25, 25}) {
    error(now);
    error(now);
    EXPECT_TRUE(nodes.is_alive(0, now)) << "two are not enough";
    error(now);
    EXPECT_EQ(back_after(now), milliseconds(wanted));
    now += milliseconds(wanted);
  }
  error(now);
  error(now);
  nodes.succeeded(0);
  error(now);
  EXPECT_TRUE(nodes.is_alive(0, now)) << "no longer in a row";
  nodes.failed(0, now, 0, NodeFailure::no_connection);
  EXPECT_EQ(back_after(now), milliseconds(10)) << "one connect that fails is enough";
}

TEST(Nodes, FailuresOfOneMomentAreOne) {
  NodeList nodes({"a", "b"});
  for (int i = 0; i < 20; ++i) nodes.failed(0, start, 0);
  EXPECT_TRUE(nodes.is_alive(0, start + seconds(1)));
}

TEST(Nodes, NoneIsEverGivenUpAltogether) {
  NodeList nodes({"a", "b", "c"});
  nodes.failed(0, start, 0);
  nodes.failed(1, start + milliseconds(1), 0);
  nodes.failed(2, start + milliseconds(2), 0);
  EXPECT_EQ(nodes.choose(start + milliseconds(3)), 0U) << "the one that would be back first";
  EXPECT_EQ(nodes.choose(start + milliseconds(3), {0}), 1U);
  EXPECT_EQ(nodes.choose(start + milliseconds(3), {0, 1}), 2U);
  EXPECT_EQ(nodes.choose(start + milliseconds(3), {0, 1, 2}), 0U);
  NodeList one({"a"});
  EXPECT_EQ(one.choose(start, {0}), 0U);
}

TEST(Nodes, OneThatReturnsIsUsedAgain) {
  NodeList nodes({"a", "b"});
  nodes.failed(0, start, 0);
  std::map<std::string, int> used;
  for (int i = 0; i < 10; ++i) ++used[nodes.address(nodes.choose(start + milliseconds(900)))];
  EXPECT_EQ(used["b"], 10);
  used.clear();
  for (int i = 0; i < 10; ++i) ++used[nodes.address(nodes.choose(start + milliseconds(1'000)))];
  EXPECT_EQ(used["a"], 5);
}

TEST(Nodes, AfterALookAtTheCluster) {
  NodeList nodes({"a", "b"});
  nodes.failed(1, start, 0);
  nodes.replace({"b", "c"});
  EXPECT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes.address(0), "b");
  EXPECT_FALSE(nodes.is_alive(0, start)) << "what was known of it is kept";
  EXPECT_TRUE(nodes.is_alive(1, start));
  nodes.replace({});
  EXPECT_EQ(nodes.size(), 2U) << "an empty answer changes nothing";
}

TEST(Nodes, TheAnswerOfACluster) {
  EXPECT_EQ(read_nodes(R"({"nodes": {
      "1": {"roles": ["data", "ingest"], "http": {"publish_address": "10.0.0.1:9200"}},
      "2": {"roles": ["master"], "http": {"publish_address": "10.0.0.2:9200"}},
      "3": {"roles": ["cluster_manager"], "http": {"publish_address": "10.0.0.3:9200"}},
      "4": {"roles": ["cluster_manager", "data"], "http": {"publish_address": "es4.example/10.0.0.4:9201"}},
      "5": {"http": {"publish_address": "[::1]:9200"}},
      "6": {"roles": ["data"]}, "7": 1}})"),
            (std::vector<std::string>{"10.0.0.1:9200", "es4.example:9201", "[::1]:9200"}));
  for (const char* text : {"", "[]", "{}", R"({"nodes": []})", R"({"nodes": {"1": {"http": {"publish_address": 1}}}})"})
    EXPECT_TRUE(read_nodes(text).empty()) << text;
}

}  // namespace
}  // namespace weir::elasticsearch
