#pragma once

#include "policy/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace weir::test {

/// Time that passes when the test says so. For one thread.
class FakeClock final : public policy::Clock {
 public:
  policy::TimePoint now() const override { return now_; }
  void arm(boost::asio::steady_timer& timer, policy::TimePoint when) override {
    disarm(timer);
    timer.expires_at(policy::TimePoint::max());
    waiting_.emplace_back(&timer, when);
  }
  void disarm(boost::asio::steady_timer& timer) noexcept override {
    std::erase_if(waiting_, [&timer](const auto& entry) { return entry.first == &timer; });
  }
  /// Goes to the next moment that somebody waits for; false when nobody does.
  bool advance() {
    const auto next = std::min_element(waiting_.begin(), waiting_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (next == waiting_.end() || next->second == policy::TimePoint::max()) return false;
    now_ = std::max(now_, next->second);
    for (const auto& [timer, when] : waiting_)
      if (when <= now_) timer->cancel();
    return true;
  }
  void advance(policy::Duration duration) { now_ += duration; }

 private:
  policy::TimePoint now_{std::chrono::hours{1}};
  std::vector<std::pair<boost::asio::steady_timer*, policy::TimePoint>> waiting_;
};

/// Runs a coroutine to its end, letting time pass whenever nothing else can happen.
template <class T>
T run_with(FakeClock& clock, awaitable<T> body) {
  boost::asio::io_context loop(1);
  std::exception_ptr error;
  std::optional<T> result;
  bool ended = false;
  boost::asio::co_spawn(loop, std::move(body), [&](std::exception_ptr e, T value) {
    error = e;
    result = std::move(value);
    ended = true;
  });
  while (!ended) {
    loop.restart();
    if (loop.poll() != 0 || ended) continue;
    if (!clock.advance()) throw std::logic_error("the coroutine waits for something that never comes");
  }
  if (error) std::rethrow_exception(error);
  return std::move(*result);
}

}  // namespace weir::test
