#include "policy/layers.hpp"

#include "unit/policy/layered_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;
using weir::awaitable;
using weir::Backend;
using weir::CallContext;
using weir::errc;
using weir::Error;
using weir::ErrorContext;
using weir::Json;
using weir::Query;
using weir::Record;
using weir::StreamOptions;
using weir::test::record_of;
using weir::test::run_with;
using weir::test::Step;
using Kind = Step::Kind;

using Layers = weir::test::LayeredStore;

awaitable<bool> read_n(std::shared_ptr<Backend> store, CallContext context, int expected) {
  const auto record = co_await store->read(context, "a");
  EXPECT_TRUE(record);
  if (record) {
    EXPECT_EQ(record->get<int>("n"), expected);
  }
  co_return true;
}

awaitable<bool> write_a(std::shared_ptr<Backend> store) {
  CallContext context;
  weir::WriteOptions options;
  const auto done = co_await store->write(context, weir::WriteKind::upsert, record_of("a", 1), options);
  co_return done;
}

awaitable<bool> first_of(weir::RecordStream* stream) {
  const auto batch = co_await stream->next_batch();
  EXPECT_THAT(batch, SizeIs(1));
  co_return true;
}

TEST_F(Layers, a_read_is_tried_again) {
  backend->records.emplace("a", record_of("a", 7));
  backend->script = {Step(Kind::fail), Step(Kind::lose)};
  run_with(clock, read_n(wrapped(), {}, 7));
  EXPECT_THAT(backend->calls, ElementsAre("read a", "read a", "read a"));
  EXPECT_EQ(backend->contexts[2].attempt, 3U);
}

TEST_F(Layers, the_last_error_says_how_often) {
  backend->script = {Step(Kind::fail), Step(Kind::fail), Step(Kind::fail, errc::throttled), Step(Kind::pass)};
  const auto error = error_of(read_n(wrapped(), {}, 7));
  EXPECT_EQ(error.kind(), errc::throttled);
  EXPECT_EQ(error.attempts(), 3U);
  EXPECT_THAT(backend->calls, SizeIs(3));
}

TEST_F(Layers, what_does_not_pass_is_not_repeated) {
  backend->script = {Step(Kind::fail, errc::permission_denied)};
  EXPECT_EQ(error_of(read_n(wrapped(), {}, 7)).kind(), errc::permission_denied);
  EXPECT_THAT(backend->calls, SizeIs(1));
}

TEST_F(Layers, options_of_the_database_and_of_the_call) {
  backend->script.assign(20, Step(Kind::fail));
  EXPECT_EQ(error_of(read_n(wrapped("?retry.max_attempts=5"), {}, 7)).attempts(), 5U);
  EXPECT_EQ(error_of(read_n(wrapped("?retry_reads=false"), {}, 7)).attempts(), 1U);
  CallContext context;
  context.retry = weir::RetryOptions().max_attempts(2);
  EXPECT_EQ(error_of(read_n(wrapped("?retry.max_attempts=5"), context, 7)).attempts(), 2U);
}

TEST_F(Layers, the_servers_hint_is_followed) {
  backend->records.emplace("a", record_of("a", 7));
  backend->script = {Step(Error(errc::throttled, "later", ErrorContext().retry_after(3000ms)))};
  const auto before = clock.now();
  run_with(clock, read_n(wrapped(), {}, 7));
  EXPECT_GE(clock.now() - before, 3s);
}

