// Transactions.

#include "conformance/suite.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace weir::conformance {

WEIR_RULES(Transactions);

namespace {

void need_transactions(const Suite& test, const AsyncDatabase& db) {
  if (!db.capabilities().transactions) test.skip("no transactions");
}

}  // namespace

WEIR_RULE(Transactions, unsupported_where_there_are_none, "begin: unsupported where the store has no transactions") {
  if (db.capabilities().transactions) co_return;
  EXPECT_FAILS(db.begin(), unsupported);
  auto body = [](Transaction& tx) -> awaitable<void> { co_await tx.create(record("a")); };
  EXPECT_FAILS(db.transact(body), unsupported);
  EXPECT_EQ(co_await db.count(), 0u);
}

WEIR_RULE(Transactions, commit, "Several operations that happen together") {
  need_transactions(test, db);
  co_await store(db, record("patched", R"({"n": 1})"), record("removed"), record("updated"));
  auto tx = co_await db.begin();
  EXPECT_TRUE(static_cast<bool>(tx));
  EXPECT_EQ(tx.attempt(), 1u);
  EXPECT_EQ(co_await tx.create(record("created")), "created");
  EXPECT_TRUE(co_await tx.patch("patched", object_of("n", 2)));
  EXPECT_TRUE(co_await tx.remove("removed"));
  EXPECT_TRUE(co_await tx.update("updated", record("", R"({"u": 1})")));
  EXPECT_EQ(co_await tx.upsert(record("upserted")), "upserted");
  co_await tx.commit();
  EXPECT_EQ(co_await found(db, Query{}), "created patched updated upserted");
  EXPECT_EQ((co_await db.read("patched"))->get<int>("n"), 2);
}

WEIR_RULE(Transactions, own_writes_are_seen,
          "Records read inside see the transaction's own writes; others do not before the commit") {
  need_transactions(test, db);
  co_await store(db, record("a", R"({"n": 1})"));
  auto tx = co_await db.begin();
  co_await tx.create(record("b", R"({"n": 2})"));
  co_await tx.patch("a", object_of("n", 5));
  EXPECT_TRUE(co_await tx.exists("b"));
  EXPECT_EQ((co_await tx.read("a"))->get<int>("n"), 5);
  EXPECT_EQ(co_await tx.count(), 2u);
  const auto inside = co_await tx.search(Query(field("n") > 1));
  EXPECT_EQ(joined(ids_of(inside)), "a b");
  const auto streamed = co_await drained(tx.stream(Query{}.order_by("n", Order::desc)));
  EXPECT_EQ(joined(ids_of(streamed)), "a b");
  const std::vector<std::string> ids{"b", "none"};
  const auto batch = co_await tx.read_batch(ids);
  EXPECT_TRUE(batch[0] && !batch[1]);
  EXPECT_EQ((co_await db.read("a"))->get<int>("n"), 1) << "not committed";
  EXPECT_FALSE(co_await db.exists("b"));
  EXPECT_EQ(co_await db.count(), 1u);
  co_await tx.commit();
  EXPECT_EQ((co_await db.read("a"))->get<int>("n"), 5);
  EXPECT_TRUE(co_await db.exists("b"));
}

WEIR_RULE(Transactions, rollback, "or not at all: rollback") {
  need_transactions(test, db);
  co_await store(db, record("a", R"({"n": 1})"));
  auto tx = co_await db.begin();
  co_await tx.create(record("b"));
  co_await tx.remove("a");
  co_await tx.rollback();
  EXPECT_EQ(co_await found(db, Query{}), "a");
}

WEIR_RULE(Transactions, destruction_rolls_back, "Not committed = rolled back, at the latest by the destructor") {
  need_transactions(test, db);
  co_await store(db, record("a", R"({"n": 1})"));
  for (int i = 0; i < 12; ++i) {  // more often than there are connections
    auto tx = co_await db.begin();
    co_await tx.create(record("b" + std::to_string(i)));
    co_await tx.patch("a", object_of("n", 100));
  }
  EXPECT_EQ((co_await db.read("a"))->get<int>("n"), 1);
  EXPECT_EQ(co_await db.count(), 1u);
  EXPECT_TRUE(co_await db.patch("a", object_of("n", 2))) << "nothing stays locked";
}

WEIR_RULE(Transactions, an_exception_rolls_back, "Not committed = rolled back: an exception leaves the scope") {
  need_transactions(test, db);
  try {
    auto tx = co_await db.begin();
    co_await tx.create(record("a"));
    throw std::runtime_error("business rule");
  } catch (const std::runtime_error&) {  // the one thrown above
  }
  EXPECT_EQ(co_await db.count(), 0u);
}

