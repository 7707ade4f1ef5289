#include "api/copy_thread.hpp"
#include "unit/copy/run_loop.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <thread>

namespace {

namespace asio = boost::asio;
using weir::awaitable;
using weir::detail::HelperThread;

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
