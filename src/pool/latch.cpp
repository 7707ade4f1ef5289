#include "pool/latch.hpp"

#include "pool/loop_record.hpp"

#include <weir/error.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace weir::detail {
namespace asio = boost::asio;

Latch::Latch(LoopRecord& waiting, std::size_t count)
    : waiting_(&waiting), remaining_(count), timer_(waiting.loop().executor()) {}

bool Latch::done() const {
  const std::lock_guard lock(mutex_);
  return remaining_ == 0;
}

void Latch::count_down() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (remaining_ == 0 || --remaining_ != 0) return;
  }
  const std::lock_guard lock(Process::instance().mutex());
  if (waiting_ == nullptr) return;
  asio::post(waiting_->loop().executor(), [self = shared_from_this()] { self->timer_.cancel(); });
}

awaitable<bool> Latch::wait(std::shared_ptr<Latch> latch, TimePoint deadline) {
  latch->timer_.expires_at(deadline);
  if (latch->done()) co_return true;
  boost::system::error_code failed;
  co_await latch->timer_.async_wait(asio::redirect_error(asio::use_awaitable, failed));
  if (latch->done()) co_return true;
  if (failed) throw Error(errc::cancelled, "the caller gave up waiting for pools to close");
  co_return false;
}

}  // namespace weir::detail
