#include "api/copy_tasks.hpp"
#include "api/copy_thread.hpp"
#include "unit/copy/run_loop.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <stdexcept>
#include <thread>

namespace {

namespace asio = boost::asio;
using weir::awaitable;
using weir::detail::HelperThread;
using weir::detail::TaskGroup;

awaitable<void> wait_for_ever(int* cancelled) {
  asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  try {
    co_await timer.async_wait(asio::use_awaitable);
  } catch (const boost::system::system_error&) {
    ++*cancelled;
    throw;
  }
}

awaitable<void> count_up(int* counter, int turns) {
  for (int i = 0; i < turns; ++i) co_await asio::post(asio::use_awaitable);
  ++*counter;
}

awaitable<void> fail_after(int turns) {
  for (int i = 0; i < turns; ++i) co_await asio::post(asio::use_awaitable);
  throw std::runtime_error("task");
}

awaitable<void> join_all(int* ended) {
  const auto executor = co_await asio::this_coro::executor;
  TaskGroup group(executor);
  bool cancelled = false;
  for (int i = 0; i < 10; ++i) group.spawn(count_up(ended, i));
  WEIR_JOIN(group, cancelled);
  EXPECT_FALSE(cancelled);
  EXPECT_TRUE(group.idle());
  EXPECT_EQ(group.error(), nullptr);
}

TEST(TaskGroup, waits_for_all) {
  int ended = 0;
  weir::test::run(join_all(&ended));
  EXPECT_EQ(ended, 10);
}

awaitable<void> join_failing(int* cancelled_tasks) {
  TaskGroup group(co_await asio::this_coro::executor);
  bool cancelled = false;
  for (int i = 0; i < 3; ++i) group.spawn(wait_for_ever(cancelled_tasks));
  group.spawn(fail_after(2));
  WEIR_JOIN(group, cancelled);
  EXPECT_FALSE(cancelled);
  EXPECT_THROW(std::rethrow_exception(group.error()), std::runtime_error);
}

TEST(TaskGroup, the_first_failure_cancels_the_others) {
  int cancelled = 0;
  weir::test::run(join_failing(&cancelled));
  EXPECT_EQ(cancelled, 3);
}

awaitable<void> join_until_cancelled(int* cancelled_tasks, bool* was_told) {
  TaskGroup group(co_await asio::this_coro::executor);
  for (int i = 0; i < 3; ++i) group.spawn(wait_for_ever(cancelled_tasks));
  WEIR_JOIN(group, *was_told);
  EXPECT_EQ(*cancelled_tasks, 3) << "all have ended when the join ends";
  co_await asio::post(asio::use_awaitable);  // the coroutine can go on
}

TEST(TaskGroup, a_cancellation_is_passed_on_and_waited_for) {
  asio::io_context loop;
  asio::cancellation_signal signal;
  int cancelled = 0;
  bool was_told = false;
  bool ended = false;
  asio::co_spawn(
      loop, join_until_cancelled(&cancelled, &was_told),
      asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error) { ended = error == nullptr; }));
  asio::post(loop, [&] { asio::post(loop, [&] { signal.emit(asio::cancellation_type::terminal); }); });
  loop.run();
  EXPECT_TRUE(was_told);
  EXPECT_TRUE(ended);
}

awaitable<void> use_helper(std::thread::id* where) {
  HelperThread helper;
  const std::function<void()> note = [where] { *where = std::this_thread::get_id(); };
  co_await helper.run(note);
  const std::function<void()> fail = [] { throw std::runtime_error("job"); };
  bool thrown = false;
  try {
    co_await helper.run(fail);
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
}

TEST(HelperThread, runs_jobs_elsewhere_and_brings_errors_back) {
  std::thread::id where;
  weir::test::run(use_helper(&where));
  EXPECT_NE(where, std::thread::id());
  EXPECT_NE(where, std::this_thread::get_id());
  weir::test::run_on_threads(use_helper(&where));
}

TEST(HelperThread, the_loop_may_be_destroyed_while_a_job_runs) {
  std::promise<void> begun;
  std::promise<void> go_on;
  auto helper = std::make_unique<HelperThread>();
  {
    asio::io_context loop;
    const std::function<void()> job = [&] {
      begun.set_value();
      go_on.get_future().wait();
    };
    asio::co_spawn(loop, helper->run(job), asio::detached);
    loop.poll();
    begun.get_future().wait();
  }
  go_on.set_value();
  helper.reset();
}

TEST(HelperThread, an_executor_of_a_strand_may_die_too) {
  std::promise<void> begun;
  std::promise<void> go_on;
  auto helper = std::make_unique<HelperThread>();
  {
    asio::io_context loop;
    const std::function<void()> job = [&] {
      begun.set_value();
      go_on.get_future().wait();
    };
    asio::co_spawn(asio::make_strand(loop), helper->run(job), asio::detached);
    loop.poll();
    begun.get_future().wait();
  }
  go_on.set_value();
  helper.reset();
}

awaitable<void> cancelled_job(HelperThread* helper, std::promise<void>* begun, std::future<void>* go_on, bool* done) {
  const std::function<void()> job = [=] {
    begun->set_value();
    go_on->wait();
    *done = true;
  };
  co_await helper->run(job);
  EXPECT_TRUE(*done);
}

TEST(HelperThread, a_cancellation_does_not_cut_a_job_short) {
  HelperThread helper;
  std::promise<void> begun;
  std::promise<void> go_on;
  auto allowed = go_on.get_future();
  bool done = false;
  asio::io_context loop;
  asio::cancellation_signal signal;
  asio::co_spawn(loop, cancelled_job(&helper, &begun, &allowed, &done),
                 asio::bind_cancellation_slot(signal.slot(), asio::detached));
  loop.poll();
  begun.get_future().wait();
  signal.emit(asio::cancellation_type::terminal);
  loop.poll();
  EXPECT_FALSE(loop.stopped());
  go_on.set_value();
  loop.run();
  EXPECT_TRUE(done);
}

}  // namespace
