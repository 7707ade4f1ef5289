#include "pool/driver.hpp"
#include "pool/driver_guard.hpp"
#include "pool/latch.hpp"
#include "pool/loop_record.hpp"
#include "pool/shared_limit.hpp"

#include <utility>

namespace weir::detail {

void PoolDriver::begin_close(TimePoint deadline, std::shared_ptr<CountDown> until_closed) {
  record_->evict(*this);
  run([&](PoolCore& core) {
    if (core.state() == PoolState::closed) return;
    if (until_closed) closers_.push_back(std::move(until_closed));
    core.close(Clock::now(), deadline);
  });
}

void PoolDriver::drained() {
  std::vector<std::shared_ptr<CountDown>> closers;
  {
    const Guard guard(*this);
    closers.swap(closers_);
  }
  closers.clear();
  let_go_when_empty();
}

// Closed, and no lease is out: nothing of the loop is needed any longer.
void PoolDriver::let_go_when_empty() {
  std::shared_ptr<PoolDriver> keep;
  {
    const Guard guard(*this);
    if (core_.state() != PoolState::closed || ended.load(std::memory_order_relaxed)) return;
    bool empty = true;
    core_.each_connection([&](const Slot& slot) { empty = empty && slot.state == SlotState::vacant; });
    if (!empty) return;
    keep = std::move(keep_);
  }
  if (!keep) return;
  {
    // From here on it is as one whose loop is gone: a handle may outlive the loop, and nobody would tell this driver
    // then.
    const std::lock_guard lock(Process::instance().mutex());
    ended.store(true, std::memory_order_relaxed);
  }
  {
    std::unique_lock<std::mutex> lock(timer_mutex_, std::defer_lock);
    if (!confined_) lock.lock();
    timer_.reset();
  }
  for (const auto& limit : limits_) limit->leave(*this);
  core_.each_connection([](Slot& slot) {
    if (slot.user != nullptr) static_cast<Connection*>(slot.user)->executor = {};
  });
  record_->forget(*this);
}

bool PoolDriver::owner_left() {
  std::shared_ptr<void> pool;  // let go after the locks
  const std::lock_guard lock(Process::instance().mutex());
  if (ended.load(std::memory_order_relaxed)) return false;
  const std::lock_guard inner(record_->mutex());
  if (--owners_ != 0) return false;
  pool = record_->take_out(*this);
  return true;
}

}  // namespace weir::detail
