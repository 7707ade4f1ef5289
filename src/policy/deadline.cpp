#include "policy/deadline.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace weir::policy::detail {

namespace asio = boost::asio;

namespace {

struct Disarm {
  explicit Disarm(Watched& w) : watched(w) {}
  Disarm(const Disarm&) = delete;
  Disarm& operator=(const Disarm&) = delete;
  ~Disarm() { watched.clock.disarm(watched.timer); }
  Watched& watched;
};

bool says_cancelled(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& e) {
    return e.code() == boost::system::errc::operation_canceled;
  } catch (...) {
    return false;
  }
}

Error stopped(errc code, bool maybe_applied) {
  return Error(code, code == errc::timeout ? "the deadline passed while the store worked on it" : "cancelled",
               ErrorContext{}.maybe_applied(maybe_applied));
}

}  // namespace

void start(const asio::any_io_executor& strand, std::shared_ptr<Watched> watched, awaitable<void> operation) {
  auto slot = watched->signal.slot();
  asio::co_spawn(strand, std::move(operation),
                 asio::bind_cancellation_slot(slot, [watched = std::move(watched)](std::exception_ptr error) {
                   watched->ended = true;
                   watched->error = error;
                   watched->timer.cancel();
                 }));
}

awaitable<void> watch(std::shared_ptr<Watched> watched, DeadlineOptions options) {
  // The caller's cancellation wakes this coroutine up, as the clock and the operation's end do; which it was is looked
  // up each time.
  co_await asio::this_coro::throw_if_cancelled(false);
  const Disarm disarm(*watched);
  std::optional<errc> stopping;
  TimePoint wake = options.deadline;
  while (!watched->ended) {
    const bool cancelled = (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
    const auto now = watched->clock.now();
    if (!stopping && (cancelled || now >= options.deadline)) {
      stopping = cancelled ? errc::cancelled : errc::timeout;
      wake = now + deadline_grace;
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      watched->signal.emit(asio::cancellation_type::terminal);
      continue;
    }
    if (stopping && now >= wake) {
      if (options.may_abandon) throw stopped(*stopping, options.may_apply);
      wake = TimePoint::max();
    }
    watched->clock.arm(watched->timer, wake);
    boost::system::error_code woken;
    co_await watched->timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  if (!watched->error) co_return;
  if (stopping && says_cancelled(watched->error)) throw stopped(*stopping, options.may_apply);
  std::rethrow_exception(watched->error);
}

}  // namespace weir::policy::detail
