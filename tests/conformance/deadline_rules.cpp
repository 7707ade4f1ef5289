// Deadlines on a store that does not answer: weir ends what the store would not.

#include "conformance/operations.hpp"
#include "conformance/suite.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace weir::conformance {

WEIR_RULES(Deadlines);

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Effect = InterruptedOperation::Effect;

constexpr auto short_time = 20ms;
constexpr auto much_later = 20s;  // than any deadline here; nothing waits for it

void needs_a_store_that_waits(const Suite& test) {
  if (!test.backend().stall) test.skip("this store cannot be made to wait");
}

std::shared_ptr<void> stalled(const Suite& test) {
  needs_a_store_that_waits(test);
  return test.backend().stall(test.url());
}

AsyncDatabase hasty(const AsyncDatabase& db) { return db.with(CallOptions{}.timeout(short_time)); }
// Of whom something has to succeed first, on a machine that is busy.
AsyncDatabase unhurried(const AsyncDatabase& db) { return db.with(CallOptions{}.timeout(1s)); }

bool writes(const InterruptedOperation& operation) { return operation.effect != Effect::none; }

}  // namespace

WEIR_RULE(
    Deadlines, of_every_operation,
    "every operation ends by its deadline with `timeout`, one that may have written says so, and the handle stays "
    "usable") {
  for (const auto& operation : interrupted_operations()) {
    if (operation.needs_transactions && !db.capabilities().transactions) continue;
    if (operation.needs_savepoints && !db.capabilities().savepoints) continue;
    SCOPED_TRACE(operation.name);
    const std::string tag = operation.name;
    if (operation.prepare != nullptr) co_await operation.prepare(db, tag);
    const auto begun = std::chrono::steady_clock::now();
    {
      const auto wall = stalled(test);
      const auto outcome = co_await outcome_of([&] { return operation.run(hasty(db), tag); });
      if (tag == "ping") {  // an outage is what it reports
        EXPECT_TRUE(test::succeeds(outcome));
      } else if (tag != "explain" || !outcome.ok()) {  // not every store has to be asked for a plan
        EXPECT_TRUE(test::fails_with(outcome, errc::timeout));
      }
      // In a transaction nothing is written before its commit.
      if (outcome.error() && !writes(operation)) {
        EXPECT_FALSE(outcome.error()->maybe_applied()) << outcome;
      }
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begun, much_later);
    const auto own = co_await db.count(Query(field("tag") == tag));
    EXPECT_LE(own, operation.records) << "more than was written";
    if (operation.effect == Effect::all) {
      EXPECT_TRUE(own == 0 || own == operation.records) << own << " of all or nothing";
    }
    co_await db.upsert(record("probe"));
    EXPECT_TRUE(co_await db.remove("probe"));
    co_await db.remove_where(Query(field("tag") == tag));
  }
}

WEIR_RULE(Deadlines, reported_by_ping, "an outage is reported in Health") {
  const auto wall = stalled(test);
  const auto health = co_await hasty(db).ping();
  EXPECT_FALSE(health.reachable);
  EXPECT_FALSE(health.error.empty());
}

WEIR_RULE(Deadlines, of_a_later_fetch, "every fetch of a stream has the time anew; one that fails ends the stream") {
  needs_a_store_that_waits(test);  // before a short time is given to one that is slow
  co_await store(db, record("a"), record("b"), record("c"));
  auto stream = unhurried(db).stream(Query{}, StreamOptions{}.batch_size(1));
  EXPECT_TRUE((co_await stream.next()).has_value());
  {
    const auto wall = stalled(test);
    EXPECT_FAILS(stream.next(), timeout);
  }
  EXPECT_FAILS(stream.next(), cancelled);
  EXPECT_EQ(co_await db.count(), 3u);
}

WEIR_RULE(Deadlines, inside_a_transaction, "a transaction whose operation was lost accepts only rollback") {
  needs_a_store_that_waits(test);
  if (!db.capabilities().transactions) test.skip("no transactions");
  auto tx = co_await unhurried(db).begin();
  co_await tx.create(record("a"));
  {
    const auto wall = stalled(test);
    EXPECT_FAILS(tx.read("a"), timeout);
  }
  const auto after = co_await outcome_of([&] { return tx.read("a"); });
  EXPECT_FALSE(after.ok());
  EXPECT_SUCCEEDS(tx.rollback());
  EXPECT_EQ(co_await db.count(), 0u);
}

WEIR_RULE(Deadlines, none, "without a deadline an operation waits until the store answers") {
  auto wall = stalled(test);
  const auto patient = db.with(CallOptions{}.timeout(0ms));
  test::Completion<bool> completion;
  test::start(test.loop().get_executor(), patient.exists("a"), completion);
  for (int i = 0; i < 100; ++i) co_await asio::post(asio::use_awaitable);
  EXPECT_FALSE(completion.done);
  wall.reset();
  while (!completion.done) co_await asio::post(asio::use_awaitable);
  EXPECT_FALSE(completion.take());
}

}  // namespace weir::conformance
