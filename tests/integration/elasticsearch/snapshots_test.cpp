// Whatever happens to a stream, the server holds no snapshot for it afterwards: counted by the server itself.
#include "servers/search_server.hpp"
#include "support/outcome.hpp"
#include "support/run.hpp"
#include "support/sanitizers.hpp"
#include "support/steps.hpp"

#include <weir/database.hpp>
#include <weir/elasticsearch.hpp>
#include <weir/field.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::test {
namespace {

constexpr int stored = 12;

std::vector<Record> numbered(int first_id, int count) {
  std::vector<Record> out;
  for (int i = 0; i < count; ++i) {
    Record one;
    one.id = std::to_string(first_id + i);
    one.fields["n"] = i;
    out.push_back(std::move(one));
  }
  return out;
}

class ElasticsearchSnapshots : public testing::Test {
 public:
  void SetUp() override {
    server_ = std::make_unique<SearchServer>("opensearch");
    WEIR_NEED_SERVER(server_->server());
    elasticsearch::install();
    index_ = server_->new_index();
    db_ = run(AsyncDatabase::open(server_->url(index_.name)));
    std::vector<Record> records;
    for (int i = 0; i < stored; ++i) {
      Record one;
      one.id = std::to_string(100 + i);
      one.fields["n"] = i;
      one.fields["word"] = "x";
      records.push_back(std::move(one));
    }
    BatchOptions options;
    options.refresh(Refresh::now);
    ASSERT_EQ(run(db_->create_batch(std::move(records), options)).succeeded(), static_cast<std::size_t>(stored));
  }
  void TearDown() override {
    if (db_) run(db_->close());
  }

  const AsyncDatabase& db() const { return *db_; }
  const SearchServer& server() const { return *server_; }
  const std::string& index() const { return index_.name; }

  /// Snapshots and scrolls that the server holds for this index.
  int held() const {
    const auto answer = server_->request("GET", "/" + index_.name + "/_stats/search");
    EXPECT_EQ(answer.status, 200);
    const auto all = Json::parse(answer.body.view());
    return all.at("_all").at("total").at("search").at("open_contexts").get<int>();
  }

  static StreamOptions pages_of(std::size_t size) {
    StreamOptions options;
    options.batch_size(size);
    return options;
  }

