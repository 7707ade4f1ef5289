// Cancellation at every suspension point of every operation, and the end of the loop at every one of them.

#include "conformance/operations.hpp"
#include "conformance/suite.hpp"
#include "support/sanitizers.hpp"
#include "support/steps.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>

namespace weir::conformance {

WEIR_RULES(Cancellation);

namespace {

namespace asio = boost::asio;
using Effect = InterruptedOperation::Effect;

constexpr std::size_t base_records = 10;
// More handlers than any operation here has; an operation that needs more has to be looked at.
constexpr std::size_t most_points = 400;

awaitable<void> store_base(AsyncDatabase db) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < base_records; ++i) {
    Record one;
    one.id = "base-" + std::to_string(i);
    one.fields["base"] = true;
    one.fields["n"] = i;
    records.push_back(std::move(one));
  }
  return store(std::move(db), std::move(records));
}

// Lets everything through that can be cancelled, not only `terminal`.
awaitable<void> cancellable(awaitable<void> operation) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  co_await std::move(operation);
}

// The clean-up of what was interrupted happens in the background: on the loops that are left, or on a store's own
// thread, which may still be at what it was given when the loop ended.
awaitable<void> until_at_rest(AsyncDatabase db, const char* what) {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  // One look at both: between two, what waited may have begun.
  auto stats = db.stats();
  while ((stats.used != 0 || stats.waiters != 0) && std::chrono::steady_clock::now() < patience) {
    co_await db.exists("base-0");
    co_await asio::post(asio::use_awaitable);
    stats = db.stats();
  }
  EXPECT_EQ(stats.used, 0u) << what << ": something is still in use";
  EXPECT_EQ(stats.waiters, 0u) << what << ": somebody still waits";
}

// The handle is usable, nothing of the base is lost, no transaction is open, and the operation's own records are as
// promised.
awaitable<void> check_after(AsyncDatabase db, const InterruptedOperation& operation, std::string tag, bool completed) {
  const auto base = co_await db.count(Query(field("base") == true));
  EXPECT_EQ(base, base_records) << "records were lost";
  const auto own = co_await db.search(Query(field("tag") == tag));
  const auto changed = static_cast<std::size_t>(
      std::count_if(own.begin(), own.end(), [](const Record& one) { return one.get<bool>("changed"); }));
  switch (operation.effect) {
    case Effect::none: EXPECT_EQ(own.size(), 0u); break;
    case Effect::any: EXPECT_LE(own.size(), operation.records); break;
    case Effect::all:
      EXPECT_TRUE(own.empty() || own.size() == operation.records) << own.size() << " of all or nothing";
      break;
    case Effect::change: EXPECT_EQ(own.size(), operation.records) << "a change lost a record"; break;
    case Effect::removal: EXPECT_LE(own.size(), operation.records); break;
  }
  if (completed) {
    switch (operation.effect) {
      case Effect::none: break;
      case Effect::any:
      case Effect::all: EXPECT_EQ(own.size(), operation.records) << "acknowledged and not there"; break;
      case Effect::change: EXPECT_EQ(changed, operation.records) << "acknowledged and not there"; break;
      case Effect::removal: EXPECT_EQ(own.size(), 0u) << "acknowledged and not there"; break;
    }
  }
  // A write would wait for ever behind a transaction that was left open.
  const auto hasty = db.with(CallOptions{}.timeout(std::chrono::seconds(20)));
  const auto id = co_await hasty.upsert(record("probe", R"({"probe": true})"));
  EXPECT_TRUE(co_await hasty.remove(id));
  if (db.capabilities().transactions) {
    auto tx = co_await hasty.begin();
    co_await tx.upsert(record("probe"));
    EXPECT_TRUE(co_await tx.remove("probe"));
    co_await tx.commit();
  }
  if (!own.empty()) co_await db.remove_where(Query(field("tag") == tag));
}

bool possible(const InterruptedOperation& operation, const Capabilities& can) {
  return (can.transactions || !operation.needs_transactions) && (can.savepoints || !operation.needs_savepoints);
}

// Under a sanitizer every third point of what is long.
std::size_t next_point(std::size_t point, std::size_t step) {
  return point + (test::under_sanitizer && !test::full_run() && point > 20 ? std::max<std::size_t>(3, step) : step);
}

// Where not all points are seen, each operation begins with another one.
std::size_t first_point(const InterruptedOperation& operation, std::size_t step) {
  return std::string_view(operation.name).size() % step;
}

void cancel_everywhere(const AsyncDatabase& db, const InterruptedOperation& operation, bool total, std::size_t step) {
  const auto type = total ? asio::cancellation_type::total : asio::cancellation_type::terminal;
  for (std::size_t point = first_point(operation, step); point < most_points; point = next_point(point, step)) {
    const auto tag = std::string(operation.name) + (total ? "-t" : "-") + std::to_string(point);
    SCOPED_TRACE(tag);
    if (operation.prepare != nullptr) test::run(operation.prepare(db, tag));
    auto started = operation.run(db, tag);
    const auto end = test::cancelled_after(point, total ? cancellable(std::move(started)) : std::move(started), type);
    if (!end.ended) {
      ADD_FAILURE() << "does not end after a cancellation";
      return;
    }
    EXPECT_TRUE(end.outcome.ok() || end.outcome.cancelled()) << end.outcome;
    test::run(check_after(db, operation, tag, end.outcome.ok()));
    test::run(until_at_rest(db, "after a cancellation"));
    if (testing::Test::HasFailure()) return;
    if (!end.cancelled) return;  // it ended before: all points were seen
  }
  ADD_FAILURE() << operation.name << " has more than " << most_points << " suspension points";
}

