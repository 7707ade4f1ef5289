// Step 3: streams hold a bounded number of records in memory, both ways.
#include "tutorial.hpp"

// [tutorial]
// A generator is a function that gives the next record, or nothing at the end.
class Squares {
 public:
  explicit Squares(int count) : count_(count) {}
  weir::awaitable<std::optional<weir::Record>> operator()() {
    if (next_ == count_) co_return std::nullopt;
    const int n = next_++;
    co_return weir::Record{}.set("n", n).set("square", n * n);
  }

 private:
  int count_;
  int next_ = 0;
};

weir::awaitable<void> streams(std::string url) {
  auto db = co_await weir::AsyncDatabase::open(url);

  auto squares = weir::RecordStream::from(Squares(1000));
  auto written = co_await db.write(std::move(squares));
  EXPECT(written.written == 1000);

  auto stream = db.stream(weir::Query(weir::field("square") > 100));
  int seen = 0;
  while (auto record = co_await stream.next()) ++seen;
  EXPECT(seen == 989);

  // Two partitions are disjoint and together everything: they may be read side by side, on any loops.
  std::size_t total = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    auto part = db.stream(weir::Query{}, weir::StreamOptions{}.partition(weir::Partition(i, 2)));
    for (auto batch = co_await part.next_batch(); !batch.empty(); batch = co_await part.next_batch())
      total += batch.size();
  }
  EXPECT(total == 1000);
  co_await db.close();
}
// [tutorial]

int main(int argc, char** argv) { return run(streams(url_from(argc, argv))); }
