#include "policy/clock.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace weir::policy {
namespace {

namespace asio = boost::asio;

class SteadyClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  void arm(asio::steady_timer& timer, TimePoint when) override { timer.expires_at(when); }
  void disarm(asio::steady_timer&) noexcept override {}
};

/// The timer must not be known to the clock when it is gone.
struct Disarm {
  Clock& clock;
  asio::steady_timer& timer;
  Disarm(Clock& c, asio::steady_timer& t) : clock(c), timer(t) {}
  Disarm(const Disarm&) = delete;
  Disarm& operator=(const Disarm&) = delete;
  ~Disarm() { clock.disarm(timer); }
};

}  // namespace

Clock& Clock::real() {
  static SteadyClock clock;
  return clock;
}

awaitable<void> pause_for(Clock& clock, Duration delay) {
  if (delay <= Duration{0}) co_return;
  const auto until = clock.now() + delay;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  const Disarm disarm(clock, timer);
  while (clock.now() < until) {
    clock.arm(timer, until);
    boost::system::error_code ended;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      throw Error(errc::cancelled, "cancelled");
  }
}

}  // namespace weir::policy
