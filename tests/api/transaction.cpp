// Transactions as an object, and as a body that may run again.
#include "program.hpp"

#include <string>

weir::awaitable<void> go() {
  auto db = co_await weir::AsyncDatabase::open("memory:");
  {
    auto tx = co_await db.begin(weir::TransactionOptions{}.isolation(weir::Isolation::serializable));
    co_await tx.create(weir::Record{}.with_id("a").set("balance", 10));
    co_await tx.commit();
  }

  std::string who = "a long id of an account, long enough to be on the heap";
  auto left = co_await db.transact([&](weir::Transaction& tx) -> weir::awaitable<int> {
    co_await tx.create(weir::Record{}.with_id(who).set("balance", 3));
    auto record = co_await tx.read("a");
    co_return record->get<int>("balance");
  });
  CHECK(left == 10);

  auto body = [who](weir::Transaction& tx) -> weir::awaitable<void> { co_await tx.remove(who); };
  co_await db.transact(body);
  CHECK(!co_await db.exists(who));
}

int main() { return run(go()); }
