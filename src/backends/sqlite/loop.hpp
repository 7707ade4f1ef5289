#pragma once

// How a thread that is not the loop's gives an answer to a coroutine of that loop.
//
// A handler waits in its loop's table, never in a job: when the loop dies, its service destroys the handlers that wait
// (and with them the coroutines) without running them, and whatever a thread finishes afterwards is dropped. Posting to
// a loop happens under the table's mutex while the loop is known to live.

#include <weir/awaitable.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <optional>

namespace weir::sqlite {

class Loop;

// The place of one waiting coroutine. It is part of a job; once a handler was given, `Loop::complete` is called once.
class Waiter {
 public:
  using Handler = boost::asio::any_completion_handler<void(std::exception_ptr)>;

  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() = default;
  bool waiting() const noexcept { return loop_ != nullptr; }

 private:
  friend class Loop;
  std::shared_ptr<Loop> loop_;  // set before the job is given away, then constant
  // The rest is guarded by the loop's mutex.
  std::optional<Handler> handler_;
  // The operation keeps run() from returning until it is answered.
  std::optional<boost::asio::executor_work_guard<boost::asio::any_io_executor>> work_;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
};

// What is known of one execution context.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The loop behind an executor, strands included. Throws Error unsupported for an executor without a loop.
  static std::shared_ptr<Loop> of(const boost::asio::any_io_executor& executor);

  // On the loop: the handler waits from now on.
  void wait(Waiter& waiter, Waiter::Handler handler, const boost::asio::any_io_executor& executor);
  // On any thread, once: the handler is posted to its executor; after the loop's end nothing happens.
  static void complete(Waiter& waiter, std::exception_ptr error) noexcept;
  // The loop ends: handlers are destroyed, not run.
  void shut_down() noexcept;

 private:
  void unlink(Waiter& waiter) noexcept;

  std::mutex mutex_;
  bool alive_ = true;
  Waiter* first_ = nullptr;
};

}  // namespace weir::sqlite
