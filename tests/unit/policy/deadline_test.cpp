#include "policy/deadline.hpp"

#include "policy/layers.hpp"
#include "unit/policy/layered_store.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <gtest/gtest.h>

#include <atomic>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using weir::awaitable;
using weir::Backend;
using weir::CallContext;
using weir::errc;
using weir::Error;
using weir::WriteKind;
using weir::test::record_of;
using weir::test::run_with;
using weir::test::ScriptedBackend;
using weir::test::Step;
using Kind = Step::Kind;

using Deadline = weir::test::LayeredStore;

awaitable<bool> read_a(std::shared_ptr<Backend> store, CallContext context) {
  const auto record = co_await store->read(std::move(context), "a");
  co_return record.has_value();
}
awaitable<bool> write_a(std::shared_ptr<Backend> store, CallContext context) {
  const weir::WriteOptions options;
  co_return co_await store->write(std::move(context), WriteKind::upsert, record_of("a", 1), options);
}

TEST_F(Deadline, what_hangs_is_cancelled_at_the_deadline) {
  backend->script = {Step(Kind::hang), Step(Kind::hang)};
  const auto before = clock.now();
  const auto read = error_of(read_a(wrapped(), within(300ms)));
  EXPECT_EQ(read.kind(), errc::timeout);
  EXPECT_FALSE(read.maybe_applied());
  EXPECT_EQ(clock.now() - before, 300ms);
  EXPECT_EQ(backend->cancelled, 1);
  EXPECT_EQ(backend->running, 0);
  const auto write = error_of(write_a(wrapped(), within(300ms)));
  EXPECT_EQ(write.kind(), errc::timeout);
  EXPECT_TRUE(write.maybe_applied());
}

TEST_F(Deadline, what_ends_in_time_is_not_disturbed) {
  EXPECT_TRUE(run_with(clock, write_a(wrapped(), within(300ms))));
  EXPECT_TRUE(run_with(clock, read_a(wrapped(), within(300ms))));
  EXPECT_EQ(backend->cancelled, 0);
}

TEST_F(Deadline, without_time_the_store_is_not_asked) {
  const auto error = error_of(write_a(wrapped(), within(0ms)));
  EXPECT_EQ(error.kind(), errc::timeout);
  EXPECT_FALSE(error.maybe_applied()) << "it never left";
  EXPECT_TRUE(backend->calls.empty());
}

TEST_F(Deadline, pauses_between_attempts_count) {
  backend->script.assign(100, Step(Kind::fail, errc::throttled));
  auto context = within(3s);
  context.retry = weir::RetryOptions().max_attempts(100);
  const auto before = clock.now();
  EXPECT_EQ(error_of(read_a(wrapped(), context)).kind(), errc::throttled) << "the cause, not the timeout";
  EXPECT_LT(clock.now() - before, 3s);
}

TEST_F(Deadline, a_store_that_does_not_listen_is_left_alone) {
  backend->script = {Step(Kind::stubborn)};
  asio::io_context loop(1);
  std::optional<Error> error;
  asio::co_spawn(loop, write_a(wrapped(), within(300ms)), [&](std::exception_ptr e, bool) {
    try {
      std::rethrow_exception(e);
    } catch (const Error& caught) {
      error = caught;
    }
  });
  const auto before = clock.now();
  while (!error) {
    loop.restart();
    if (loop.poll() == 0) {
      ASSERT_TRUE(clock.advance());
    }
  }
  EXPECT_EQ(error->kind(), errc::timeout);
  EXPECT_TRUE(error->maybe_applied());
  EXPECT_EQ(clock.now() - before, 300ms + weir::policy::deadline_grace);
  EXPECT_EQ(backend->running, 1) << "it goes on by itself";
  std::weak_ptr<ScriptedBackend> alive = backend;
  auto let_go = backend->let_go;
  backend.reset();
  EXPECT_FALSE(alive.expired()) << "and keeps the store";
  let_go();
  loop.restart();
  loop.run();
  EXPECT_TRUE(alive.expired());
}

TEST_F(Deadline, a_cancelled_call_says_cancelled) {
  backend->script = {Step(Kind::hang)};
  asio::io_context loop(1);
  asio::cancellation_signal signal;
  std::exception_ptr failure;
  asio::co_spawn(loop, write_a(wrapped(), within(300ms)),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e, bool) { failure = e; }));
  loop.poll();
  signal.emit(asio::cancellation_type::terminal);
  loop.run();
  ASSERT_TRUE(failure);
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), boost::system::errc::operation_canceled);
  }
  EXPECT_EQ(backend->cancelled, 1);
}

TEST_F(Deadline, a_loop_may_be_destroyed_under_it) {
  backend->script = {Step(Kind::hang), Step(Kind::stubborn)};
  const auto store = wrapped();
  for (int i = 0; i < 2; ++i) {
    asio::io_context loop(1);
    asio::co_spawn(loop, read_a(store, within(300ms)), asio::detached);
    loop.poll();
    EXPECT_EQ(backend->running, 1);
    backend->let_go = nullptr;  // holds a timer, which may not outlive its loop
  }
  EXPECT_EQ(backend->running, 0);
}

// The shell itself on a loop that many threads run, with the real clock: deadlines, completions and cancellations meet.
awaitable<int> brief(std::shared_ptr<std::atomic<int>> ended, int turns) {
  for (int i = 0; i < turns; ++i) co_await asio::post(asio::use_awaitable);
  ++*ended;
  co_return turns;
}

awaitable<void> many_calls(std::shared_ptr<std::atomic<int>> ended, std::atomic<int>* answered) {
  for (int i = 0; i < 200; ++i) {
    weir::policy::DeadlineOptions options;
    options.deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(i % 40);
    try {
      const auto turns = co_await weir::policy::within_deadline<int>(weir::policy::Clock::real(), brief(ended, i % 20),
                                                                     options, ended);
      EXPECT_EQ(turns, i % 20);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), errc::timeout);
    }
    ++*answered;
  }
}

TEST(DeadlineShell, on_many_threads) {
  asio::thread_pool pool(4);
  const auto ended = std::make_shared<std::atomic<int>>(0);
  std::atomic<int> answered{0};
  for (int i = 0; i < 16; ++i) asio::co_spawn(pool, many_calls(ended, &answered), asio::detached);
  pool.join();
  EXPECT_EQ(answered.load(), 16 * 200) << "every call ends exactly once";
}

awaitable<void> wait_for_ever() {
  asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  co_await timer.async_wait(asio::use_awaitable);
}

awaitable<void> cancelled_call(std::shared_ptr<int> keep) {
  weir::policy::DeadlineOptions options;
  options.deadline = std::chrono::steady_clock::now() + 1h;
  co_await weir::policy::within_deadline<void>(weir::policy::Clock::real(), wait_for_ever(), options, keep);
}

TEST(DeadlineShell, cancelled_from_elsewhere_on_many_threads) {
  asio::thread_pool pool(4);
  std::atomic<int> cancelled{0};
  std::vector<std::unique_ptr<asio::cancellation_signal>> signals;
  for (int i = 0; i < 200; ++i) {
    const auto strand = asio::make_strand(pool);
    signals.push_back(std::make_unique<asio::cancellation_signal>());
    auto& signal = *signals.back();
    asio::co_spawn(strand, cancelled_call(std::make_shared<int>(i)),
                   asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) { cancelled += e ? 1 : 0; }));
    asio::post(strand, [&signal] { signal.emit(asio::cancellation_type::terminal); });
  }
  pool.join();
  EXPECT_EQ(cancelled.load(), 200);
}

}  // namespace