WEIR_RULE(Transactions, use_after_the_end, "after commit and rollback every operation throws invalid_argument") {
  need_transactions(test, db);
  for (const bool commit : {true, false}) {
    auto tx = co_await db.begin();
    co_await tx.upsert(record("a"));
    if (commit) {
      co_await tx.commit();
    } else {
      co_await tx.rollback();
    }
    EXPECT_FAILS(tx.create(record("b")), invalid_argument);
    EXPECT_FAILS(tx.read("a"), invalid_argument);
    EXPECT_FAILS(tx.search(Query{}), invalid_argument);
    EXPECT_FAILS(tx.count(), invalid_argument);
    EXPECT_FAILS(tx.commit(), invalid_argument);
    EXPECT_FAILS(tx.savepoint(), invalid_argument);
    const auto streamed = co_await outcome_of([&] { return drained(tx.stream()); });
    EXPECT_TRUE(test::fails_with(streamed, errc::invalid_argument));
  }
  EXPECT_EQ(co_await found(db, Query{}), "a");
}

WEIR_RULE(Transactions, failed_writes_leave_it_usable,
          "an error of one operation that changed nothing leaves the transaction usable") {
  need_transactions(test, db);
  co_await store(db, record("a", R"({"n": 1})"));
  auto tx = co_await db.begin();
  co_await tx.create(record("b"));
  EXPECT_FAILS(tx.create(record(std::string(513, 'x'))), invalid_argument);
  EXPECT_FALSE(co_await tx.patch("none", Json::object()));
  co_await tx.create(record("c"));
  co_await tx.commit();
  EXPECT_EQ(co_await found(db, Query{}), "a b c");
}

WEIR_RULE(Transactions, already_exists_inside, "create of an id that exists: already_exists, in a transaction too") {
  need_transactions(test, db);
  co_await store(db, record("a", R"({"n": 1})"));
  auto tx = co_await db.begin();
  EXPECT_FAILS(tx.create(record("a", R"({"n": 2})")), already_exists);
  co_await tx.rollback();
  EXPECT_EQ((co_await db.read("a"))->get<int>("n"), 1);
}

WEIR_RULE(Transactions, conflict_inside, "if_version of another version: conflict, in a transaction too") {
  need_transactions(test, db);
  if (!db.capabilities().conditional_write) test.skip("no conditional writes");
  co_await store(db, record("a", R"({"n": 1})"));
  const auto first = co_await db.read("a");
  co_await db.patch("a", object_of("n", 2));
  WriteOptions stale;
  stale.if_version(first->version);
  auto tx = co_await db.begin();
  EXPECT_FAILS(tx.update("a", record("", R"({"n": 3})"), stale), conflict);
  co_await tx.rollback();
  EXPECT_EQ((co_await db.read("a"))->get<int>("n"), 2);
}

WEIR_RULE(Transactions, batches_inside, "create_batch, upsert_batch, remove_batch inside") {
  need_transactions(test, db);
  co_await store(db, record("a"));
  auto tx = co_await db.begin();
  const std::vector<Record> made{record("b"), record("c")};
  EXPECT_EQ((co_await tx.create_batch(made)).succeeded(), 2u);
  const std::vector<Record> replaced{record("a", R"({"n": 1})"), record("d")};
  EXPECT_EQ((co_await tx.upsert_batch(replaced)).succeeded(), 2u);
  const std::vector<std::string> gone{"b", "none"};
  EXPECT_EQ((co_await tx.remove_batch(gone)).succeeded(), 1u);
  EXPECT_EQ(co_await db.count(), 1u);
  co_await tx.commit();
  EXPECT_EQ(co_await found(db, Query{}), "a c d");
}

WEIR_RULE(Transactions, other_operations_between_batches,
          "Other operations of the transaction may run between two batches of its stream") {
  need_transactions(test, db);
  std::vector<Record> records;
  for (int i = 0; i < 20; ++i) records.push_back(record(std::to_string(100 + i), R"({"n": 0})"));
  co_await store(db, records);
  auto tx = co_await db.begin();
  auto stream = tx.stream(Query{}.order_by(weir::id()), StreamOptions{}.batch_size(3));
  int seen = 0;
  for (;;) {
    const auto next = co_await stream.next();
    if (!next) break;
    ++seen;
    EXPECT_TRUE(co_await tx.patch(next->id, object_of("n", seen)));
  }
  EXPECT_EQ(seen, 20);
  co_await stream.close();
  co_await tx.commit();
  EXPECT_EQ((co_await db.read("119"))->get<int>("n"), 20);
}

WEIR_RULE(Transactions, stream_ends_with_it, "a stream of a transaction ends with the transaction") {
  need_transactions(test, db);
  std::vector<Record> records;
  for (int i = 0; i < 20; ++i) records.push_back(record(std::to_string(100 + i)));
  co_await store(db, records);
  auto tx = co_await db.begin();
  auto stream = tx.stream(Query{}, StreamOptions{}.batch_size(3));
  EXPECT_TRUE((co_await stream.next()).has_value());
  co_await tx.rollback();
  Outcome outcome;
  std::size_t more = 0;
  while (outcome.ok() && more < 25) {
    outcome = co_await outcome_of([&] { return stream.next_batch(); });
    ++more;
  }
  EXPECT_TRUE(test::fails_with(outcome, errc::invalid_argument));
}

