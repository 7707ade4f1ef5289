// Savepoints: transactions inside transactions.

#include "conformance/suite.hpp"

namespace weir::conformance {

WEIR_RULES(Savepoints);

namespace {

void need_savepoints(const Suite& test, const AsyncDatabase& db) {
  if (!db.capabilities().transactions) test.skip("no transactions");
  if (!db.capabilities().savepoints) test.skip("no savepoints");
}

}  // namespace

WEIR_RULE(Savepoints, savepoints,
          "a savepoint: its commit keeps its writes in the outer one, its rollback undoes only them") {
  need_savepoints(test, db);
  auto tx = co_await db.begin();
  co_await tx.create(record("outer"));
  {
    auto inner = co_await tx.savepoint();
    co_await inner.create(record("kept"));
    EXPECT_TRUE(co_await inner.exists("outer"));
    co_await inner.commit();
  }
  {
    auto inner = co_await tx.savepoint();
    co_await inner.create(record("undone"));
    co_await inner.remove("outer");
    co_await inner.rollback();
  }
  {
    auto inner = co_await tx.savepoint();
    co_await inner.create(record("dropped"));
  }
  EXPECT_EQ(co_await tx.count(), 2u);
  EXPECT_EQ(co_await db.count(), 0u);
  co_await tx.commit();
  EXPECT_EQ(co_await found(db, Query{}), "kept outer");
}

WEIR_RULE(Savepoints, savepoints_nest, "Savepoints nest; the outer rollback undoes what an inner commit kept") {
  need_savepoints(test, db);
  auto tx = co_await db.begin();
  co_await tx.create(record("1"));
  auto one = co_await tx.savepoint();
  co_await one.create(record("2"));
  auto two = co_await one.savepoint();
  co_await two.create(record("3"));
  auto three = co_await two.savepoint();
  co_await three.create(record("4"));
  co_await three.rollback();
  co_await two.commit();
  EXPECT_EQ(co_await one.count(), 3u);
  co_await one.rollback();
  EXPECT_EQ(co_await tx.count(), 1u);
  co_await tx.commit();
  EXPECT_EQ(co_await found(db, Query{}), "1");
}

WEIR_RULE(Savepoints, outer_waits_for_the_savepoint,
          "While a savepoint is open the outer one must not be used: invalid_argument") {
  need_savepoints(test, db);
  auto tx = co_await db.begin();
  auto inner = co_await tx.savepoint();
  EXPECT_FAILS(tx.create(record("a")), invalid_argument);
  EXPECT_FAILS(tx.commit(), invalid_argument);
  co_await inner.create(record("b"));
  co_await inner.commit();
  co_await tx.create(record("a"));
  co_await tx.commit();
  EXPECT_EQ(co_await found(db, Query{}), "a b");
}

WEIR_RULE(Savepoints, savepoint_after_an_error, "rollback of a savepoint repairs what failed inside") {
  need_savepoints(test, db);
  co_await store(db, record("a", R"({"n": 1})"));
  auto tx = co_await db.begin();
  co_await tx.create(record("b"));
  {
    auto inner = co_await tx.savepoint();
    co_await inner.create(record("c"));
    EXPECT_FAILS(inner.create(record("a")), already_exists);
    co_await inner.rollback();
  }
  co_await tx.create(record("d"));
  co_await tx.commit();
  EXPECT_EQ(co_await found(db, Query{}), "a b d");
}

WEIR_RULE(Savepoints, no_savepoints, "savepoint: unsupported where the store has none") {
  if (!db.capabilities().transactions) test.skip("no transactions");
  if (db.capabilities().savepoints) co_return;
  auto tx = co_await db.begin();
  EXPECT_FAILS(tx.savepoint(), unsupported);
  co_await tx.rollback();
}

}  // namespace weir::conformance
