#include "support/run.hpp"

#include <weir/weir.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

using namespace std::chrono_literals;

Record record(std::string id, int n) {
  Record out;
  out.id = std::move(id);
  out.fields["n"] = n;
  return out;
}

awaitable<void> versions_of_a_transaction() {
  auto db = co_await AsyncDatabase::open("memory:");
  co_await db.create(record("x", 0));
  auto tx = co_await db.begin();
  co_await tx.update("x", record("", 1));
  const auto once = co_await tx.read("x");
  co_await tx.update("x", record("", 2));
  const auto twice = co_await tx.read("x");
  EXPECT_NE(once->version, twice->version);
  co_await tx.commit();
  const auto stored = co_await db.read("x");
  EXPECT_EQ(stored->version, twice->version);

  co_await db.update("x", record("", 3));  // somebody else's
  WriteOptions only_mine;
  only_mine.if_version(twice->version);
  std::optional<errc> failed;
  try {
    co_await db.update("x", record("", 4), std::move(only_mine));
  } catch (const Error& error) {
    failed = error.kind();
  }
  EXPECT_EQ(failed, errc::conflict);
}

TEST(MemoryDatabase, a_version_seen_in_a_transaction_is_that_of_the_record_after_it) {
  test::run(versions_of_a_transaction());
}

awaitable<void> change(AsyncDatabase db, std::string id) { co_await db.update(std::move(id), record("", 2)); }

awaitable<void> remove_what_changes_meanwhile() {
  auto db = co_await AsyncDatabase::open("memory:");
  std::vector<Record> records;
  for (int i = 0; i < 20'000; ++i) records.push_back(record("k" + std::to_string(100'000 + i), i == 0 ? 1 : 0));
  co_await db.create_batch(std::move(records));
  // It has its turn while the other looks for more records than one turn of the loop is for.
  boost::asio::co_spawn(co_await boost::asio::this_coro::executor, change(db, "k100000"), boost::asio::detached);
  const auto removed = co_await db.remove_where(Query(field("n") == 1));
  EXPECT_EQ(removed, 0U);
  const auto left = co_await db.read("k100000");
  EXPECT_TRUE(left);
}

TEST(MemoryDatabase, what_matches_no_longer_is_not_removed) { test::run(remove_what_changes_meanwhile()); }

awaitable<errc> search_with_too_little_time() {
  auto db = co_await AsyncDatabase::open("memory:");
  std::vector<Record> records;
  for (int i = 0; i < 20'000; ++i) records.push_back(record("k" + std::to_string(i), i));
  co_await db.create_batch(std::move(records));
  const auto hurried = db.with(CallOptions{}.timeout(1ms));
  // The clock goes on by itself: what is looked at takes more than a millisecond from here on.
  const auto query = Query(field("n").regex("(a|b)*c")).order_by("n");
  for (;;) {
    try {
      const auto found = co_await hurried.search(query);
      EXPECT_TRUE(found.empty());
    } catch (const Error& error) {
      co_return error.kind();
    }
  }
}

TEST(MemoryDatabase, a_search_ends_at_its_deadline) {
  EXPECT_EQ(test::run(search_with_too_little_time()), errc::timeout);
}

}  // namespace
}  // namespace weir
