#include "backends/s3/identity_cache.hpp"

#include <weir/error.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace weir::s3 {

namespace asio = boost::asio;

namespace {
constexpr auto early = std::chrono::minutes(5);
constexpr auto pause_after_failure = std::chrono::seconds(10);
}  // namespace

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
  waiters_.ring();
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

struct IdentityCache::Fetching {
  Fetching() = default;
  bool ended = false;  ///< with the mutex of the cache, as the failure
  std::exception_ptr failure;
};

// A coroutine of its own, which the time limit of whoever began it does not end.
awaitable<void> IdentityCache::fetch(std::shared_ptr<IdentityCache> cache, std::shared_ptr<Fetching> fetching) {
  const Turn turn(cache);
  auto identity = std::make_shared<Identity>();
  std::exception_ptr failure;
  try {
    *identity = co_await cache->fetch_();
  } catch (...) {
    failure = std::current_exception();
  }
  const auto now = cache->now_();
  const std::lock_guard lock(cache->mutex_);
  fetching->ended = true;
  if (!failure) {
    cache->refreshes_.fetch_add(1, std::memory_order_relaxed);
    cache->current_ = identity;
    co_return;
  }
  cache->not_before_ = now + pause_after_failure;
  fetching->failure = failure;
}

IdentityPointer IdentityCache::at_hand() {
  const std::lock_guard lock(mutex_);
  if (!current_ || !current_->expires) return current_;
  const auto now = now_();
  return valid(now) && (fetching_ || !due(now)) ? current_ : nullptr;
}

awaitable<IdentityPointer> IdentityCache::get(std::optional<std::chrono::steady_clock::time_point> deadline) {
  const auto self = shared_from_this();
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  std::shared_ptr<Fetching> ours;
  for (;;) {
    bool begin = false;
    {
      const auto now = now_();
      const std::lock_guard lock(mutex_);
      // What was just fetched is used however short it lasts: the store is the judge of that.
      if (ours && ours->ended && !ours->failure && current_) co_return current_;
      if (valid(now) && (fetching_ || !due(now))) co_return current_;
      if (ours && ours->ended && ours->failure) std::rethrow_exception(ours->failure);
      begin = !fetching_;
      if (begin) fetching_ = true;
    }
    if (begin) {
      ours = std::make_shared<Fetching>();
      asio::co_spawn(executor, fetch(self, ours), [](std::exception_ptr) {});
    }
    if (deadline && std::chrono::steady_clock::now() >= *deadline)
      throw Error(errc::timeout, "the time of the call was over before there were credentials", ErrorContext{}, false);
    const auto over = [this] { return !fetching_; };
    const auto until = deadline.value_or(asio::steady_timer::time_point::max());
    const net::WaitingList::Waiter waiter({self, &waiters_}, executor, until, over);
    try {
      co_await waiter.wait();
    } catch (const boost::system::system_error& error) {
      if (error.code() == asio::error::operation_aborted) throw Error(errc::cancelled, "cancelled");
      throw;
    }
  }
}

}  // namespace weir::s3
