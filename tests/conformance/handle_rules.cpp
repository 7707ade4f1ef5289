// The handle: copies, empty ones, closing, deadlines, ping, explain, capabilities.

#include "conformance/suite.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace weir::conformance {

WEIR_RULES(Handles);

namespace {

using namespace std::chrono_literals;

bool mentions(const Json& json, const std::string& text) { return json.dump().find(text) != std::string::npos; }

}  // namespace

WEIR_RULE(Handles, an_empty_handle,
          "An empty one can be destroyed, assigned and tested; any other use throws invalid_argument") {
  AsyncDatabase empty;
  EXPECT_FALSE(static_cast<bool>(empty));
  EXPECT_FAILS(empty.create(record("a")), invalid_argument);
  EXPECT_FAILS(empty.read("a"), invalid_argument);
  EXPECT_FAILS(empty.update("a", record("")), invalid_argument);
  EXPECT_FAILS(empty.patch("a", Json::object()), invalid_argument);
  EXPECT_FAILS(empty.upsert(record("a")), invalid_argument);
  EXPECT_FAILS(empty.remove("a"), invalid_argument);
  EXPECT_FAILS(empty.exists("a"), invalid_argument);
  EXPECT_FAILS(empty.search(Query{}), invalid_argument);
  EXPECT_FAILS(empty.count(), invalid_argument);
  EXPECT_FAILS(empty.create_batch(std::vector<Record>()), invalid_argument);
  EXPECT_FAILS(empty.upsert_batch(std::vector<Record>()), invalid_argument);
  EXPECT_FAILS(empty.read_batch(std::vector<std::string>()), invalid_argument);
  EXPECT_FAILS(empty.remove_batch(std::vector<std::string>()), invalid_argument);
  EXPECT_FAILS(empty.write(RecordStream::from(std::vector<Record>())), invalid_argument);
  EXPECT_FAILS(empty.remove_where(Query{}), invalid_argument);
  EXPECT_FAILS(empty.patch_where(Query{}, Json::object()), invalid_argument);
  EXPECT_FAILS(empty.begin(), invalid_argument);
  EXPECT_FAILS(empty.explain(Query{}), invalid_argument);
  EXPECT_FAILS(empty.ping(), invalid_argument);
  EXPECT_FAILS(empty.close(), invalid_argument);
  auto now = [](auto call) { return test::fails_with(test::outcome_now(call), errc::invalid_argument); };
  EXPECT_TRUE(now([&] { empty.stream(); }));
  EXPECT_TRUE(now([&] { empty.stats(); }));
  EXPECT_TRUE(now([&] { empty.capabilities(); }));
  EXPECT_TRUE(now([&] { empty.config(); }));
  EXPECT_TRUE(now([&] { empty.with(CallOptions{}); }));
  empty = db;
  EXPECT_TRUE(static_cast<bool>(empty));
  EXPECT_EQ(co_await empty.count(), 0u);
  const AsyncDatabase moved = std::move(empty);
  EXPECT_EQ(co_await moved.count(), 0u);
  EXPECT_FAILS(empty.count(), invalid_argument);  // NOLINT(bugprone-use-after-move): that is what is tested
}

WEIR_RULE(Handles, empty_streams_and_transactions,
          "Whatever an awaitable returns is default-constructible; an empty one throws invalid_argument") {
  RecordStream stream;
  EXPECT_FALSE(static_cast<bool>(stream));
  EXPECT_FAILS(stream.next(), invalid_argument);
  EXPECT_FAILS(stream.next_batch(), invalid_argument);
  EXPECT_FAILS(stream.close(), invalid_argument);
  EXPECT_FAILS(db.write(RecordStream()), invalid_argument);
  Transaction transaction;
  EXPECT_FALSE(static_cast<bool>(transaction));
  EXPECT_FAILS(transaction.read("a"), invalid_argument);
  EXPECT_FAILS(transaction.create(record("a")), invalid_argument);
  EXPECT_FAILS(transaction.commit(), invalid_argument);
  EXPECT_FAILS(transaction.rollback(), invalid_argument);
  EXPECT_FAILS(transaction.savepoint(), invalid_argument);
  EXPECT_TRUE(test::fails_with(test::outcome_now([&] { transaction.attempt(); }), errc::invalid_argument));
}

