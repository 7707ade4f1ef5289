#include "net/waiting_list.hpp"

#include "net/strand_call.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace weir::net {

namespace asio = boost::asio;

namespace {

awaitable<void> until_rung(std::shared_ptr<asio::steady_timer> bell) {
  boost::system::error_code ignored;  // however it ends: the caller looks again
  co_await bell->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

void WaitingList::ring() {
  for (auto* waiter : waiters_) waiter->ring();
}

WaitingList::Waiter::Waiter(std::shared_ptr<WaitingList> list, asio::any_io_executor executor,
                            asio::steady_timer::time_point until, const std::function<bool()>& over)
    : list_(std::move(list)),
      strand_(asio::make_strand(std::move(executor))),
      bell_(std::make_shared<asio::steady_timer>(strand_, until)) {
  const std::lock_guard lock(list_->mutex_);
  at_ = list_->waiters_.insert(list_->waiters_.end(), this);
  if (over()) ring();  // meanwhile
}

WaitingList::Waiter::~Waiter() {
  const std::lock_guard lock(list_->mutex_);
  list_->waiters_.erase(at_);
}

// The bell ends its wait by being moved into the past, on the strand on which it is waited for.
void WaitingList::Waiter::ring() {
  asio::post(strand_, [bell = bell_] { bell->expires_at(asio::steady_timer::time_point::min()); });
}

awaitable<void> WaitingList::Waiter::wait() const { return call_on_strand<void>(strand_, until_rung(bell_)); }

}  // namespace weir::net
