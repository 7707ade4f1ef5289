#include "net/deadlines.hpp"

#include <boost/asio/steady_timer.hpp>

#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <mutex>
#include <optional>

namespace weir::net {
namespace {

constexpr auto never = TimePoint::max().time_since_epoch().count();

}  // namespace

TimePoint coarse_now() noexcept {
#if defined(CLOCK_MONOTONIC_COARSE)
  ::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return TimePoint{std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
#else
  return std::chrono::steady_clock::now();
#endif
}

class Watch::Table {
 public:
  explicit Table(const boost::asio::any_io_executor& executor) : timer_(std::in_place, executor) {}

  void add(Watch& watch) {
    const std::lock_guard lock(mutex_);
    watch.previous_ = nullptr;
    watch.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &watch;
    first_ = &watch;
  }

  void remove(Watch& watch) noexcept {
    const std::lock_guard lock(mutex_);
    if (watch.previous_ != nullptr)
      watch.previous_->next_ = watch.next_;
    else
      first_ = watch.next_;
    if (watch.next_ != nullptr) watch.next_->previous_ = watch.previous_;
    if (first_ != nullptr || !timer_ || armed_.load(std::memory_order_relaxed) == never) return;
    armed_.store(never, std::memory_order_relaxed);
    timer_->cancel();
  }

  bool too_late_for(TimePoint::rep deadline) const noexcept {
    return deadline < armed_.load(std::memory_order_seq_cst);
  }
  void nearer(TimePoint::rep deadline) {
    const std::lock_guard lock(mutex_);
    if (too_late_for(deadline)) arm(deadline);
  }

  void loop_ended() noexcept {
    const std::lock_guard lock(mutex_);
    timer_.reset();
  }

 private:
  void arm(TimePoint::rep deadline) {
    if (!timer_) return;
    armed_.store(deadline, std::memory_order_seq_cst);
    timer_->expires_at(TimePoint{TimePoint::duration{deadline}});
    timer_->async_wait([this](const boost::system::error_code& failed) {
      if (!failed) fired();
    });
  }

  void fired() {
    const std::lock_guard lock(mutex_);
    // Before any deadline is read: one that is set from here on is seen below, or finds the timer not armed. With a
    // weaker order, or afterwards, it could be neither (the store and the load of `limit` are the other half).
    armed_.store(never, std::memory_order_seq_cst);
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    auto next = never;
    for (auto* watch = first_; watch != nullptr; watch = watch->next_) {
      const auto deadline = watch->deadline_.load(std::memory_order_seq_cst);
      if (deadline > now) {
        next = std::min(next, deadline);
      } else if (!watch->expired_.exchange(true, std::memory_order_acq_rel)) {
        ::shutdown(watch->socket_, SHUT_RDWR);
      }
    }
    if (next != never) arm(next);
  }

  std::mutex mutex_;
  std::optional<boost::asio::steady_timer> timer_;
  Watch* first_ = nullptr;
  std::atomic<TimePoint::rep> armed_{never};
};

void Watch::start(const Deadlines& table, int socket) {
  stop();
  socket_ = socket;
  expired_.store(false, std::memory_order_relaxed);
  deadline_.store(never, std::memory_order_relaxed);
  table_ = table.table_;
  table_->add(*this);
}

void Watch::limit(TimePoint deadline) {
  const auto count = deadline.time_since_epoch().count();
  deadline_.store(count, std::memory_order_seq_cst);
  if (table_ && table_->too_late_for(count)) table_->nearer(count);
}

void Watch::stop() noexcept {
  if (const auto table = std::move(table_)) table->remove(*this);
}

Deadlines::Deadlines(const boost::asio::any_io_executor& executor) : table_(std::make_shared<Watch::Table>(executor)) {}

Deadlines::~Deadlines() { table_->loop_ended(); }

Deadlines& Deadlines::of(PoolRegistry& registry, const boost::asio::any_io_executor& executor) {
  static const std::size_t number = PoolRegistry::new_local_number();
  void* found = registry.local(number);
  if (found == nullptr) found = registry.set_local(number, std::make_shared<Deadlines>(executor));
  return *static_cast<Deadlines*>(found);
}

}  // namespace weir::net
