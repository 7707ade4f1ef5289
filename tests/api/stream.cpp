// Streams: one record after another, in batches, and made by the caller.
#include "program.hpp"

#include <optional>

weir::awaitable<void> go() {
  auto db = co_await weir::AsyncDatabase::open("memory:");
  for (int i = 0; i < 30; ++i) co_await db.create(weir::Record{}.set("n", i));

  auto records = db.stream(weir::Query{}, weir::StreamOptions{}.batch_size(10).partition(weir::Partition(0, 1)));
  int count = 0;
  while (auto record = co_await records.next()) count += record->get<int>("n") >= 0;
  CHECK(count == 30);

  auto again = db.stream();
  auto batch = co_await again.next_batch();
  CHECK(batch.size() == 30);
  co_await again.close();

  int k = 0;
  auto generate = [k]() mutable -> weir::awaitable<std::optional<weir::Record>> {
    if (k == 5) co_return std::nullopt;
    ++k;
    co_return weir::Record{}.set("k", k);
  };
  auto stats = co_await db.write(weir::RecordStream::from(generate));
  CHECK(stats.written == 5);
}

int main() { return run(go()); }