void end_the_loop_everywhere(const AsyncDatabase& db, const InterruptedOperation& operation, std::size_t step) {
  for (std::size_t point = first_point(operation, step); point < most_points; point = next_point(point, step)) {
    const auto tag = std::string(operation.name) + "-l" + std::to_string(point);
    SCOPED_TRACE(tag);
    if (operation.prepare != nullptr) test::run(operation.prepare(db, tag));
    bool ended = false;
    Outcome outcome;
    {
      test::StepLoop loop(operation.run(db, tag));
      loop.steps(point);
      ended = loop.ended();
      if (ended) outcome = loop.finish().outcome;
      loop.destroy_loop();
    }
    EXPECT_TRUE(outcome.ok()) << outcome;
    test::run(until_at_rest(db, "after the end of a loop"));
    test::run(check_after(db, operation, tag, ended));
    if (testing::Test::HasFailure() || ended) return;
  }
  ADD_FAILURE() << operation.name << " has more than " << most_points << " suspension points";
}

}  // namespace

WEIR_RULE(Cancellation, at_every_point,
          "Cancelling at every suspension point of every operation leaves nothing leaked and the handle usable") {
  const auto step = test.backend().interruption_step;
  co_await store_base(db);
  for (const auto& operation : interrupted_operations())
    if (possible(operation, db.capabilities())) cancel_everywhere(db, operation, false, step);
}

WEIR_RULE(Cancellation, of_all_kinds_at_every_point,
          "all kinds while queued, terminal once bytes were sent: total cancellation does no harm") {
  const auto step = test.backend().interruption_step;
  co_await store_base(db);
  for (const auto& operation : interrupted_operations())
    if (possible(operation, db.capabilities())) cancel_everywhere(db, operation, true, step);
}

WEIR_RULE(
    Cancellation, end_of_the_loop_at_every_point,
    "coroutine frames destroyed by ~io_context while holding stream, transaction and lease leave the handle usable") {
  const auto step = test.backend().interruption_step;
  co_await store_base(db);
  for (const auto& operation : interrupted_operations())
    if (possible(operation, db.capabilities())) end_the_loop_everywhere(db, operation, step);
}

WEIR_RULE(Cancellation, of_the_first_operation,
          "The first operation on a loop connects: cancelled at every point, the next one succeeds") {
  for (std::size_t point = 0; point < most_points; point += test.backend().interruption_step) {
    auto fresh = co_await test.open_another();
    const auto end = test::cancelled_after(point, interrupted_operations().front().run(fresh, "first"),
                                           asio::cancellation_type::terminal);
    EXPECT_TRUE(end.ended);
    EXPECT_TRUE(end.outcome.ok() || end.outcome.cancelled()) << end.outcome;
    co_await fresh.upsert(record("after"));
    EXPECT_TRUE(co_await fresh.exists("after"));
    co_await fresh.close();
    if (!end.cancelled || testing::Test::HasFailure()) co_return;
  }
  ADD_FAILURE() << "too many points";
}

WEIR_RULE(Cancellation, of_open, "open, cancelled at every point") {
  for (std::size_t point = 0; point < most_points; point += test.backend().interruption_step) {
    auto opening = [](Suite* suite) -> awaitable<void> {
      auto opened = co_await suite->open_another();
      co_await opened.ping();
    };
    const auto end = test::cancelled_after(point, opening(&test), asio::cancellation_type::terminal);
    EXPECT_TRUE(end.ended);
    EXPECT_TRUE(end.outcome.ok() || end.outcome.cancelled()) << end.outcome;
    if (!end.cancelled) co_return;
  }
  ADD_FAILURE() << "too many points";
}

WEIR_RULE(Cancellation, of_close, "close, cancelled at every point: the database is closed all the same, or usable") {
  for (std::size_t point = 0; point < most_points; point += test.backend().interruption_step) {
    auto fresh = co_await test.open_another();
    co_await fresh.create(record("a"));
    auto closing = [](AsyncDatabase of) -> awaitable<void> { co_await of.close(); };
    const auto end = test::cancelled_after(point, closing(fresh), asio::cancellation_type::terminal);
    EXPECT_TRUE(end.ended);
    EXPECT_TRUE(end.outcome.ok() || end.outcome.cancelled()) << end.outcome;
    const auto after = co_await outcome_of([&] { return fresh.read("a"); });
    EXPECT_TRUE(after.ok() || after.is(errc::pool_closed)) << after;
    co_await fresh.close();
    EXPECT_FAILS(fresh.read("a"), pool_closed);
    if (!end.cancelled || testing::Test::HasFailure()) co_return;
  }
  ADD_FAILURE() << "too many points";
}

WEIR_RULE(Cancellation, of_a_stream, "a cancelled next() ends the stream; the next call throws cancelled") {
  co_await store_base(db);
  for (std::size_t point = 0; point < most_points; point += test.backend().interruption_step) {
    auto stream = db.stream(Query{}, StreamOptions{}.batch_size(2));
    auto reading = [](RecordStream* of) -> awaitable<void> {
      while (co_await of->next()) {
      }
    };
    test::StepLoop loop(reading(&stream));
    loop.steps(point);
    if (!loop.ended()) loop.cancel(asio::cancellation_type::terminal);
    const auto end = loop.finish();
    EXPECT_TRUE(end.ended);
    EXPECT_TRUE(end.outcome.ok() || end.outcome.cancelled()) << end.outcome;
    if (!end.cancelled || testing::Test::HasFailure()) co_return;
  }
  ADD_FAILURE() << "too many points";
}

}  // namespace weir::conformance
