#include "pool/core/core.hpp"
#include "pool/core/core_warm.hpp"

#include <algorithm>

namespace weir::detail {

// No weight: the lease never was.
void PoolCore::lease_ended(TimePoint now, Slot& slot, std::uint32_t ticket, std::optional<std::uint32_t> weight) {
  auto& record = slot.records[ticket];
  const auto used = weight ? note_use(now, record, *weight) : Duration{0};
  record.since.store(0, std::memory_order_relaxed);
  const auto tell = [&](PoolEventKind kind, const char* text) {
    auto e = event(kind, now, slot);
    e.duration = used;
    e.operation = describe(record.operation, record.where);
    e.text = text;
    events_.push_back(std::move(e));
  };
  if (record.warned && listens(PoolEventKind::lease_warning))
    tell(PoolEventKind::lease_warning, "a lease that was held long has been returned");
  if (listens(PoolEventKind::released)) tell(PoolEventKind::released, "");
  record.next_free = slot.free_record;
  slot.free_record = ticket;
  if (slot.hook.linked) endpoint_of(slot).by_load[slot.leases].remove(&slot);
  --slot.leases;
  if (slot.shared) counters_.shared_leases.subtract();
}

void PoolCore::release(TimePoint now, Grant grant, ReturnAs as, std::uint32_t weight) {
  auto& slot = *grant.slot;
  lease_ended(now, slot, grant.ticket, weight);
  if (slot.state == SlotState::detached) {
    if (slot.leases == 0) actions_.push_back({ActionKind::close, &slot, nullptr, CloseReason::drain_timeout});
    return;
  }
  if (as == ReturnAs::close && !slot.doomed) slot.doomed = CloseReason::error;
  if (as == ReturnAs::reset) slot.needs_reset = true;
  if (slot.leases > 0) {
    relist(slot);
    if (waiters() != 0) pump(now);
    return;
  }
  if (reserved_ == &slot) {
    reserved_ = nullptr;
    slot.reserved = false;
  }
  came_back(now, slot);
  if (waiters() != 0) pump(now);
}

void PoolCore::refuse(TimePoint now, Grant grant, std::optional<Duration> waited) {
  auto& slot = *grant.slot;
  const auto before = slot.leases;
  lease_ended(now, slot, grant.ticket, std::nullopt);
  if (waited) {
    counters_.queued.subtract();
    counters_.waited.subtract();
    counters_.wait_time.forget(*waited);
  } else {
    counters_.immediate.subtract();
  }
  if (before > 1) {
    slot.doomed = CloseReason::validation;
    return;
  }
  if (slot.state == SlotState::detached)
    actions_.push_back({ActionKind::close, &slot, nullptr, CloseReason::drain_timeout});
  else
    close_slot(now, slot, CloseReason::validation);
}

// The last lease is over. What may not be used again is closed; the rest is reset, handed on or kept.
void PoolCore::came_back(TimePoint now, Slot& slot) {
  auto& endpoint = endpoint_of(slot);
  if (state_ == PoolState::draining || state_ == PoolState::closed)
    return close_slot(now, slot, CloseReason::pool_closed);
  if (slot.doomed) return close_slot(now, slot, *slot.doomed);
  if (is_stale(slot)) return close_slot(now, slot, CloseReason::stale);
  if (slot.uses >= most_uses_) return close_slot(now, slot, CloseReason::uses);
  if (slot.expires <= now && retire(now, slot)) return close_slot(now, slot, CloseReason::lifetime);
  if (endpoint.yields > 0) {
    --endpoint.yields;
    return close_slot(now, slot, CloseReason::surplus);
  }
  slot.verified = now;
  if (slot.needs_reset) {
    slot.needs_reset = false;
    move_to(slot, SlotState::resetting);
    counters_.resets.add();
    actions_.push_back({ActionKind::reset, &slot, nullptr, {}});
    return;
  }
  slot.idle_since = now;
  make_idle(now, slot);
}

// Into the idle list, which is in the order in which they became idle; a ping does not make a connection younger.
void PoolCore::make_idle(TimePoint now, Slot& slot) {
  auto& endpoint = endpoint_of(slot);
  if (endpoint.total > options_.max_size()) return close_slot(now, slot, CloseReason::surplus);
  move_to(slot, SlotState::idle);
  auto& idle = endpoint.by_load[0];
  Slot* after = idle.back();
  if (after == nullptr || after->idle_since <= slot.idle_since) {
    idle.push_back(&slot);
  } else {
    Slot* place = idle.front();
    while (place->idle_since <= slot.idle_since) place = SlotList::next(place);
    idle.insert_before(place, &slot);
  }
  note_due(later(now, idle_due_));
  if (waiters() != 0) return;
  if (idle.size() > options_.idle_limit()) trim(now, endpoint);
  // Under total_limit what nobody uses here may be what another loop waits for.
  if (permits_ != nullptr && !idle.empty() && total() > options_.min_size() &&
      permits_->wanted_elsewhere(static_cast<std::size_t>(&endpoint - endpoints_.data())))
    close_slot(now, *idle.front(), CloseReason::surplus);
}

void PoolCore::close_slot(TimePoint now, Slot& slot, CloseReason reason) {
  if (reserved_ == &slot) {
    reserved_ = nullptr;
    slot.reserved = false;
  }
  move_to(slot, SlotState::closing);
  counters_.closed[static_cast<std::size_t>(reason)].add();
  if (listens(PoolEventKind::connection_closed)) {
    auto e = event(PoolEventKind::connection_closed, now, slot);
    e.reason = reason;
    events_.push_back(std::move(e));
  }
  actions_.push_back({ActionKind::close, &slot, nullptr, reason});
}

void PoolCore::closed(TimePoint now, Slot& slot) {
  if (slot.monitor)
    monitor_gone(slot);
  else
    vacate(slot);
  if (state_ == PoolState::draining) return finish_drain(now);
  if (waiters() != 0) pump(now);
  start_connects(now);
}

// The room is free again, and with it the permit.
void PoolCore::vacate(Slot& slot) {
  if (permits_ != nullptr) permits_->give_back(slot.endpoint);
  if (slot.state == SlotState::detached)
    slot.state = SlotState::vacant;  // it was no longer counted
  else
    move_to(slot, SlotState::vacant);
  vacant_.push_back(&slot);
}

void PoolCore::was_reset(TimePoint now, Slot& slot, bool well) {
  if (slot.state == SlotState::detached) {
    actions_.push_back({ActionKind::close, &slot, nullptr, CloseReason::drain_timeout});
    return;
  }
  if (state_ != PoolState::ready && state_ != PoolState::paused)
    close_slot(now, slot, CloseReason::pool_closed);
  else if (!well)
    close_slot(now, slot, CloseReason::reset);
  else if (is_stale(slot))
    close_slot(now, slot, CloseReason::stale);
  else {
    slot.verified = slot.idle_since = now;
    make_idle(now, slot);
  }
  pump(now);
}

void PoolCore::close(TimePoint now, TimePoint deadline) {
  if (state_ == PoolState::closed) return;
  if (state_ == PoolState::draining) {  // again: the earlier end counts
    drain_deadline_ = std::min(drain_deadline_, deadline);
    note_due(drain_deadline_);
    return;
  }
  set_state(PoolState::draining);
  drain_deadline_ = deadline;
  fail_all(now, closed_error());
  no_longer_wanted();
  each_slot([&](Slot& slot) {
    switch (slot.state) {
      case SlotState::idle: close_slot(now, slot, CloseReason::pool_closed); break;
      case SlotState::pending:
      case SlotState::validating:
      case SlotState::resetting: actions_.push_back({ActionKind::abort, &slot, nullptr, {}}); break;
      default: break;
    }
  });
  end_heartbeats();
  note_due(drain_deadline_);
  finish_drain(now);
}

void PoolCore::finish_drain(TimePoint now) {
  if (state_ != PoolState::draining || total() != 0) return;
  if (monitors_open() && now < drain_deadline_) return;
  set_state(PoolState::closed);
  due_ = never;
  if (listens(PoolEventKind::pool_closed)) events_.push_back(event(PoolEventKind::pool_closed, now));
  actions_.push_back({ActionKind::drained, nullptr, nullptr, {}});
}

// The time to drain is over: what is still out no longer counts, and is closed by whoever holds it.
void PoolCore::detach_all(TimePoint now) {
  drain_deadline_ = TimePoint::min();  // for a close, too, whose time was taken before
  each_slot([&](Slot& slot) {
    const auto state = slot.state;
    if (state == SlotState::vacant || state == SlotState::closing || state == SlotState::detached) return;
    if (state != SlotState::pending) counters_.closed[static_cast<std::size_t>(CloseReason::drain_timeout)].add();
    if (listens(PoolEventKind::connection_closed) && state != SlotState::pending) {
      auto e = event(PoolEventKind::connection_closed, now, slot);
      e.reason = CloseReason::drain_timeout;
      events_.push_back(std::move(e));
    }
    move_to(slot, SlotState::detached);
  });
  finish_drain(now);
}

}  // namespace weir::detail
