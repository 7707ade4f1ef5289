#pragma once

#include <weir/awaitable.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

namespace weir::s3 {

/// Runs `task(0)` … `task(count - 1)`, at most `most` at once, in about this order, and waits for all that were begun.
/// The first failure cancels the others, is thrown, and begins no more. A cancellation is passed on.
awaitable<void> for_each_index(std::size_t count, std::size_t most, std::function<awaitable<void>(std::size_t)> task);

/// Coroutines that run side by side on one strand. (Asio's `parallel_group` and the operators built on it race on loops
/// that many threads run.) Everything is called on the strand.
class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::any_io_executor strand);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  void spawn(awaitable<void> task);
  std::size_t running() const noexcept;
  std::exception_ptr error() const noexcept;
  /// Ends when a task has ended, or something is `notify`-ed; without throwing also when the waiting coroutine is
  /// cancelled.
  awaitable<void> wait_once();
  void notify();
  void cancel();

  struct State;

 private:
  std::shared_ptr<State> state_;
};

/// Waits for all of the group; the waiting coroutine must be the top of one of its own. Gives whether it was cancelled.
/// A cancellation is passed on to the tasks.
awaitable<bool> join(TaskGroup& group);

}  // namespace weir::s3