WEIR_RULE(Handles, copies_are_one_database, "Copies of a handle are one database") {
  const AsyncDatabase copy = db;
  co_await copy.create(record("a"));
  EXPECT_TRUE(co_await db.exists("a"));
  const auto other = db.with(CallOptions{}.tag("report").timeout(10s));
  EXPECT_TRUE(co_await other.exists("a"));
  EXPECT_EQ(copy.config().to_url(), db.config().to_url());
}

WEIR_RULE(Handles, handle_dies_before_the_awaitable, "the handle may die before the awaitable starts") {
  auto handle = std::make_unique<AsyncDatabase>(db);
  auto create = handle->create(record("a"));
  auto read = handle->read("a");
  auto search = handle->search(Query{});
  auto count = handle->count();
  auto batch = handle->create_batch(std::vector<Record>{record("b")});
  handle.reset();
  EXPECT_EQ(co_await std::move(create), "a");
  EXPECT_TRUE((co_await std::move(read)).has_value());
  EXPECT_EQ((co_await std::move(batch)).succeeded(), 1u);
  EXPECT_EQ((co_await std::move(search)).size(), 2u);
  EXPECT_EQ(co_await std::move(count), 2u);
}

WEIR_RULE(Handles, awaitables_may_be_dropped, "An operation that is never awaited does nothing") {
  {
    auto never = db.create(record("a"));
  }
  {
    auto never = db.remove_where(Query{});
  }
  EXPECT_EQ(co_await db.count(), 0u);
}

WEIR_RULE(Handles, seen_on_every_handle_and_loop,
          "A write that returned is visible to a later read on any handle; to a later search too") {
  const AsyncDatabase copy = db;
  for (int i = 0; i < 20; ++i) {
    const auto id = std::to_string(100 + i);
    co_await db.create(record(id, R"({"n": 1})"));
    test::OnThread<std::string> there([copy] { return found(copy, "n = 1"); });
    const auto seen = there.take();
    EXPECT_NE(seen.find(id), std::string::npos) << "not seen on another loop";
    test::OnThread<bool> changed([copy, id] { return copy.patch(id, object_of("n", 2)); });
    EXPECT_TRUE(changed.take());
    const auto back = co_await db.read(id);
    EXPECT_EQ(back->get<int>("n"), 2) << "a write on another loop";
  }
}

WEIR_RULE(Handles, opened_again, "the same URL opened again shows the same records") {
  if (!test.backend().same_url_same_records) test.skip("each open is a database of its own");
  co_await db.create(record("a"));
  auto again = co_await test.open_again();
  EXPECT_TRUE(co_await again.exists("a"));
  co_await again.create(record("b"));
  EXPECT_TRUE(co_await db.exists("b"));
  co_await again.close();
  EXPECT_TRUE(co_await db.exists("b")) << "other handles are not disturbed";
}

WEIR_RULE(Handles, kept_after_the_end, "what was acknowledged is there after all handles are gone") {
  if (!test.backend().durable) test.skip("nothing is kept");
  co_await db.create(record("a", R"({"n": [1, 2], "o": [{"x": "😀"}]})"));
  const auto version = (co_await db.read("a"))->version;
  co_await db.close();
  auto again = co_await test.open_again();
  const auto read = co_await again.read("a");
  EXPECT_TRUE(read && same_record(record("a", R"({"n": [1, 2], "o": [{"x": "😀"}]})"), *read));
  EXPECT_EQ(read->version, version);
  co_await again.close();
}

WEIR_RULE(Handles, closed, "close ends it for all copies on every loop, later calls throw pool_closed") {
  const AsyncDatabase copy = db;
  co_await db.create(record("a"));
  auto stream = db.stream();
  co_await db.close();
  co_await copy.close();
  EXPECT_FAILS(db.create(record("b")), pool_closed);
  EXPECT_FAILS(copy.read("a"), pool_closed);
  EXPECT_FAILS(copy.update("a", record("")), pool_closed);
  EXPECT_FAILS(copy.patch("a", Json::object()), pool_closed);
  EXPECT_FAILS(copy.upsert(record("a")), pool_closed);
  EXPECT_FAILS(copy.remove("a"), pool_closed);
  EXPECT_FAILS(copy.exists("a"), pool_closed);
  EXPECT_FAILS(copy.search(Query{}), pool_closed);
  EXPECT_FAILS(copy.count(), pool_closed);
  EXPECT_FAILS(copy.create_batch(std::vector<Record>{record("b")}), pool_closed);
  EXPECT_FAILS(copy.remove_where(Query{}), pool_closed);
  EXPECT_FAILS(copy.begin(), pool_closed);
  EXPECT_FAILS(copy.explain(Query{}), pool_closed);
  EXPECT_FAILS(copy.ping(), pool_closed);
  EXPECT_FAILS(stream.next(), pool_closed);
  const auto of_a_stream = co_await outcome_of([&] { return drained(copy.stream()); });
  EXPECT_TRUE(test::fails_with(of_a_stream, errc::pool_closed));
  test::OnThread<Outcome> elsewhere([&copy] { return outcome_of([&copy] { return copy.read("a"); }); });
  EXPECT_TRUE(test::fails_with(elsewhere.take(), errc::pool_closed));
}