 private:
  std::unique_ptr<SearchServer> server_;
  SearchServer::Index index_;
  std::optional<AsyncDatabase> db_;
};

awaitable<std::size_t> read_some(RecordStream stream, std::size_t most) {
  std::size_t count = 0;
  while (count < most) {
    const auto record = co_await stream.next();
    if (!record) break;
    ++count;
  }
  co_return count;
}

TEST_F(ElasticsearchSnapshots, TheServersCountIsOneWhileAStreamIsRead) {
  const auto look = [](AsyncDatabase from, const ElasticsearchSnapshots* test) -> awaitable<int> {
    auto stream = from.stream(Query{}.order_by(id()), pages_of(2));
    const auto first = co_await stream.next();
    EXPECT_TRUE(first);
    const int during = test->held();
    co_await stream.close();
    co_return during;
  };
  EXPECT_EQ(run(look(db(), this)), 1);
  EXPECT_EQ(held(), 0);
}

// Without an order the shards are read one after the other, each as its documents lie: every record once, whatever the
// page, the filter, the limit and the part.
TEST_F(ElasticsearchSnapshots, SeveralShards) {
  const auto made = server().request("PUT", "/_index_template/weir-test-shards",
                                     R"({"index_patterns": ["weir-test-shards-*"], "priority": 10, "template": {
      "settings": {"number_of_shards": 3, "number_of_replicas": 0, "refresh_interval": "50ms"}}})");
  ASSERT_EQ(made.status, 200) << made.body.view();
  const auto name = "weir-test-shards-" + index();
  const auto many = run(AsyncDatabase::open(server().url(name)));
  constexpr int count = 500;
  BatchOptions now;
  now.refresh(Refresh::now);
  ASSERT_EQ(run(many.create_batch(numbered(1'000, count), now)).succeeded(), static_cast<std::size_t>(count));
  const auto ids = [](RecordStream stream) -> awaitable<std::vector<std::string>> {
    std::vector<std::string> out;
    while (auto record = co_await stream.next()) out.push_back(record->id);
    std::ranges::sort(out);
    co_return out;
  };
  std::vector<std::string> all, even;
  for (int i = 0; i < count; ++i) {
    all.push_back(std::to_string(1'000 + i));
    if (i < count / 2) even.push_back(all.back());
  }
  for (const std::size_t page : {1'000U, 167U, 40U, 7U}) {
    EXPECT_EQ(run(ids(many.stream(Query{}, pages_of(page)))), all) << page;
    EXPECT_EQ(run(ids(many.stream(Query(field("n") < count / 2), pages_of(page)))), even) << page;
    EXPECT_EQ(run(ids(many.stream(Query{}.limit(300), pages_of(page)))).size(), 300U) << page;
    EXPECT_EQ(run(ids(many.stream(Query{}.offset(100), pages_of(page)))).size(), 400U) << page;
    std::vector<std::string> parts;
    for (unsigned part = 0; part < 3; ++part) {
      auto options = pages_of(page);
      options.partition(Partition(part, 3));
      std::ranges::move(run(ids(many.stream(Query{}, options))), std::back_inserter(parts));
    }
    std::ranges::sort(parts);
    EXPECT_EQ(parts, all) << page;
  }
  run(many.close());
  EXPECT_EQ(server().request("DELETE", "/" + name).status, 200);
}

TEST_F(ElasticsearchSnapshots, DroppedAtEveryRecord) {
  for (std::size_t most = 0; most <= stored + 1; ++most) {
    const auto count = run(read_some(db().stream(Query{}.order_by(id()), pages_of(2)), most));
    EXPECT_EQ(count, std::min<std::size_t>(most, stored));
    EXPECT_EQ(held(), 0) << "dropped after " << most;
  }
}

TEST_F(ElasticsearchSnapshots, CancelledAtEveryPoint) {
  run(db().count());  // the index is known
  const auto read = [](AsyncDatabase from) -> awaitable<void> {
    auto stream = from.stream(Query{}.order_by(id()), pages_of(4));
    for (;;) {
      const auto record = co_await stream.next();
      if (!record) break;
    }
  };
  // How many handlers run depends on how the bytes arrive, so the points are spread, not counted.
  const std::size_t width = full_run() ? 1 : 3;
  for (std::size_t point = 0; point < 600; point += width) {
    StepLoop loop(read(db()));
    loop.steps(point);
    if (!loop.ended()) loop.cancel(boost::asio::cancellation_type::terminal);
    const auto end = loop.finish();
    EXPECT_TRUE(end.ended);
    while (loop.step()) {  // what the stream left to the loop
    }
    ASSERT_EQ(held(), 0) << "cancelled after " << point;
    if (!end.cancelled) return;
  }
  ADD_FAILURE() << "too many points";
}

TEST_F(ElasticsearchSnapshots, AFilterThatTheServerRefusesLeavesNone) {
  // The refusal comes with the first page, when the snapshot is there already.
  const Query query(field("word").contains(std::string(2'000, 'x')));
  const auto outcome = run(outcome_of([&] { return read_some(db().stream(query), stored); }));
  EXPECT_TRUE(outcome.is(errc::unsupported)) << outcome;
  EXPECT_EQ(held(), 0);
}

TEST_F(ElasticsearchSnapshots, AnIndexThatIsRemovedMeanwhile) {
  const auto read = [](AsyncDatabase from, const ElasticsearchSnapshots* test) -> awaitable<std::size_t> {
    auto stream = from.stream(Query{}.order_by(id()), pages_of(2));
    const auto first = co_await stream.next();
    EXPECT_TRUE(first);
    EXPECT_EQ(test->server().request("DELETE", "/" + test->index()).status, 200);
    co_return co_await read_some(std::move(stream), stored);
  };
  const auto outcome = run(outcome_of([&] { return read(db(), this); }));
  EXPECT_TRUE(!outcome.ok()) << "half of the records are no answer";
  const auto all = Json::parse(server().request("GET", "/_stats/search").body.view());
  EXPECT_FALSE(all.at("indices").contains(index()));
}

TEST_F(ElasticsearchSnapshots, SearchesOfManyRecordsLeaveNone) {
  BatchOptions options;
  options.refresh(Refresh::now);
  EXPECT_EQ(run(db().create_batch(numbered(10'000, 2'500), options)).succeeded(), 2'500U);
  EXPECT_EQ(run(db().search(Query{})).size(), 2'500U + stored);
  EXPECT_EQ(held(), 0);
  EXPECT_EQ(run(db().remove_where(Query(field("n") >= stored))), 2'500U - stored);
  EXPECT_EQ(held(), 0);
}

}  // namespace
}  // namespace weir::test
