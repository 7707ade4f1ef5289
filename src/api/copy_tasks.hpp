#pragma once

#include <weir/awaitable.hpp>
#include <weir/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <cstddef>
#include <exception>
#include <memory>

namespace weir::detail {

/// Coroutines that run side by side on one strand and are waited for together. (Asio's `parallel_group` and the
/// operators built on it race on loops that many threads run.)
///
/// Everything here is called on the strand. Whoever spawns must wait until idle() before it lets go of what the tasks
/// refer to; destroying the group does not stop them.
class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::any_io_executor strand);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  /// Starts a task. When one fails, the others are cancelled.
  void spawn(awaitable<void> task);
  /// Cancels all that run; they end in their own time.
  void cancel();
  bool idle() const noexcept;
  /// Ends when a task has ended, or at a cancellation of the waiting coroutine, without throwing.
  awaitable<void> wait_once();
  /// The error of the task that failed first.
  std::exception_ptr error() const noexcept;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace weir::detail

/// Waits until all tasks of `group` have ended; a cancellation of the waiting coroutine is passed on to them, and noted
/// in `noted`. The waiting coroutine must be the top of a coroutine of its own (co_spawn), since what it was asked
/// is forgotten. Not a function: after a cancellation, awaiting one would throw before it began.
#define WEIR_JOIN(group, noted)                                                                             \
  do {                                                                                                      \
    co_await ::boost::asio::this_coro::throw_if_cancelled(false);                                           \
    while (!(group).idle()) {                                                                               \
      if ((co_await ::boost::asio::this_coro::cancellation_state).cancelled() !=                            \
          ::boost::asio::cancellation_type::none) {                                                         \
        (noted) = true;                                                                                     \
        (group).cancel();                                                                                   \
        co_await ::boost::asio::this_coro::reset_cancellation_state(::boost::asio::disable_cancellation()); \
      }                                                                                                     \
      co_await (group).wait_once();                                                                         \
    }                                                                                                       \
    co_await ::boost::asio::this_coro::throw_if_cancelled(true);                                            \
  } while (false)