TEST_F(Layers, a_store_that_keeps_failing_is_left_alone) {
  backend->records.emplace("a", record_of("a", 7));
  const auto store = wrapped("?breaker.failures=3&breaker.base=1s&retry.max_attempts=1");
  backend->script.assign(3, Step(Kind::fail, errc::unavailable));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(error_of(read_n(store, {}, 7)).kind(), errc::unavailable);
  const auto error = error_of(read_n(store, {}, 7));
  EXPECT_EQ(error.kind(), errc::unavailable);
  EXPECT_FALSE(error.maybe_applied());
  EXPECT_THAT(backend->calls, SizeIs(3)) << "the fourth was not sent";
  const auto other = wrapped("?breaker.failures=3&breaker.base=1s&retry.max_attempts=1");
  EXPECT_EQ(error_of(read_n(other, {}, 7)).kind(), errc::unavailable);
  EXPECT_THAT(backend->calls, SizeIs(3)) << "nor that of another database of this identity";
  clock.advance(1s);
  run_with(clock, read_n(store, {}, 7));
  run_with(clock, read_n(other, {}, 7));
  EXPECT_THAT(backend->calls, SizeIs(5));
}

TEST_F(Layers, retries_stop_when_the_breaker_opens) {
  const auto store = wrapped("?breaker.failures=2&retry.max_attempts=5&retry.base=1ms");
  backend->script.assign(5, Step(Kind::lose));
  const auto error = error_of(write_a(store));
  EXPECT_EQ(error.kind(), errc::unavailable);
  EXPECT_TRUE(error.maybe_applied()) << "the attempts before may have been applied";
  EXPECT_THAT(backend->calls, SizeIs(2));
}

TEST_F(Layers, a_probe_that_is_cancelled_leaves_its_place) {
  backend->records.emplace("a", record_of("a", 7));
  const auto store = wrapped("?breaker.failures=1&breaker.base=1s&retry.max_attempts=1");
  backend->script = {Step(Kind::fail), Step(Kind::fail, errc::cancelled), Step(Kind::pass)};
  EXPECT_EQ(error_of(read_n(store, {}, 7)).kind(), errc::connection_lost);
  clock.advance(1s);
  EXPECT_EQ(error_of(read_n(store, {}, 7)).kind(), errc::cancelled);
  run_with(clock, read_n(store, {}, 7));
}

TEST_F(Layers, a_probe_whose_loop_is_destroyed_leaves_its_place_too) {
  backend->records.emplace("a", record_of("a", 7));
  const auto store = wrapped("?breaker.failures=1&breaker.base=1s&retry.max_attempts=1");
  backend->script = {Step(Kind::fail), Step(Kind::hang), Step(Kind::pass)};
  EXPECT_EQ(error_of(read_n(store, {}, 7)).kind(), errc::connection_lost);
  clock.advance(1s);
  {
    boost::asio::io_context loop(1);
    boost::asio::co_spawn(loop, read_n(store, {}, 7), [](const std::exception_ptr&, bool) { FAIL() << "it hangs"; });
    loop.poll();
    EXPECT_THAT(backend->calls, SizeIs(2));
  }
  run_with(clock, read_n(store, {}, 7));
}

TEST_F(Layers, a_stream_that_has_begun_has_tried_the_store_out) {
  backend->records.emplace("a", record_of("a", 7));
  const auto store = wrapped("?breaker.failures=1&breaker.base=1s&retry.max_attempts=1");
  backend->script = {Step(Kind::fail)};
  EXPECT_EQ(error_of(read_n(store, {}, 7)).kind(), errc::connection_lost);
  clock.advance(1s);
  auto stream = store->scan({}, Query(), StreamOptions());
  run_with(clock, first_of(&stream));
  run_with(clock, read_n(store, {}, 7));
}

TEST_F(Layers, databases_of_one_identity_share_a_budget) {
  backend->script.assign(1000, Step(Kind::fail));
  const auto first = wrapped("?retry.budget=30");
  const auto second = wrapped("?retry.budget=30&timeout=3s");
  EXPECT_EQ(error_of(read_n(first, {}, 7)).attempts(), 3U);
  EXPECT_EQ(error_of(read_n(second, {}, 7)).attempts(), 1U) << "2 tokens are left of 30";
  EXPECT_EQ(second->stats().budget, 2.0);
  EXPECT_EQ(first->stats().retries, 2U);
  const auto other = wrapped("?retry.budget=31");
  EXPECT_EQ(error_of(read_n(other, {}, 7)).attempts(), 3U);
}

