// Step 5: transactions, savepoints, and a body that is run again when it lost a race.
#include "tutorial.hpp"

// [tutorial]
weir::awaitable<void> transactions(std::string url) {
  auto db = co_await weir::AsyncDatabase::open(url);
  co_await db.create(weir::Record{}.with_id("ada").set("balance", 10));
  co_await db.create(weir::Record{}.with_id("bob").set("balance", 0));

  // The body runs again, at most max_attempts times, on serialization failures and deadlocks. It may have a result.
  auto left = co_await db.transact([](weir::Transaction& tx) -> weir::awaitable<int> {
    auto ada = co_await tx.read("ada");
    auto bob = co_await tx.read("bob");
    weir::Json less = {{"balance", ada->get<int>("balance") - 3}};
    weir::Json more = {{"balance", bob->get<int>("balance") + 3}};
    co_await tx.patch("ada", less);
    co_await tx.patch("bob", more);
    co_return less["balance"].get<int>();
  });
  EXPECT(left == 7);

  {
    auto tx = co_await db.begin();
    co_await tx.remove("ada");
    {
      auto savepoint = co_await tx.savepoint();
      co_await savepoint.remove("bob");
    }  // not committed: undone
    EXPECT(co_await tx.exists("bob"));
    EXPECT(!co_await tx.exists("ada"));
  }  // not committed either: ada is still there
  EXPECT(co_await db.exists("ada"));
  co_await db.close();
}
// [tutorial]

int main(int argc, char** argv) { return run(transactions(url_from(argc, argv))); }