WEIR_RULE(Handles, closed_with_work_under_way, "close waits at most drain for what is running; nothing hangs") {
  std::vector<Record> records;
  for (int i = 0; i < 50; ++i) records.push_back(record(std::to_string(i)));
  co_await store(db, records);
  auto stream = db.stream(Query{}, StreamOptions{}.batch_size(2));
  co_await stream.next();
  Transaction open;
  if (db.capabilities().transactions) {
    open = co_await db.begin();
    co_await open.upsert(record("x"));
  }
  co_await db.close(50ms);
  EXPECT_FAILS(db.read("0"), pool_closed);
  const auto rest = co_await outcome_of([&] { return drained(std::move(stream)); });
  EXPECT_TRUE(rest.ok() || rest.is(errc::pool_closed) || rest.cancelled()) << rest;
  if (open) {
    const auto commit = co_await outcome_of([&] { return open.commit(); });
    EXPECT_FALSE(commit.ok());
  }
}

WEIR_RULE(Handles, opened_on_a_loop_that_is_gone, "A handle outlives the loop it was opened on") {
  auto fresh = test.backend().fresh();
  const auto handle = test::OnThread<AsyncDatabase>([url = fresh.url] { return AsyncDatabase::open(url); }).take();
  test::OnThread<std::string>([handle] { return handle.create(record("a")); }).take();
  EXPECT_TRUE(co_await handle.exists("a"));
  co_await handle.close();
}

WEIR_RULE(Handles, last_handle_without_close, "Destroying the last handle without close is right: nothing blocks") {
  for (int i = 0; i < 3; ++i) {
    auto another = co_await test.open_another();
    co_await another.create(record("a"));
    auto stream = another.stream();
    co_await stream.next();
  }
}

WEIR_RULE(Handles, no_deadline, "with(CallOptions{}.timeout(0)): no deadline") {
  const auto patient = db.with(CallOptions{}.timeout(0ms));
  co_await patient.create(record("a"));
  EXPECT_TRUE(co_await patient.exists("a"));
}

WEIR_RULE(Handles, generous_deadline,
          "with(CallOptions{}.timeout(...)) shapes the calls of that handle, also of streams and transactions") {
  const auto hasty = db.with(CallOptions{}.timeout(30s));
  co_await hasty.create(record("a"));
  EXPECT_EQ((co_await drained(hasty.stream())).size(), 1u);
  if (!db.capabilities().transactions) co_return;
  auto tx = co_await hasty.begin();
  co_await tx.create(record("b"));
  co_await tx.commit();
  EXPECT_EQ(co_await hasty.count(), 2u);
}

WEIR_RULE(Handles, a_deadline_ends_waiting,
          "deadlines: a call ends by its deadline, with timeout or with its result, and the handle stays usable") {
  if (!db.capabilities().transactions) test.skip("nothing to wait for without transactions");
  co_await store(db, record("a", R"({"n": 1})"));
  auto tx = co_await db.begin();
  co_await tx.patch("a", object_of("n", 2));
  const auto hasty = db.with(CallOptions{}.timeout(40ms));
  const auto begun = std::chrono::steady_clock::now();
  // A store with locks lets it wait; one without lets it through, and the transaction fails at its commit.
  const auto outcome = co_await outcome_of([&] { return hasty.patch("a", object_of("n", 3)); });
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
  EXPECT_TRUE(outcome.ok() || outcome.is(errc::timeout) || outcome.is(errc::pool_timeout) ||
              outcome.is(errc::unavailable))
      << outcome;
  const auto commit = co_await outcome_of([&] { return tx.commit(); });
  if (!outcome.ok()) {
    EXPECT_TRUE(test::succeeds(commit));
  }
  const auto read = co_await db.read("a");
  EXPECT_EQ(read->get<int>("n"), commit.ok() ? 2 : 3);
  EXPECT_TRUE(co_await db.patch("a", object_of("n", 4))) << "the handle stays usable";
}