TEST_F(Layers, after_a_throttling_requests_are_sent_as_fast_as_the_store_lately_took) {
  backend->records.emplace("a", record_of("a", 7));
  const auto store = wrapped("?throttle=adaptive&retry.max_attempts=1");
  for (int i = 0; i < 40; ++i, clock.advance(100ms)) run_with(clock, read_n(store, {}, 7));
  backend->script = {Step(Kind::fail, errc::throttled)};
  EXPECT_EQ(error_of(read_n(store, {}, 7)).kind(), errc::throttled);
  EXPECT_EQ(error_of(read_n(store, within(1ms), 7)).kind(), errc::throttled) << "its turn comes after its deadline";
  EXPECT_THAT(backend->calls, SizeIs(41));
  const auto before = clock.now();
  for (int i = 0; i < 30; ++i) run_with(clock, read_n(store, {}, 7));
  EXPECT_GE(clock.now() - before, 1500ms) << "at most twice the ten a second of before";
  EXPECT_LE(clock.now() - before, 10s);
}

awaitable<bool> call_everything(std::shared_ptr<Backend> store) {
  const CallContext any;
  EXPECT_TRUE(co_await store->exists(any, "a"));
  const auto found = co_await store->search(any, Query());
  EXPECT_EQ(found.size(), 1U);
  const auto count = co_await store->count(any, Query());
  EXPECT_EQ(count, 1U);
  std::vector<std::string> ids{"a", "b"};
  const auto read = co_await store->read_batch(any, ids);
  EXPECT_EQ(read.size(), 2U);
  const auto plan = co_await store->explain(any, Query());
  EXPECT_TRUE(plan.is_object());
  const auto transaction = co_await store->begin(any, weir::TransactionOptions());
  EXPECT_TRUE(transaction);
  Json patch = Json::object();
  const auto patched = co_await store->patch_where(any, Query(), patch);
  EXPECT_EQ(patched, 1U);
  const auto removed = co_await store->remove_where(any, Query());
  EXPECT_EQ(removed, 1U);
  const auto health = co_await store->ping(any);
  EXPECT_TRUE(health.reachable);
  co_await store->close(0ms);
  co_return true;
}

TEST_F(Layers, every_operation_comes_through) {
  backend->records.emplace("a", record_of("a", 7));
  const auto store = wrapped();
  run_with(clock, call_everything(store));
  EXPECT_TRUE(store->enforces_deadline());
  EXPECT_FALSE(store->immediate());
  EXPECT_TRUE(store->capabilities().atomic_batch);
}

TEST_F(Layers, a_store_that_needs_no_help_is_called_without) {
  backend->records.emplace("a", record_of("a", 7));
  backend->knows_deadlines = true;
  backend->repeats = true;
  run_with(clock, call_everything(wrapped()));
  backend->script = {Step(Kind::fail), Step(Kind::pass)};
  EXPECT_EQ(error_of(read_n(wrapped(), {}, 7)).kind(), errc::connection_lost);
  EXPECT_THAT(backend->script, SizeIs(1)) << "it was not repeated";
}

awaitable<bool> ping_once(std::shared_ptr<Backend> store) {
  const CallContext any;
  co_await store->ping(any);
  co_return true;
}
awaitable<bool> remove_all(std::shared_ptr<Backend> store) {
  const CallContext any;
  co_await store->remove_where(any, Query());
  co_return true;
}

TEST_F(Layers, what_cannot_be_repeated_is_not) {
  backend->script = {Step(Kind::fail)};
  EXPECT_EQ(error_of(ping_once(wrapped())).attempts(), 1U);
  backend->script = {Step(Kind::fail)};
  EXPECT_EQ(error_of(remove_all(wrapped())).attempts(), 1U);
}

