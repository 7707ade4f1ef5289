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
#include <vector>

namespace weir::sqlite {

class Loop;

// Something with threads that sleep until they are told of new work.
class Wakeable {
 public:
  virtual void wake() noexcept = 0;

 protected:
  Wakeable() = default;
  Wakeable(const Wakeable&) = default;
  Wakeable& operator=(const Wakeable&) = default;
  ~Wakeable() = default;
};

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
  // On the loop: the threads are woken at the end of this turn, so that whatever else the turn has for them is done in
  // one go. No timer is in it: what runs anyway comes first, nothing else is waited for.
  void wake_later(std::shared_ptr<Wakeable> threads, const boost::asio::any_io_executor& executor);

  struct Answer {
    Waiter* waiter;
    std::exception_ptr error;
  };
  // On any thread, once for each waiter: the handlers are posted to their executors; after the loop's end nothing
  // happens. Those of one executor come with one post, each then in a turn of its own.
  static void complete(std::vector<Answer>& answers) noexcept;
  // The loop ends: handlers are destroyed, not run.
  void shut_down() noexcept;

 private:
  class Delivery;
  void unlink(Waiter& waiter) noexcept;
  void wake_now() noexcept;
  void complete_own(std::vector<Answer>& answers);

  std::mutex mutex_;
  bool alive_ = true;
  Waiter* first_ = nullptr;
  std::vector<std::shared_ptr<Wakeable>> to_wake_;
};

}  // namespace weir::sqlite
