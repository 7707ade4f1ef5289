#include "pool/owner.hpp"

#include "pool/closing.hpp"
#include "pool/loop_record.hpp"

#include <algorithm>
#include <utility>

namespace weir {

using detail::PoolDriver;

void PoolOwner::Impl::join(PoolDriver& driver) {
  const std::lock_guard lock(mutex);
  if (closed)
    throw Error(errc::pool_closed, "the database is closed", ErrorContext{}.backend(driver.pool_key().backend()));
  std::erase_if(drivers, [](const auto& other) { return other.expired(); });
  const auto self = driver.weak_from_this();
  const bool known = std::any_of(drivers.begin(), drivers.end(), [&](const auto& other) {
    return !other.owner_before(self) && !self.owner_before(other);
  });
  if (known) return;
  drivers.push_back(self);
  driver.owner_joined();
}

std::vector<std::shared_ptr<PoolDriver>> PoolOwner::Impl::leave() {
  std::vector<std::weak_ptr<PoolDriver>> mine;
  {
    const std::lock_guard lock(mutex);
    closed = true;
    mine = std::exchange(drivers, {});
  }
  std::vector<std::shared_ptr<PoolDriver>> last;
  for (const auto& entry : mine)
    if (auto driver = entry.lock(); driver && driver->owner_left()) last.push_back(std::move(driver));
  return last;
}

PoolStats PoolOwner::Impl::stats(const detail::LoopRecord* loop) const {
  std::vector<std::shared_ptr<PoolDriver>> all;
  bool over = false;
  {
    const std::lock_guard lock(mutex);
    over = closed;
    for (const auto& entry : drivers)
      if (auto driver = entry.lock()) all.push_back(std::move(driver));
  }
  PoolStats sum;
  if (all.empty() && over) sum.state = PoolState::closed;
  bool first = true;
  for (const auto& driver : all) {
    if (loop != nullptr && !driver->is_on(*loop)) continue;
    if (std::exchange(first, false))
      sum = driver->stats();
    else
      sum += driver->stats();
  }
  return sum;
}

PoolOwner::PoolOwner() : impl_(std::make_shared<Impl>()) {}

PoolOwner::~PoolOwner() {
  const auto deadline_of = [](const PoolDriver& driver) {
    return detail::Clock::now() + driver.options().drain_timeout();
  };
  for (const auto& driver : impl_->leave())
    driver->on_loop([deadline = deadline_of(*driver)](PoolDriver& there) { there.begin_close(deadline, nullptr); });
}

namespace {

awaitable<void> close_owner(std::shared_ptr<void> keep, std::vector<std::shared_ptr<PoolDriver>> drivers,
                            std::optional<std::chrono::milliseconds> drain) {
  co_await detail::close_drivers(std::move(drivers), drain);
  (void)keep;
}

}  // namespace

awaitable<void> PoolOwner::close(std::optional<std::chrono::milliseconds> drain) {
  return close_owner(impl_, impl_->leave(), drain);
}

bool PoolOwner::closed() const noexcept {
  const std::lock_guard lock(impl_->mutex);
  return impl_->closed;
}

PoolStats PoolOwner::stats() const { return impl_->stats(nullptr); }
PoolStats PoolOwner::stats(const PoolRegistry& loop) const { return impl_->stats(&detail::LoopRecord::of(loop)); }

}  // namespace weir
