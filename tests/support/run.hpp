#pragma once

// Running one coroutine to its end on a loop, as a test does it.

#include <weir/awaitable.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>

namespace weir::test {

/// The result of a coroutine started on another thread or loop.
template <class T>
struct Completion {
  bool done = false;
  std::exception_ptr error;
  std::conditional_t<std::is_void_v<T>, std::monostate, std::optional<T>> value{};

  T take() {
    if (!done) throw std::logic_error("the loop ran out of work before the coroutine ended");
    if (error) std::rethrow_exception(error);
    if constexpr (!std::is_void_v<T>) return std::move(*value);
  }
};

/// Starts `operation` on `executor`; `completion` is filled in on that loop and has to outlive it.
template <class T, class Executor>
void start(const Executor& executor, awaitable<T> operation, Completion<T>& completion) {
  if constexpr (std::is_void_v<T>) {
    boost::asio::co_spawn(executor, std::move(operation), [&completion](std::exception_ptr error) {
      completion.error = std::move(error);
      completion.done = true;
    });
  } else {
    boost::asio::co_spawn(executor, std::move(operation), [&completion](std::exception_ptr error, T value) {
      completion.error = std::move(error);
      if (!completion.error) completion.value.emplace(std::move(value));
      completion.done = true;
    });
  }
}

/// Runs `operation` on `io` until nothing is left to do there; gives its value or throws what it threw.
template <class T>
T run_on(boost::asio::io_context& io, awaitable<T> operation) {
  Completion<T> completion;
  start(io.get_executor(), std::move(operation), completion);
  io.restart();
  io.run();
  return completion.take();
}

/// The same on a loop of its own.
template <class T>
T run(awaitable<T> operation) {
  boost::asio::io_context io(1);
  return run_on(io, std::move(operation));
}

/// The same on a loop and a thread of its own, side by side with the caller; `take()` waits for the end.
template <class T>
class OnThread {
 public:
  /// `make` is called on the new thread and gives the coroutine.
  template <class Make>
  explicit OnThread(Make make) {
    thread_ = std::thread([this, make = std::move(make)]() mutable {
      boost::asio::io_context io(1);
      start(io.get_executor(), make(), completion_);
      io.run();
    });
  }
  OnThread(const OnThread&) = delete;
  OnThread& operator=(const OnThread&) = delete;
  ~OnThread() {
    if (thread_.joinable()) thread_.join();
  }
  T take() {
    thread_.join();
    return completion_.take();
  }

 private:
  Completion<T> completion_;
  std::thread thread_;
};

}  // namespace weir::test
