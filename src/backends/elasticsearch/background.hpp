#pragma once

#include <weir/awaitable.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace weir::elasticsearch {

/// The way to a loop from a destructor, which may run on any thread and after the loop's end.
class LoopGate {
 public:
  /// Of the loop behind an executor. Throws Error unsupported for one without a loop.
  static std::shared_ptr<LoopGate> of(const boost::asio::any_io_executor& executor);

  explicit LoopGate(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  /// Runs it on the loop soon; nothing happens once the loop has ended.
  void post(std::function<void()> call) noexcept;
  void shut() noexcept;

 private:
  std::mutex mutex_;
  bool open_ = true;
  boost::asio::any_io_executor executor_;
};

/// Coroutines side by side on one strand, on which everything here is called. They own what they work on, so whoever
/// started them may leave at any time.
class Crew {
 public:
  explicit Crew(boost::asio::any_io_executor strand);
  /// When one fails, the others are cancelled.
  void start(awaitable<void> work);
  /// Until all have ended. Cancelled, it cancels them and does not wait for their end.
  /// @throws what the first that failed threw
  awaitable<void> join();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace weir::elasticsearch
