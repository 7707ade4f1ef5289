#pragma once

// Running a coroutine one handler at a time, so that something can happen between any two of its suspension points.

#include "support/outcome.hpp"

#include <weir/awaitable.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace weir::test {

/// How a coroutine that was run in steps ended.
struct Stepped {
  Stepped() = default;
  std::size_t handlers = 0;  ///< run until its end
  bool ended = false;        ///< false: the loop ran out of work, or nothing came for `patience`
  bool cancelled = false;    ///< the signal was given before the end
  Outcome outcome;
};

/// A coroutine on a loop that the caller drives.
class StepLoop {
 public:
  static constexpr std::chrono::seconds patience{30};

  explicit StepLoop(awaitable<void> operation) {
    auto state = state_;
    boost::asio::co_spawn(*io_, std::move(operation),
                          boost::asio::bind_cancellation_slot(signal_->slot(), [state](std::exception_ptr error) {
                            if (error) state->outcome = Outcome::from(error);
                            state->ended = true;
                          }));
  }
  /// Runs one handler; false when there is none.
  bool step() {
    if (io_->run_one_for(patience) == 0) return false;
    ++state_->handlers;
    return true;
  }
  /// Runs `count` handlers or until the end.
  void steps(std::size_t count) {
    while (!state_->ended && count-- > 0 && step()) {
    }
  }
  void cancel(boost::asio::cancellation_type type) {
    state_->cancelled = true;
    signal_->emit(type);
  }
  Stepped finish() {
    while (!state_->ended && step()) {
    }
    return *state_;
  }
  bool ended() const { return state_->ended; }
  /// The end of the loop, with whatever is suspended on it.
  void destroy_loop() { io_.reset(); }

 private:
  std::shared_ptr<Stepped> state_ = std::make_shared<Stepped>();
  // The signal outlives the loop: handlers that are destroyed with it clear their slots.
  std::unique_ptr<boost::asio::cancellation_signal> signal_ = std::make_unique<boost::asio::cancellation_signal>();
  std::unique_ptr<boost::asio::io_context> io_ = std::make_unique<boost::asio::io_context>(1);
};

/// Runs `operation` and gives the cancellation signal after `handlers` handlers.
inline Stepped cancelled_after(std::size_t handlers, awaitable<void> operation, boost::asio::cancellation_type type) {
  StepLoop loop(std::move(operation));
  loop.steps(handlers);
  if (!loop.ended()) loop.cancel(type);
  return loop.finish();
}

}  // namespace weir::test
