// What an operation needs lives as long as the operation, and what failed can still be ended.

#include "support/outcome.hpp"
#include "support/run.hpp"
#include "unit/policy/scripted_backend.hpp"

#include <weir/backend.hpp>
#include <weir/weir.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace weir {
namespace {

using testing::ElementsAre;

awaitable<AsyncDatabase> filled() {
  auto db = co_await AsyncDatabase::open("memory:");
  co_await db.create(Record{}.with_id("a"));
  co_await db.create(Record{}.with_id("b"));
  co_return db;
}

// The stream is gone when the caller awaits.
awaitable<std::optional<Record>> first_of(AsyncDatabase db) {
  auto stream = db.stream();
  return stream.next();
}
awaitable<std::vector<Record>> first_batch_of(AsyncDatabase db) {
  auto stream = db.stream();
  return stream.next_batch();
}

awaitable<void> awaits_after_the_streams_end() {
  auto db = co_await filled();
  const auto record = co_await first_of(db);
  EXPECT_EQ(record->id, "a");
  const auto batch = co_await first_batch_of(db);
  EXPECT_EQ(batch.size(), 2U);

  auto moved_from = db.stream();
  auto next = moved_from.next();
  auto stream = std::move(moved_from);
  const auto one = co_await std::move(next);
  EXPECT_EQ(one->id, "a");
  const auto two = co_await stream.next();
  EXPECT_EQ(two->id, "b");
}

TEST(Lifetime, an_operation_of_a_stream_needs_no_stream) { test::run(awaits_after_the_streams_end()); }

std::shared_ptr<test::ScriptedBackend> scripted_store() {
  static const auto store = std::make_shared<test::ScriptedBackend>();
  return store;
}

awaitable<std::shared_ptr<Backend>> make_scripted(Config) { co_return scripted_store(); }

awaitable<void> end_after_a_failed_savepoint(errc failure) {
  const auto store = scripted_store();
  store->knows_deadlines = true;
  auto db = co_await AsyncDatabase::open("scripted-api:");
  auto tx = co_await db.begin();
  auto inner = co_await tx.savepoint();
  store->script.emplace_back(test::Step::Kind::fail, failure);
  std::optional<errc> failed;
  try {
    co_await inner.commit();
  } catch (const Error& error) {
    failed = error.kind();
  }
  EXPECT_EQ(failed, failure);
  store->calls.clear();
  co_await tx.rollback();
  EXPECT_THAT(store->calls, ElementsAre("rollback"));
}

TEST(Lifetime, a_transaction_can_be_rolled_back_when_the_end_of_its_savepoint_failed) {
  register_backend("scripted-api", make_scripted);
  test::run(end_after_a_failed_savepoint(errc::timeout));
  test::run(end_after_a_failed_savepoint(errc::conflict));
}

awaitable<void> go_on_after_a_failed_savepoint() {
  const auto store = scripted_store();
  store->knows_deadlines = true;
  auto db = co_await AsyncDatabase::open("scripted-api:");
  auto tx = co_await db.begin();
  auto inner = co_await tx.savepoint();
  store->script.emplace_back(test::Step::Kind::fail, errc::conflict);
  EXPECT_FAILS(inner.commit(), conflict);
  store->calls.clear();
  co_await tx.create(Record{}.with_id("after"));
  co_await tx.commit();
  EXPECT_THAT(store->calls, ElementsAre("rollback to 1", "release 1", "create after", "commit"));
}

TEST(Lifetime, what_the_store_answered_leaves_the_transaction_usable) {
  register_backend("scripted-api", make_scripted);
  test::run(go_on_after_a_failed_savepoint());
}

}  // namespace
}  // namespace weir
