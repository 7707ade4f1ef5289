#pragma once

#include <weir/awaitable.hpp>
#include <weir/export.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

namespace weir::net {

/// Coroutines that run side by side on one strand and are waited for together. (Asio's `parallel_group` and the
/// operators built on it race on loops that many threads run.)
///
/// Everything here is called on the strand. Whoever spawns must wait, with WEIR_JOIN, before it lets go of what the
/// tasks refer to; destroying the group does not stop them.
class WEIR_API TaskGroup {
 public:
  explicit TaskGroup(boost::asio::any_io_executor strand);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  /// Starts a task. When one fails, the others are cancelled.
  void spawn(awaitable<void> task);
  /// Cancels all that run; they end in their own time.
  void cancel();
  std::size_t running() const noexcept;
  bool idle() const noexcept { return running() == 0; }
  /// The error of the task that failed first.
  std::exception_ptr error() const noexcept;
  /// Ends when a task has ended or called `notify`, and at a cancellation of the waiting coroutine, without throwing.
  /// At once when none runs, since then nothing can change any more: whoever waits looks at its condition again.
  awaitable<void> wait_once();
  /// From a task: there is something to look at.
  void notify();

  struct State;

 private:
  std::shared_ptr<State> state_;
};

namespace detail {
/// For WEIR_JOIN only.
WEIR_API awaitable<bool> join(TaskGroup& group);
}  // namespace detail

/// Runs `task(0)` … `task(count - 1)`, at most `most` at once, in about this order, and waits for all that were begun.
/// The first failure cancels the others, is thrown, and begins no more. A cancellation is passed on.
WEIR_API awaitable<void> for_each_index(std::size_t count, std::size_t most,
                                        std::function<awaitable<void>(std::size_t)> task);

}  // namespace weir::net

/// Waits until all tasks of `group` have ended. When the waiting coroutine has been cancelled, before or meanwhile,
/// that is passed on to the tasks and noted in `noted`; then it is forgotten, so that what has to be cleared up can be
/// awaited, and no later cancellation comes through. For the top of a coroutine of its own (co_spawn).
///
/// A macro, because in a coroutine that was cancelled `co_await` of any function throws before the function begins: the
/// first thing has to be to forbid that, in the waiting coroutine itself.
#define WEIR_JOIN(group, noted)                                              \
  do {                                                                       \
    co_await ::boost::asio::this_coro::throw_if_cancelled(false);            \
    const bool weir_cancelled = co_await ::weir::net::detail::join((group)); \
    if (weir_cancelled) (noted) = true;                                      \
    co_await ::boost::asio::this_coro::throw_if_cancelled(true);             \
  } while (false)