awaitable<bool> stream_all(std::shared_ptr<Backend> store, CallContext context, StreamOptions options,
                           std::vector<std::string>* ids) {
  auto stream = store->scan(std::move(context), Query(), std::move(options));
  for (;;) {
    const auto batch = co_await stream.next_batch();
    if (batch.empty()) break;
    for (const auto& record : batch) ids->push_back(record.id);
  }
  co_await stream.close();
  co_return true;
}

TEST_F(Layers, a_stream_begins_again_until_its_first_record) {
  for (int i = 0; i < 5; ++i) backend->records.emplace(std::to_string(i), record_of(std::to_string(i), i));
  backend->script = {Step(Kind::fail), Step(Kind::fail), Step(Kind::pass), Step(Kind::pass), Step(Kind::fail)};
  std::vector<std::string> ids;
  const auto error = error_of(stream_all(wrapped(), {}, {}, &ids));
  EXPECT_EQ(error.kind(), errc::connection_lost);
  EXPECT_THAT(ids, ElementsAre("0", "1", "2", "3")) << "nothing twice, and the failure is told";
}

TEST_F(Layers, a_store_that_does_not_cut_is_cut_here) {
  std::vector<std::string> all;
  for (int i = 0; i < 100; ++i) {
    const auto id = "record " + std::to_string(i);
    backend->records.emplace(id, record_of(id, i));
    all.push_back(id);
  }
  for (const bool needs_help : {true, false}) {
    backend->knows_deadlines = backend->repeats = !needs_help;
    std::vector<std::string> ids;
    for (std::size_t part = 0; part < 3; ++part) {
      const auto before = ids.size();
      StreamOptions options;
      options.partition(weir::Partition(part, 3));
      run_with(clock, stream_all(wrapped(), {}, options, &ids));
      EXPECT_GT(ids.size() - before, 15U) << "parts are of about the same size";
    }
    EXPECT_THAT(ids, testing::UnorderedElementsAreArray(all)) << "disjoint and complete";
  }
}

TEST_F(Layers, every_later_fetch_of_a_stream_has_its_own_time) {
  for (int i = 0; i < 5; ++i) backend->records.emplace(std::to_string(i), record_of(std::to_string(i), i));
  backend->script = {Step(Kind::pass), Step(Kind::pass), Step(Kind::hang)};
  std::vector<std::string> ids;
  const auto before = clock.now();
  EXPECT_EQ(error_of(stream_all(wrapped(), within(2s), {}, &ids)).kind(), errc::timeout);
  EXPECT_EQ(clock.now() - before, 2s);
  EXPECT_THAT(ids, SizeIs(4));
  EXPECT_EQ(backend->cancelled, 1);
}

awaitable<bool> use_transaction(std::shared_ptr<Backend> store, CallContext context) {
  const auto transaction = co_await store->begin(context, weir::TransactionOptions());
  const weir::WriteOptions options;
  EXPECT_TRUE(co_await transaction->write(context, weir::WriteKind::create, record_of("a", 1), options));
  co_await transaction->commit(context);
  co_return true;
}

TEST_F(Layers, a_transaction_has_deadlines_and_no_repetitions) {
  run_with(clock, use_transaction(wrapped(), within(1s)));
  backend->calls.clear();
  backend->records.clear();
  backend->script = {Step(Kind::pass), Step(Kind::pass), Step(Kind::hang)};
  const auto error = error_of(use_transaction(wrapped(), within(1s)));
  EXPECT_EQ(error.kind(), errc::timeout);
  EXPECT_TRUE(error.maybe_applied()) << "a commit";
  EXPECT_THAT(backend->calls, ElementsAre("begin", "create a", "commit"));
  backend->script = {Step(Kind::pass), Step(Kind::fail)};
  EXPECT_EQ(error_of(use_transaction(wrapped(), within(1s))).attempts(), 1U);
}

}  // namespace