WEIR_RULE(Handles, own_timeout_of_a_write, "WriteOptions::timeout: of one call only") {
  WriteOptions options;
  options.timeout(20s);
  EXPECT_EQ(co_await db.create(record("a"), options), "a");
  BatchOptions batch;
  batch.timeout(20s);
  EXPECT_EQ((co_await db.create_batch(records_of(record("b")), batch)).succeeded(), 1u);
}

WEIR_RULE(Handles, ping, "an outage is reported in Health; a reachable store says what it is") {
  const auto health = co_await db.ping();
  EXPECT_TRUE(health.reachable) << health.error;
  EXPECT_TRUE(health.error.empty()) << health.error;
  EXPECT_FALSE(health.product.empty());
  EXPECT_GE(health.round_trip.count(), 0);
}

WEIR_RULE(Handles, stats_are_at_rest, "what operations used is given back: nothing in use, nobody waiting") {
  co_await store(db, record("a"), record("b"));
  co_await db.search(Query{});
  {
    auto stream = db.stream();
    co_await stream.next();
  }
  EXPECT_FAILS(db.create(record("a")), already_exists);
  // What was abandoned is cleaned up in the background; a later operation comes after it.
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (db.stats().used != 0 && std::chrono::steady_clock::now() < limit) {
    co_await db.count();
    co_await boost::asio::post(boost::asio::use_awaitable);
  }
  const auto stats = db.stats();
  EXPECT_EQ(stats.used, 0u);
  EXPECT_EQ(stats.waiters, 0u);
  EXPECT_LE(stats.idle, stats.max);
}

WEIR_RULE(Handles, explain, "explain: what will run on the store, with which index, or why it is refused") {
  co_await store(db, record("a", R"({"n": 1})"));
  const auto plan = co_await db.explain(Query(field("n") == 1));
  if (!plan.is_object()) co_return ADD_FAILURE() << plan.dump();
  EXPECT_TRUE(plan.contains("backend")) << plan.dump();
  EXPECT_EQ(plan.value("backend", ""), db.config().backend()) << plan.dump();
  EXPECT_TRUE(plan.contains("index")) << plan.dump();
  EXPECT_FALSE(co_await db.exists("nothing")) << "explain changes nothing";
}

WEIR_RULE(Handles, explain_never_lies, "explain never lies: an index is named if and only if it is used") {
  if (test.backend().index_option.empty()) test.skip("no indexes to choose");
  Json options = Json::object();
  options[test.backend().index_option] = "age,address.city";
  auto indexed = co_await test.open_another(options);
  std::vector<Record> records;
  for (int i = 0; i < 500; ++i) {
    Record one;
    one.id = std::to_string(1000 + i);
    one.fields["age"] = i % 90;
    one.fields["other"] = i % 90;
    one.fields["address"]["city"] = "c" + std::to_string(i % 50);
    records.push_back(std::move(one));
  }
  co_await store(indexed, std::move(records));
  const auto uses = [](const Json& plan) { return !plan.value("index", Json::array()).empty(); };
  const auto served = co_await indexed.explain(Query(field("age") == 30));
  EXPECT_TRUE(uses(served) && mentions(served["index"], "age")) << served.dump();
  const auto text = co_await indexed.explain(Query(field("address.city") == "c7"));
  EXPECT_TRUE(uses(text) && mentions(text["index"], "city")) << text.dump();
  const auto unserved = co_await indexed.explain(Query(field("other") == 30));
  EXPECT_FALSE(mentions(unserved["index"], "other")) << unserved.dump();
  for (const auto& name : served["index"]) EXPECT_FALSE(mentions(unserved["index"], name.dump())) << unserved.dump();
  EXPECT_EQ((co_await indexed.search(Query(field("age") == 30))).size(), 6u);
  EXPECT_EQ((co_await indexed.search(Query(field("other") == 30))).size(), 6u);
  EXPECT_EQ((co_await indexed.search(Query(field("address.city") == "c7"))).size(), 10u);
  const auto refused = co_await outcome_of([&] { return indexed.explain(Query(field("age").match("x"))); });
  if (!indexed.capabilities().full_text && refused.ok()) {
    const auto why = co_await indexed.explain(Query(field("age").match("x")));
    EXPECT_TRUE(mentions(why, "match") || mentions(why, "full text")) << why.dump();
  }
  co_await indexed.close();
}

