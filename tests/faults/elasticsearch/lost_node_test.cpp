// Three real nodes, one of them killed under load: nothing that was acknowledged is lost, nothing is there that nobody
// wrote, the others take the traffic, and the node is used again when it is back. With WEIR_FULL=1 only: three
// servers take a minute to start.
#include "servers/search_server.hpp"
#include "support/outcome.hpp"
#include "support/run.hpp"
#include "support/sanitizers.hpp"

#include <weir/database.hpp>
#include <weir/elasticsearch.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// What the writers did; looked at from another thread.
struct Load {
  std::atomic<bool> stop{false};
  std::atomic<unsigned> failed{0};
  std::atomic<Clock::rep> longest_gap{0};

  void acknowledged(std::vector<std::string> ids) {
    const std::lock_guard lock(mutex);
    const auto now = Clock::now();
    longest_gap = std::max(longest_gap.load(), (now - last).count());
    last = now;
    for (auto& id : ids) stored.insert(std::move(id));
    ++done;
    changed.notify_all();
  }
  void may_be_there(const std::vector<std::string>& ids) {
    const std::lock_guard lock(mutex);
    unknown.insert(ids.begin(), ids.end());
    ++failed;
  }

  std::mutex mutex;
  std::condition_variable changed;
  unsigned done = 0;  ///< operations
  std::set<std::string> stored;
  std::set<std::string> unknown;
  Clock::time_point last = Clock::now();
};

awaitable<void> store(AsyncDatabase db, std::vector<Record> records) {
  if (records.size() == 1) {
    WriteOptions options;
    options.refresh(Refresh::none);
    co_await db.create(records.front(), options);
    co_return;
  }
  co_await db.create_batch(records);
}

// Single creates and batches in turn, each id once.
awaitable<void> write_on(AsyncDatabase db, std::shared_ptr<Load> load, int writer) {
  for (int i = 0; !load->stop; ++i) {
    const std::string begin = std::to_string(writer) + "-" + std::to_string(i);
    std::vector<Record> records;
    std::vector<std::string> ids;
    for (int k = 0; k < (i % 2 == 0 ? 1 : 20); ++k) {
      Record one;
      one.id = begin + "-" + std::to_string(k);
      one.fields["n"] = i;
      ids.push_back(one.id);
      records.push_back(std::move(one));
    }
    const auto outcome = co_await outcome_of([&] { return store(db, records); });
    if (outcome.ok()) {
      load->acknowledged(std::move(ids));
      continue;
    }
    load->may_be_there(ids);
    if (!outcome.error() || !(outcome.error()->transient() || outcome.error()->maybe_applied()))
      ADD_FAILURE() << begin << ": " << outcome;
  }
}

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

void reach(Load& load, unsigned more) {
  std::unique_lock lock(load.mutex);
  const auto wanted = load.done + more;
  EXPECT_TRUE(load.changed.wait_for(lock, 60s, [&] { return load.done >= wanted; })) << "nothing goes on";
}

/// Connections that the node at this address has open, the one that asks included.
int open_connections(boost::asio::io_context& io, const http::Client& node) {
  const auto answer = run_on(io, node.send(http::Request("GET", "/_nodes/_local/stats/http")));
  const auto all = Json::parse(answer.body.view());
  return all.at("nodes").begin()->at("http").at("current_open").get<int>();
}

TEST(ElasticsearchLostNode, OneOfThreeKilledUnderLoad) {
  if (!full_run()) GTEST_SKIP() << "only with WEIR_FULL=1 (scripts/test --full)";
  const SearchServer cluster("opensearch", {"--name", "three", "--nodes", "3"});
  WEIR_NEED_SERVER(cluster.server());
  elasticsearch::install();
  const auto hosts = cluster.server().setting("SEARCH_HOSTS");
  const auto first_comma = hosts.find(',');
  const auto second = hosts.substr(first_comma + 1, hosts.find(',', first_comma + 1) - first_comma - 1);

  boost::asio::io_context io(1);
  auto db = run_on(io, AsyncDatabase::open(cluster.url("people", "proxy=off")));
  EXPECT_EQ(run_on(io, db.count()), 0U);  // makes the index
  ASSERT_EQ(cluster.request("PUT", "/people/_settings", R"({"number_of_replicas": 2})").status, 200);
  ASSERT_EQ(cluster.request("GET", "/_cluster/health/people?wait_for_status=green&timeout=60s").status, 200);

  auto load = std::make_shared<Load>();
  for (int i = 0; i < 8; ++i) boost::asio::co_spawn(io, write_on(db, load, i), boost::asio::detached);
  io.restart();
  std::thread loop([&io] { io.run(); });
  reach(*load, 300);
  load->longest_gap = 0;

  const auto killed = Clock::now();
  cluster.server().command({"stop", "--node", "1", "--kill"});
  reach(*load, 8);
  const auto moved = Clock::now();
  reach(*load, 500);
  const Clock::duration gap(load->longest_gap.load());

  cluster.server().command({"start"});
  const auto back = Clock::now();
  boost::asio::io_context look(1);
  const http::Client returned("http://" + second);
  int connections = 0;
  while (connections < 2 && Clock::now() - back < 90s) connections = open_connections(look, returned);
  const auto used = Clock::now();
  EXPECT_GE(connections, 2) << "the node that is back is not used";
  reach(*load, 100);
  load->stop = true;
  loop.join();

  RecordProperty("traffic_moved_after", std::to_string(seconds(moved - killed)));
  std::printf("killed: 8 operations were acknowledged %.2f s later, no pause was longer than %.2f s, %u failed\n",
              seconds(moved - killed), seconds(gap), load->failed.load());
  std::printf("back: used again after %.2f s\n", seconds(used - back));

  ASSERT_EQ(cluster.request("POST", "/people/_refresh").status, 200);
  std::set<std::string> found;
  const auto collect = [](AsyncDatabase from, std::set<std::string>* into) -> awaitable<void> {
    auto stream = from.stream(Query{});
    for (;;) {
      const auto record = co_await stream.next();
      if (!record) break;
      EXPECT_TRUE(into->insert(record->id).second) << record->id << " twice";
    }
  };
  run_on(io, collect(db, &found));
  std::size_t lost = 0;
  for (const auto& id : load->stored) lost += found.contains(id) ? 0 : 1;
  EXPECT_EQ(lost, 0U) << "acknowledged and not there";
  for (const auto& id : found) EXPECT_TRUE(load->stored.contains(id) || load->unknown.contains(id)) << id;
  std::printf("%zu documents acknowledged, %zu found\n", load->stored.size(), found.size());
  run_on(io, db.close());
  cluster.server().command({"stop", "--wipe"});
}

}  // namespace
}  // namespace weir::test
