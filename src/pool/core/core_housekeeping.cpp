#include "pool/core/core.hpp"

#include <algorithm>

namespace weir::detail {

// What has time is done together: not more often than ten times a second, or than was asked for.
void PoolCore::note_housekeeping(TimePoint now, TimePoint when) noexcept {
  note_due(std::max(when, now + std::max(options_.housekeeping(), std::chrono::milliseconds{100})));
}

void PoolCore::timer(TimePoint now) {
  due_ = never;
  if (state_ == PoolState::closed) return;
  check_waiters(now);
  each_slot([&](Slot& slot) { check_slot(now, slot); });
  beat(now);
  for (const auto& endpoint : endpoints_) {
    if (endpoint.backoff_until > now) note_due(endpoint.backoff_until);
    if (endpoint.ejected && endpoint.ejected_until > now) note_due(endpoint.ejected_until);
  }
  if (state_ == PoolState::draining) {
    if (drain_deadline_ <= now) return detach_all(now);
    note_due(drain_deadline_);
    return;
  }
  pump(now);
  start_connects(now);
}

void PoolCore::check_waiters(TimePoint now) {
  const Duration slow = options_.slow_acquire();
  for (auto& list : waiting_) {
    for (auto* waiter = list.front(); waiter != nullptr;) {
      auto* const following = WaiterList::next(waiter);
      if (waiter->ends() <= now) {
        counters_.timeouts.add();
        fail(now, *waiter, timeout_error(now, *waiter));
      } else {
        note_due(waiter->ends());
        if (listens(PoolEventKind::slow_acquire) && slow.count() > 0 && !waiter->warned) {
          if (now - waiter->since >= slow) {
            waiter->warned = true;
            auto e = event(PoolEventKind::slow_acquire, now);
            e.duration = now - waiter->since;
            e.operation = describe(waiter->operation, waiter->where);
            e.text = situation(now);
            events_.push_back(std::move(e));
          } else {
            note_due(later(waiter->since, slow));
          }
        }
      }
      waiter = following;
    }
  }
}

void PoolCore::check_slot(TimePoint now, Slot& slot) {
  if (slot.state == SlotState::idle)
    check_idle(now, slot);
  else if (slot.state == SlotState::in_use && listens(PoolEventKind::lease_warning))
    check_lease(now, slot);
}

void PoolCore::check_lease(TimePoint now, Slot& slot) {
  const Duration limit = options_.lease_warning();
  if (limit.count() == 0) return;
  for (std::uint32_t i = 0; i < options_.pipeline_depth(); ++i) {
    auto& record = slot.records[i];
    const auto since = record.since.load(std::memory_order_relaxed);
    if (since == 0 || record.warned) continue;
    const auto due = later(TimePoint{Duration{since}}, limit);
    if (due > now) {
      note_due(due);
      continue;
    }
    record.warned = true;
    auto e = event(PoolEventKind::lease_warning, now, slot);
    e.duration = now - TimePoint{Duration{since}};
    e.operation = describe(record.operation, record.where);
    e.text = "a lease has been held long";
    events_.push_back(std::move(e));
  }
}

void PoolCore::check_idle(TimePoint now, Slot& slot) {
  if (is_stale(slot)) return close_slot(now, slot, CloseReason::stale);
  if (slot.expires <= now) {
    if (retire(now, slot)) return close_slot(now, slot, CloseReason::lifetime);
    if (!slot.replacing) note_housekeeping(now, retire_window_end_);
  } else if (slot.expires != never) {
    note_housekeeping(now, slot.expires);
  }
  const Duration idle_timeout = options_.idle_timeout();
  if (idle_timeout.count() > 0 && total() > options_.min_size() && counters_.idle.load() > options_.min_idle()) {
    if (now - slot.idle_since >= idle_timeout) return close_slot(now, slot, CloseReason::idle);
    note_housekeeping(now, slot.idle_since + idle_timeout);
  }
  if (slot.ping_interval.count() > 0 && state_ == PoolState::ready) {
    if (slot.verified + slot.ping_interval <= now) {
      // Not all at once: somebody may want one of them.
      const auto& endpoint = endpoint_of(slot);
      if (endpoint.validating < std::max<std::size_t>(1, (endpoint.by_load[0].size() + endpoint.validating) / 2)) {
        slot.keepalive = true;
        slot.asked = now;
        move_to(slot, SlotState::validating);
        counters_.pings.add();
        actions_.push_back({ActionKind::ping, &slot, nullptr, {}});
        return;
      }
      note_housekeeping(now, now);
    } else {
      note_housekeeping(now, slot.verified + slot.ping_interval);
    }
  }
}

// At most a tenth of the pool, and at least one, is retired for its age in a second.
bool PoolCore::may_retire(TimePoint now) {
  if (now >= retire_window_end_) {
    retire_window_end_ = now + std::chrono::seconds{1};
    retired_in_window_ = 0;
  }
  if (retired_in_window_ >= std::max<std::size_t>(1, total() / 10)) return false;
  ++retired_in_window_;
  return true;
}

// Whether a connection past its lifetime is closed now. Where it would be missed, another is opened first and it goes
// on being used until then.
bool PoolCore::retire(TimePoint now, Slot& slot) {
  if (slot.replacing || !may_retire(now)) return false;
  const auto& idle = endpoint_of(slot).by_load[0];
  const bool last_idle = idle.empty() || (idle.size() == 1 && idle.front() == &slot);
  if ((waiters() != 0 || last_idle) && connect_one(now, never)) {
    slot.replacing = true;
    ++replacements_;
    return false;
  }
  return true;
}

void PoolCore::retire_replaced(TimePoint now) {
  --replacements_;
  Slot* old = nullptr;
  each_slot([&](Slot& slot) {
    if (old == nullptr && slot.replacing) old = &slot;
  });
  if (old == nullptr) return;
  old->replacing = false;
  if (old->state == SlotState::idle)
    close_slot(now, *old, CloseReason::lifetime);
  else if (old->state != SlotState::closing && old->state != SlotState::vacant && !old->doomed) {
    old->doomed = CloseReason::lifetime;
    if (old->hook.linked) endpoint_of(*old).by_load[old->leases].remove(old);
  }
}

// More idle than are to be kept: the oldest go.
void PoolCore::trim(TimePoint now, Endpoint& endpoint) {
  auto& idle = endpoint.by_load[0];
  while (idle.size() > options_.idle_limit()) close_slot(now, *idle.front(), CloseReason::surplus);
}

void PoolCore::clear(TimePoint now, const std::optional<Error>& cause, bool pause) {
  if (state_ == PoolState::draining || state_ == PoolState::closed) return;
  ++generation_;
  counters_.generation.store(generation_);
  if (listens(PoolEventKind::pool_cleared)) {
    auto e = event(PoolEventKind::pool_cleared, now);
    e.error = cause;
    events_.push_back(std::move(e));
  }
  if (pause) {
    set_state(PoolState::paused);
    pause_cause_ = cause;
    fail_all(now, paused_error());
    no_longer_wanted();
  }
  each_slot([&](Slot& slot) {
    if (slot.state == SlotState::idle)
      close_slot(now, slot, CloseReason::stale);
    else if (slot.state == SlotState::in_use && slot.hook.linked)
      endpoint_of(slot).by_load[slot.leases].remove(&slot);  // takes no more shared leases
  });
  pump(now);
}

void PoolCore::slept(TimePoint now) {
  const Duration after = options_.validate_after();
  if (after.count() == 0) return;
  each_slot([&](Slot& slot) {
    if (slot.state == SlotState::idle) slot.verified = std::min(slot.verified, now - after - Duration{1});
  });
}

void PoolCore::report_error(TimePoint now, const Slot& slot, const Error& error) {
  if (!is_stale(slot)) clear(now, error);
}

void PoolCore::ready(TimePoint now) {
  if (state_ != PoolState::paused) return;
  set_state(PoolState::ready);
  pause_cause_.reset();
  if (listens(PoolEventKind::pool_ready)) events_.push_back(event(PoolEventKind::pool_ready, now));
  start_connects(now);
}

void PoolCore::resize(TimePoint now, unsigned min, unsigned max) {
  options_.min_size(min).max_size(max);
  calm_ = false;
  counters_.min.store(min);
  counters_.max.store(std::uint64_t{max} * endpoints_.size());
  counters_.max_idle.store(std::uint64_t{options_.idle_limit()} * endpoints_.size());
  for (auto& endpoint : endpoints_) {
    auto& idle = endpoint.by_load[0];
    auto surplus = endpoint.total > max ? endpoint.total - max : 0;
    for (; surplus > 0 && !idle.empty(); --surplus) close_slot(now, *idle.front(), CloseReason::surplus);
    trim(now, endpoint);
  }
  pump(now);
  start_connects(now);
}

}  // namespace weir::detail