WEIR_RULE(Handles, indexes_change_no_answer,
          "an index changes how fast, never what: arrays and mixed types under an index") {
  if (test.backend().index_option.empty()) test.skip("no indexes to choose");
  Json options = Json::object();
  options[test.backend().index_option] = "v,d.v";
  auto indexed = co_await test.open_another(options);
  co_await store(indexed, record("arr", R"({"v": [1, 5]})"), record("num", R"({"v": 5})"),
                 record("str", R"({"v": "5"})"), record("none"), record("nested", R"({"d": [{"v": 5}, {"v": 7}]})"),
                 record("null", R"({"v": null})"), record("bool", R"({"v": true})"),
                 record("obj", R"({"v": {"x": 5}})"));
  EXPECT_EQ(co_await found(indexed, "v = 5"), "arr num");
  EXPECT_EQ(co_await found(indexed, "v >= 5"), "arr num");
  EXPECT_EQ(co_await found(indexed, "v = \"5\""), "str");
  EXPECT_EQ(co_await found(indexed, "v = true"), "bool");
  EXPECT_EQ(co_await found(indexed, "v != 5"), "bool nested none null obj str");
  EXPECT_EQ(co_await found(indexed, "v = null"), "nested none null");
  EXPECT_EQ(co_await found(indexed, "d.v > 5"), "nested");
  EXPECT_EQ(co_await found(indexed, Query{}.order_by("v")), "arr num str bool nested none null obj");
  EXPECT_EQ(co_await found(indexed, Query{}.order_by("v", Order::desc)), "bool str arr num nested none null obj");
  co_await indexed.close();
}

WEIR_RULE(Handles, capabilities_tell_the_truth, "capabilities().x false: unsupported; true: it works") {
  const auto can = db.capabilities();
  EXPECT_TRUE(!can.savepoints || can.transactions) << "savepoints need transactions";
  EXPECT_TRUE(!can.transactions || can.atomic_batch) << "with transactions a batch can be atomic";
  const auto begin = co_await outcome_of([&] { return db.begin(); });
  EXPECT_TRUE(can.transactions ? test::succeeds(begin) : test::fails_with(begin, errc::unsupported));
  BatchOptions atomic;
  atomic.atomic(true);
  const auto batch = co_await outcome_of([&] { return db.create_batch(std::vector<Record>{record("a")}, atomic); });
  EXPECT_TRUE(can.atomic_batch ? test::succeeds(batch) : test::fails_with(batch, errc::unsupported));
  co_await db.upsert(record("a"));
  WriteOptions conditional;
  conditional.if_version((co_await db.read("a"))->version);
  const auto write = co_await outcome_of([&] { return db.update("a", record(""), conditional); });
  EXPECT_TRUE(can.conditional_write ? test::succeeds(write) : test::fails_with(write, errc::unsupported));
  StreamOptions half;
  half.partition(Partition(0, 2));
  const auto part = co_await outcome_of([&] { return drained(db.stream(Query{}, half)); });
  EXPECT_TRUE(can.partitions ? test::succeeds(part) : test::fails_with(part, errc::unsupported));
}

WEIR_RULE(Handles, native_of_another_store, "native<...>: invalid_argument when it is another") {
  struct Nobody {};
  EXPECT_TRUE(test::fails_with(test::outcome_now([&] { db.native<Nobody>(); }), errc::invalid_argument));
  co_return;
}

WEIR_RULE(Handles, open_refuses_nonsense, "An unknown or ill-typed option is an error that names it") {
  Json options = Json::object();
  options["timeout"] = "soon";
  const auto ill_typed = co_await outcome_of([&] { return test.open_another(options); });
  EXPECT_TRUE(test::fails_with(ill_typed, errc::invalid_argument));
  EXPECT_NE(ill_typed.text().find("timeout"), std::string::npos) << ill_typed;
  EXPECT_FAILS(AsyncDatabase::open(std::string("nosuchstore:x")), invalid_argument);
  EXPECT_FAILS(AsyncDatabase::open(std::string("")), invalid_argument);
}

}  // namespace weir::conformance
