#include "net/task_group.hpp"

#include "net/strand_call.hpp"
#include "support/run.hpp"
#include "support/sanitizers.hpp"
#include "support/steps.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
using weir::awaitable;
using weir::net::TaskGroup;

/// Runs at most so many handlers, as long as there are any, and then cancels.
weir::test::Stepped cancelled_after(std::size_t handlers, awaitable<void> operation) {
  asio::cancellation_signal signal;
  weir::test::Stepped end;
  asio::io_context loop(1);
  asio::co_spawn(loop, std::move(operation), asio::bind_cancellation_slot(signal.slot(), [&end](std::exception_ptr e) {
                   if (e) end.outcome = weir::test::Outcome::from(e);
                   end.ended = true;
                 }));
  while (handlers-- > 0 && loop.poll_one() > 0) {
  }
  loop.restart();
  signal.emit(asio::cancellation_type::terminal);
  loop.run();
  return end;
}

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
  EXPECT_EQ(group.running(), 10u);
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

struct Seen {
  int cancelled_tasks = 0;
  bool told = false;
  bool cleared_up = false;
};

awaitable<void> clear_up(Seen* seen) {
  co_await asio::post(asio::use_awaitable);
  seen->cleared_up = true;
}

awaitable<void> join_until_cancelled(Seen* seen) {
  TaskGroup group(co_await asio::this_coro::executor);
  for (int i = 0; i < 3; ++i) group.spawn(wait_for_ever(&seen->cancelled_tasks));
  WEIR_JOIN(group, seen->told);
  EXPECT_EQ(seen->cancelled_tasks, 3) << "all have ended when the join ends";
  co_await clear_up(seen);
}

TEST(TaskGroup, a_cancellation_is_passed_on_and_waited_for) {
  // Whenever it comes: before the tasks have begun, while they run.
  for (std::size_t handlers = 1; handlers < 6; ++handlers) {
    Seen seen;
    const auto end = cancelled_after(handlers, join_until_cancelled(&seen));
    EXPECT_TRUE(end.ended && end.outcome.ok()) << handlers << ": " << end.outcome;
    EXPECT_TRUE(seen.told && seen.cleared_up) << handlers;
  }
}

// The coroutine finds out that it was cancelled by an exception, and only then joins: what would throw is the co_await
// of the join itself.
awaitable<void> join_after_the_exception(Seen* seen, bool with_tasks) {
  TaskGroup group(co_await asio::this_coro::executor);
  if (with_tasks)
    for (int i = 0; i < 3; ++i) group.spawn(wait_for_ever(&seen->cancelled_tasks));
  int own = 0;
  try {
    co_await wait_for_ever(&own);
  } catch (const boost::system::system_error&) {
    own = -1;
  }
  EXPECT_EQ(own, -1);
  WEIR_JOIN(group, seen->told);
  EXPECT_TRUE(group.idle());
  EXPECT_EQ(seen->cancelled_tasks, with_tasks ? 3 : 0);
  co_await clear_up(seen);
}

TEST(TaskGroup, joining_after_the_cancellation_was_noticed) {
  for (const bool with_tasks : {true, false}) {
    Seen seen;
    const auto end = cancelled_after(8, join_after_the_exception(&seen, with_tasks));
    EXPECT_TRUE(end.ended && end.outcome.ok()) << end.outcome;
    EXPECT_TRUE(seen.told && seen.cleared_up) << with_tasks;
  }
}

awaitable<void> wait_on_an_idle_group(bool* ended) {
  TaskGroup group(co_await asio::this_coro::executor);
  co_await group.wait_once();
  int count = 0;
  group.spawn(count_up(&count, 0));
  co_await group.wait_once();
  EXPECT_EQ(count, 1);
  co_await group.wait_once();
  *ended = true;
}

TEST(TaskGroup, nothing_is_waited_for_when_none_runs) {
  bool ended = false;
  weir::test::run(wait_on_an_idle_group(&ended));
  EXPECT_TRUE(ended);
}

