#pragma once

#include "policy/retry_policy.hpp"

#include <weir/awaitable.hpp>

#include <boost/asio/steady_timer.hpp>

namespace weir::policy {

/// Where the shells take their time from, so that tests can make their own.
class Clock {
 public:
  virtual TimePoint now() const = 0;
  /// Makes a wait on the timer end at `when`, or earlier: whoever waits looks at now() again. Undone by disarm().
  virtual void arm(boost::asio::steady_timer& timer, TimePoint when) = 0;
  virtual void disarm(boost::asio::steady_timer& timer) noexcept = 0;

  /// The steady clock.
  static Clock& real();

 protected:
  Clock() = default;
  Clock(const Clock&) = default;
  Clock& operator=(const Clock&) = default;
  ~Clock() = default;
};

/// Sleeps on the running coroutine's executor; ends early with the coroutine's cancellation.
awaitable<void> pause_for(Clock& clock, Duration delay);

}  // namespace weir::policy
