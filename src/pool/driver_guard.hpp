#pragma once

#include "pool/driver.hpp"
#include "pool/listeners.hpp"

#include <cassert>
#include <utility>

namespace weir::detail {

/// Around every touch of the state machine: its mutex, which a loop with one thread does without. A debug build notices
/// when such a loop has two after all.
class PoolDriver::Guard {
 public:
  explicit Guard(const PoolDriver& driver) noexcept : driver_(driver) {
    if (!driver_.confined_) driver_.mutex_.lock();
#ifndef NDEBUG
    [[maybe_unused]] const bool overlap = driver_.inside_.exchange(true);
    assert(!overlap && "a pool of a single-threaded loop was used by two threads at once");
#endif
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() {
#ifndef NDEBUG
    driver_.inside_.store(false);
#endif
    if (!driver_.confined_) driver_.mutex_.unlock();
  }

 private:
  const PoolDriver& driver_;
};

/// One event for the state machine under the lock, and what comes of it after.
template <class Event>
void PoolDriver::run(Event&& event) {
  Batch batch;
  std::shared_ptr<PoolDriver> self;  // until all is done: another thread may close the pool meanwhile, and be the last
  {
    const Guard guard(*this);
    if (ended.load(std::memory_order_relaxed)) return;
    core_.listen(wanted_events());
    std::forward<Event>(event)(core_);
    if (!collect(batch)) return;
    self = shared_from_this();
  }
  carry_out(batch);
}

}  // namespace weir::detail