awaitable<void> notify_three_times(TaskGroup* group, int* turns) {
  for (int i = 0; i < 3; ++i) {
    ++*turns;
    group->notify();
    co_await asio::post(asio::use_awaitable);
    co_await asio::post(asio::use_awaitable);
  }
}

awaitable<void> wait_for_notes(std::vector<int>* seen) {
  TaskGroup group(co_await asio::this_coro::executor);
  int turns = 0;
  int never = 0;
  bool cancelled = false;
  group.spawn(wait_for_ever(&never));
  group.spawn(notify_three_times(&group, &turns));
  while (turns < 3) {
    co_await group.wait_once();
    seen->push_back(turns);
  }
  group.cancel();
  WEIR_JOIN(group, cancelled);
  EXPECT_FALSE(cancelled) << "the group was, not the coroutine that waits";
}

TEST(TaskGroup, a_task_can_wake_whoever_waits) {
  std::vector<int> seen;
  weir::test::run(wait_for_notes(&seen));
  // The first note may come before anybody waits.
  ASSERT_GE(seen.size(), 2u);
  EXPECT_EQ(seen.back(), 3);
}

struct Row {
  std::size_t now = 0, most = 0;
  std::vector<std::size_t> begun;
  std::size_t failing = static_cast<std::size_t>(-1);
};

awaitable<void> one_of_a_row(Row* row, std::size_t index) {
  row->begun.push_back(index);
  row->most = std::max(row->most, ++row->now);
  for (std::size_t i = 0; i < index % 5; ++i) co_await asio::post(asio::use_awaitable);
  --row->now;
  if (index == row->failing) throw std::runtime_error("index");
}

TEST(ForEachIndex, every_index_once_and_not_too_many_at_once) {
  for (const std::size_t count : {0U, 1U, 2U, 100U}) {
    Row row;
    weir::test::run(
        weir::net::for_each_index(count, 7, [&row](std::size_t index) { return one_of_a_row(&row, index); }));
    std::vector<std::size_t> expected(count);
    for (std::size_t i = 0; i < count; ++i) expected[i] = i;
    EXPECT_EQ(row.begun, expected);
    EXPECT_LE(row.most, 7u);
    EXPECT_EQ(row.now, 0u);
  }
}

TEST(ForEachIndex, a_failure_is_thrown_and_begins_no_more) {
  Row row;
  row.failing = 10;
  EXPECT_THROW(weir::test::run(
                   weir::net::for_each_index(1000, 4, [&row](std::size_t index) { return one_of_a_row(&row, index); })),
               std::runtime_error);
  EXPECT_LT(row.begun.size(), 20u);
}

TEST(ForEachIndex, a_cancellation_reaches_the_tasks) {
  for (std::size_t handlers = 1; handlers < 12; ++handlers) {
    int cancelled = 0;
    const auto end = cancelled_after(
        handlers, weir::net::for_each_index(3, 3, [&cancelled](std::size_t) { return wait_for_ever(&cancelled); }));
    EXPECT_TRUE(end.ended && end.outcome.cancelled()) << handlers << ": " << end.outcome;
  }
}

awaitable<void> count_some(std::atomic<int>* done, std::size_t index) {
  for (std::size_t i = 0; i < index % 3; ++i) co_await asio::post(asio::use_awaitable);
  ++*done;
}

// On a loop that many threads run, cancelled at some moment.
TEST(ForEachIndex, many_threads) {
  for (int round = 0; round < weir::test::rounds(200); ++round) {
    asio::thread_pool loop(3);
    const auto strand = asio::make_strand(loop);
    asio::cancellation_signal signal;  // goes first: its slot keeps the strand
    std::atomic<int> done{0};
    std::atomic<bool> ended{false};
    auto task = [&done](std::size_t index) { return count_some(&done, index); };
    asio::co_spawn(strand, weir::net::for_each_index(50, 8, task),
                   asio::bind_cancellation_slot(signal.slot(), [&ended](std::exception_ptr) { ended = true; }));
    asio::post(strand, [&signal] { signal.emit(asio::cancellation_type::terminal); });
    loop.join();
    EXPECT_TRUE(ended);
    EXPECT_LE(done, 50);
  }
}

}  // namespace
