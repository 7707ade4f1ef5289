// Step 4: batches of any size, with one error for each item that failed.
#include "tutorial.hpp"

// [tutorial]
weir::awaitable<void> batches(std::string url) {
  auto db = co_await weir::AsyncDatabase::open(url);
  co_await db.create(weir::Record{}.with_id("r3").set("n", -1));  // in the way

  std::vector<weir::Record> records;
  for (int n = 0; n < 10; ++n) records.push_back(weir::Record{}.with_id("r" + std::to_string(n)).set("n", n));

  auto result = co_await db.create_batch(records, weir::BatchOptions{}.on_error(weir::OnError::collect));
  EXPECT(result.succeeded() == 9);
  EXPECT(result.errors.size() == 1 && result.errors[0].index == 3);
  EXPECT(result.errors[0].error.code() == weir::errc::already_exists);

  // All or nothing, where the store has transactions.
  if (db.capabilities().atomic_batch) {
    std::vector<weir::Record> more;
    more.push_back(weir::Record{}.with_id("new").set("n", 1));
    more.push_back(weir::Record{}.with_id("r3").set("n", 1));
    bool refused = false;
    try {
      co_await db.create_batch(more, weir::BatchOptions{}.atomic(true));
    } catch (const weir::Error& error) {
      refused = error.code() == weir::errc::already_exists;
    }
    EXPECT(refused && !co_await db.exists("new"));
  }

  std::vector<std::string> ids{"r1", "none", "r2"};
  auto found = co_await db.read_batch(ids);
  EXPECT(found[0] && !found[1] && found[2]);
  co_await db.close();
}
// [tutorial]

int main(int argc, char** argv) { return run(batches(url_from(argc, argv))); }