WEIR_RULE(Transactions, transact, "transact: begin, body, commit; gives body's value") {
  need_transactions(test, db);
  auto body = [](Transaction& tx) -> awaitable<int> {
    co_await tx.create(record("a"));
    co_return 7;
  };
  EXPECT_EQ(co_await db.transact(body), 7);
  EXPECT_TRUE(co_await db.exists("a"));
  auto failing = [](Transaction& tx) -> awaitable<void> {
    co_await tx.create(record("b"));
    throw std::runtime_error("no");
  };
  bool thrown = false;
  try {
    co_await db.transact(failing);
  } catch (const std::runtime_error& error) {
    thrown = std::string(error.what()) == "no";
  }
  EXPECT_TRUE(thrown) << "what the body throws comes out unchanged";
  EXPECT_FALSE(co_await db.exists("b"));
}

WEIR_RULE(Transactions, transact_again,
          "the whole again on serialization_failure or deadlock (bounded; tx.attempt() tells)") {
  need_transactions(test, db);
  std::vector<unsigned> attempts;
  auto body = [&attempts](Transaction& tx) -> awaitable<void> {
    attempts.push_back(tx.attempt());
    co_await tx.create(record("a" + std::to_string(attempts.size())));
    if (attempts.size() < 3) throw Error(attempts.size() == 1 ? errc::serialization_failure : errc::deadlock, "again");
  };
  co_await db.transact(body);
  EXPECT_EQ(attempts, (std::vector<unsigned>{1, 2, 3}));
  EXPECT_EQ(co_await found(db, Query{}), "a3");
  unsigned runs = 0;
  auto hopeless = [&runs](Transaction&) -> awaitable<void> {
    ++runs;
    throw Error(errc::serialization_failure, "never");
    co_return;
  };
  TransactionOptions options;
  options.max_attempts(2);
  const auto outcome = co_await outcome_of([&] { return db.transact(hopeless, options); });
  EXPECT_TRUE(test::fails_with(outcome, errc::serialization_failure));
  EXPECT_EQ(runs, 2u);
  unsigned others = 0;
  auto conflicting = [&others](Transaction&) -> awaitable<void> {
    ++others;
    throw Error(errc::conflict, "no reason to run again");
    co_return;
  };
  EXPECT_FAILS(db.transact(conflicting), conflict);
  EXPECT_EQ(others, 1u);
}

WEIR_RULE(Transactions, read_only, "a read_only transaction refuses writes") {
  need_transactions(test, db);
  co_await store(db, record("a"));
  TransactionOptions options;
  options.read_only(true);
  auto tx = co_await db.begin(options);
  EXPECT_TRUE(co_await tx.exists("a"));
  const auto outcome = co_await outcome_of([&] { return tx.create(record("b")); });
  EXPECT_FALSE(outcome.ok());
  co_await tx.rollback();
  EXPECT_EQ(co_await db.count(), 1u);
}

WEIR_RULE(Transactions, serialised_increments, "concurrent transactions lose no update: serializable") {
  need_transactions(test, db);
  co_await store(db, record("counter", R"({"n": 0})"));
  constexpr int threads = 4;
  constexpr int each = 10;
  TransactionOptions options;
  options.isolation(Isolation::serializable).max_attempts(200);
  auto work = [](AsyncDatabase to, TransactionOptions with) -> awaitable<void> {
    for (int i = 0; i < each; ++i) {
      auto body = [](Transaction& tx) -> awaitable<void> {
        const auto now = co_await tx.read("counter");
        const Json next{{"n", now->get<int>("n") + 1}};
        co_await tx.patch("counter", next);
      };
      co_await to.transact(body, with);
    }
  };
  {
    std::vector<std::unique_ptr<test::OnThread<void>>> running;
    for (int i = 0; i < threads; ++i)
      running.push_back(std::make_unique<test::OnThread<void>>([db, work, options] { return work(db, options); }));
    for (auto& one : running) one->take();
  }
  EXPECT_EQ((co_await db.read("counter"))->get<int>("n"), threads * each);
}

WEIR_RULE(Transactions, another_loop,
          "belongs to the loop of its first operation: use from another loop throws invalid_argument") {
  need_transactions(test, db);
  auto tx = co_await db.begin();
  co_await tx.create(record("a"));
  test::OnThread<Outcome> other([&tx] { return outcome_of([&tx] { return tx.exists("a"); }); });
  EXPECT_TRUE(test::fails_with(other.take(), errc::invalid_argument));
  co_await tx.commit();
  EXPECT_TRUE(co_await db.exists("a"));
}

WEIR_RULE(Transactions, destroyed_elsewhere, "The destructor may run anywhere and never blocks") {
  need_transactions(test, db);
  auto tx = co_await db.begin();
  co_await tx.create(record("a"));
  auto moved = std::make_shared<Transaction>(std::move(tx));
  std::thread([gone = std::move(moved)]() mutable { gone.reset(); }).join();
  EXPECT_EQ(co_await db.count(), 0u);
  co_await db.create(record("b"));
  EXPECT_EQ(co_await found(db, Query{}), "b");
}

}  // namespace weir::conformance
