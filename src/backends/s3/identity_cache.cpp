#include "backends/s3/identity_cache.hpp"

#include "net/strand_call.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace weir::s3 {

namespace asio = boost::asio;

namespace {
constexpr auto early = std::chrono::minutes(5);
constexpr auto pause_after_failure = std::chrono::seconds(10);

// Never expires; made to end by moving it into the past, on the strand on which it is waited for.
using Bell = std::shared_ptr<asio::steady_timer>;

awaitable<void> until_rung(Bell bell) {
  boost::system::error_code ignored;  // however it ends: the caller looks again
  co_await bell->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}
}  // namespace

/// In the list as long as its coroutine waits, also when that is destroyed with its loop.
struct IdentityCache::Waiter {
  Waiter(std::shared_ptr<IdentityCache> of, asio::any_io_executor on)
      : cache(std::move(of)),
        strand(asio::make_strand(std::move(on))),
        bell(std::make_shared<asio::steady_timer>(strand, asio::steady_timer::time_point::max())) {
    const std::lock_guard lock(cache->mutex_);
    at = cache->waiters_.insert(cache->waiters_.end(), this);
    if (!cache->fetching_) ring();  // it ended meanwhile
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() {
    const std::lock_guard lock(cache->mutex_);
    cache->waiters_.erase(at);
  }
  void ring() {
    asio::post(strand, [b = bell] { b->expires_at(asio::steady_timer::time_point::min()); });
  }

  std::shared_ptr<IdentityCache> cache;
  asio::any_io_executor strand;
  Bell bell;
  std::list<Waiter*>::iterator at;
};

class IdentityCache::Turn {
 public:
  explicit Turn(std::shared_ptr<IdentityCache> cache) : cache_(std::move(cache)) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { cache_->end_turn(); }

 private:
  std::shared_ptr<IdentityCache> cache_;
};

// The mutex is held while others are told, so that none of them, nor its loop, ends meanwhile.
void IdentityCache::end_turn() {
  const std::lock_guard lock(mutex_);
  fetching_ = false;
  for (auto* waiter : waiters_) waiter->ring();
}

bool IdentityCache::valid(WallTime now) const {
  return current_ && (!current_->expires || now < *current_->expires - std::chrono::seconds(5));
}
bool IdentityCache::due(WallTime now) const {
  return current_ && current_->expires && now >= *current_->expires - early && now >= not_before_;
}

void IdentityCache::refused(const IdentityPointer& identity) {
  const std::lock_guard lock(mutex_);
  if (current_ == identity) current_.reset();
}

awaitable<IdentityPointer> IdentityCache::fetched() {
  const Turn turn(shared_from_this());
  std::exception_ptr failure;
  try {
    auto identity = std::make_shared<Identity>();
    *identity = co_await fetch_();
    refreshes_.fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    current_ = identity;
    co_return current_;
  } catch (...) {
    failure = std::current_exception();
  }
  const auto now = now_();
  const std::lock_guard lock(mutex_);
  not_before_ = now + pause_after_failure;
  if (valid(now)) co_return current_;
  std::rethrow_exception(failure);
}

awaitable<IdentityPointer> IdentityCache::get() {
  const auto self = shared_from_this();
  for (;;) {
    {
      const auto now = now_();
      const std::lock_guard lock(mutex_);
      if (valid(now) && (fetching_ || !due(now))) co_return current_;
      if (!fetching_) {
        fetching_ = true;
        break;
      }
    }
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const Waiter waiter(self, executor);
    co_await net::call_on_strand<void>(waiter.strand, until_rung(waiter.bell));
  }
  co_return co_await fetched();
}

}  // namespace weir::s3
