#include "pool/latch.hpp"

#include "pool/loop_record.hpp"

#include <weir/error.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace weir::detail {
namespace asio = boost::asio;

/// Begins the wait under the latch's lock: on a loop with several threads the last count may come at the same moment.
struct Latch::Begin {
  Latch* latch;
  TimePoint deadline;
  template <class Handler>
  void operator()(Handler&& handler) const {
    const std::lock_guard lock(latch->mutex_);
    latch->timer_->expires_at(latch->remaining_ == 0 ? TimePoint::min() : deadline);
    latch->timer_->async_wait(std::forward<Handler>(handler));
  }
};

Latch::Latch(LoopRecord& waiting, std::size_t count)
    : waiting_(&waiting), remaining_(count), timer_(std::in_place, waiting.loop().executor()) {}

bool Latch::done() const {
  const std::lock_guard lock(mutex_);
  return remaining_ == 0;
}

void Latch::wake() {
  const std::lock_guard lock(mutex_);
  if (timer_) timer_->expires_at(TimePoint::min());
}

void Latch::count_down() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (remaining_ == 0 || --remaining_ != 0) return;
  }
  const std::lock_guard lock(Process::instance().mutex());
  if (waiting_ == nullptr) return;
  asio::post(waiting_->loop().executor(), [self = shared_from_this()] { self->wake(); });
}

awaitable<bool> Latch::wait(std::shared_ptr<Latch> latch, TimePoint deadline) {
  if (latch->done()) co_return true;
  boost::system::error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  const Begin begin{latch.get(), deadline};
  co_await asio::async_initiate<decltype(token), void(boost::system::error_code)>(begin, token);
  if (latch->done()) co_return true;
  if (failed) throw Error(errc::cancelled, "the caller gave up waiting for pools to close");
  co_return false;
}

}  // namespace weir::detail
