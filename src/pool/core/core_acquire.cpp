#include "pool/core/core.hpp"
#include "pool/core/core_warm.hpp"

#include <algorithm>

namespace weir::detail {
namespace {

std::size_t list_of(LeaseKind kind) noexcept { return kind == LeaseKind::exclusive ? 0 : 1; }

}  // namespace

// May the warm path be tried? Whatever makes the answer no, be it a waiter, another state, a listener, a new size or a
// loop that starves, takes `calm_` away; it is looked for again when the next lease begins or ends.
bool PoolCore::grow_calm() noexcept {
  constexpr EventMask of_leases =
      mask_of(PoolEventKind::acquire_started) | mask_of(PoolEventKind::acquired) | mask_of(PoolEventKind::released);
  idle_limit_ = options_.idle_limit();
  calm_ = plain_ && state_ == PoolState::ready && waiters() == 0 && (wanted_ & of_leases) == 0 &&
          endpoints_.front().yields == 0 && endpoints_.front().total <= options_.max_size();
  return calm_;
}

bool PoolCore::needs_ping(TimePoint now, const Slot& slot) const noexcept {
  return now - slot.verified > validate_after_;
}

// The one to reuse that needs no ping, out of the idle list; what may not be used any longer is closed on the way.
Slot* PoolCore::take_idle(TimePoint now, Endpoint& endpoint) {
  auto& idle = endpoint.by_load[0];
  for (Slot* slot = lifo_ ? idle.back() : idle.front(); slot != nullptr;) {
    Slot* const following = lifo_ ? SlotList::previous(slot) : SlotList::next(slot);
    if (is_stale(*slot)) {
      close_slot(now, *slot, CloseReason::stale);
    } else if (slot->expires <= now && retire(now, *slot)) {
      close_slot(now, *slot, CloseReason::lifetime);
    } else if (!needs_ping(now, *slot)) {
      return slot;
    }
    slot = following;
  }
  return nullptr;
}

Slot* PoolCore::take_shared(Endpoint& endpoint) noexcept {
  for (std::size_t load = 1; load < endpoint.by_load.size(); ++load)
    if (auto* const slot = endpoint.by_load[load].front()) return slot;
  return nullptr;
}

// A connection for a lease of this kind, still where it was: idle first, from the endpoint that has least to do.
Slot* PoolCore::take(TimePoint now, LeaseKind kind) {
  if (endpoints_.size() == 1) {
    if (auto* const slot = take_idle(now, endpoints_[0])) return slot;
    return kind == LeaseKind::shared ? take_shared(endpoints_[0]) : nullptr;
  }
  const std::size_t count = endpoints_.size();
  ++rotation_;
  tried_.assign(count, false);
  for (std::size_t round = 0; round < count; ++round) {
    Endpoint* best = nullptr;
    std::size_t best_index = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t index = (rotation_ + i) % count;
      auto& endpoint = endpoints_[index];
      if (tried_[index] || endpoint.by_load[0].empty() || !usable_endpoint(now, endpoint)) continue;
      if (best == nullptr || endpoint.in_use < best->in_use) best = &endpoint, best_index = index;
    }
    if (best == nullptr) break;
    if (auto* const slot = take_idle(now, *best)) return slot;
    tried_[best_index] = true;
  }
  if (kind == LeaseKind::exclusive) return nullptr;
  Slot* least = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    auto& endpoint = endpoints_[(rotation_ + i) % count];
    if (!usable_endpoint(now, endpoint)) continue;
    auto* const slot = take_shared(endpoint);
    if (slot != nullptr && (least == nullptr || slot->leases < least->leases)) least = slot;
  }
  return least;
}

// Puts a connection that shares its leases where its load belongs.
void PoolCore::relist(Slot& slot) noexcept {
  if (slot.state == SlotState::in_use && slot.shared && slot.leases > 0 && slot.leases < options_.pipeline_depth() &&
      !slot.reserved && !slot.doomed && !is_stale(slot))
    endpoint_of(slot).by_load[slot.leases].push_back(&slot);
}

Grant PoolCore::grant(TimePoint now, Slot& slot, LeaseKind kind, const std::source_location& where,
                      std::string_view operation) {
  if (slot.leases == 0) {
    move_to(slot, SlotState::in_use);
    slot.shared = kind == LeaseKind::shared;
  } else if (slot.hook.linked) {
    endpoint_of(slot).by_load[slot.leases].remove(&slot);
  }
  const auto granted = begin_lease(now, slot, where, operation);
  if (slot.shared) {
    counters_.shared_leases.add();
    relist(slot);
  }
  counters_.recommendation.used(now, counters_.used.load());
  if (options_.min_idle() != 0) start_connects(now);
  if (listens(PoolEventKind::acquired)) {
    auto e = event(PoolEventKind::acquired, now, slot);
    e.operation = describe(slot.records[granted.ticket].operation, where);
    events_.push_back(std::move(e));
  }
  return granted;
}

Grant PoolCore::try_acquire(TimePoint now, LeaseKind kind, const std::source_location& where,
                            std::string_view operation) {
  if (state_ != PoolState::ready) return {};
  // Nobody overtakes: an exclusive lease waits behind everybody, a shared one behind shared ones.
  if (!waiting_[1].empty() || (kind == LeaseKind::exclusive && !waiting_[0].empty())) return {};
  Slot* const slot = take(now, kind);
  if (slot == nullptr) return {};
  const bool was_loaded = slot->leases != 0;
  if (listens(PoolEventKind::acquire_started)) {
    auto e = event(PoolEventKind::acquire_started, now);
    e.operation = describe(std::string(operation), where);
    events_.push_back(std::move(e));
  }
  counters_.immediate.add();
  const auto granted = grant(now, *slot, kind, where, operation);
  if (was_loaded && arriving() == 0) connect_one(now, never);  // all that is open is busy: another helps the next
  return granted;
}

PoolCore::Asked PoolCore::acquire(TimePoint now, Waiter& waiter) {
  const auto refused = [&](Error error) {
    counters_.rejected.add();
    if (listens(PoolEventKind::acquire_failed)) {
      auto e = event(PoolEventKind::acquire_failed, now);
      e.operation = describe(waiter.operation, waiter.where);
      e.error = error;
      events_.push_back(std::move(e));
    }
    waiter.error = std::move(error);
    return Asked::failed;
  };
  if (state_ == PoolState::paused) return refused(paused_error());
  if (state_ != PoolState::ready) return refused(closed_error());
  if (const auto granted = try_acquire(now, waiter.kind, waiter.where, waiter.operation)) {
    waiter.grant = granted;
    return Asked::granted;
  }
  if (waiters() >= options_.max_waiters()) return refused(full_error());
  const bool first = !std::exchange(first_used_, true);
  if (listens(PoolEventKind::acquire_started)) {
    auto e = event(PoolEventKind::acquire_started, now);
    e.operation = describe(waiter.operation, waiter.where);
    events_.push_back(std::move(e));
  }
  if (listens(PoolEventKind::slow_acquire) && options_.slow_acquire().count() > 0)
    note_due(later(waiter.since, options_.slow_acquire()));
  enqueue(now, waiter);
  note_due(waiter.ends());
  pump(now);
  if (first) begin_heartbeats(now);
  return Asked::queued;
}

bool PoolCore::cancel(TimePoint now, Waiter& waiter) {
  if (!waiter.queued) return false;
  dequeue(waiter);
  counters_.cancelled.add();
  if (listens(PoolEventKind::acquire_failed)) {
    auto e = event(PoolEventKind::acquire_failed, now);
    e.duration = now - waiter.since;
    e.operation = describe(waiter.operation, waiter.where);
    e.error = Error(errc::cancelled, "the caller gave up waiting");
    events_.push_back(std::move(e));
  }
  pump(now);
  return true;
}

void PoolCore::enqueue(TimePoint now, Waiter& waiter) {
  waiter.sequence = next_sequence_++;
  waiter.queued = true;
  calm_ = false;
  waiting_[list_of(waiter.kind)].push_back(&waiter);
  counters_.queued.add();
  counters_.waiters.store(waiters());
  if (waiters() == 1) counters_.oldest_waiter_since.store(waiter.since.time_since_epoch().count());
  counters_.recommendation.waited(now, counters_.used.load() + demand(),
                                  counters_.immediate.load() + counters_.queued.load());
}

void PoolCore::dequeue(Waiter& waiter) noexcept {
  waiting_[list_of(waiter.kind)].remove(&waiter);
  waiter.queued = false;
  counters_.waiters.store(waiters());
  const auto* const first = head();
  counters_.oldest_waiter_since.store(first == nullptr ? 0 : first->since.time_since_epoch().count());
}

Waiter* PoolCore::head() const noexcept {
  auto* const exclusive = waiting_[0].front();
  auto* const shared = waiting_[1].front();
  if (exclusive == nullptr || shared == nullptr) return exclusive != nullptr ? exclusive : shared;
  return exclusive->sequence < shared->sequence ? exclusive : shared;
}

TimePoint PoolCore::oldest_waiter() const noexcept {
  const auto* const first = head();
  return first == nullptr ? never : first->since;
}

// Connections that would serve everybody who waits.
std::size_t PoolCore::demand() const noexcept {
  const std::size_t depth = options_.pipeline_depth();
  return waiting_[0].size() + (waiting_[1].size() + depth - 1) / depth;
}

void PoolCore::complete(TimePoint now, Waiter& waiter, Slot& slot) {
  dequeue(waiter);
  counters_.waited.add();
  waiter.waited = std::max(Duration{0}, now - waiter.since);
  counters_.wait_time.record(*waiter.waited);
  waiter.grant = grant(now, slot, waiter.kind, waiter.where, waiter.operation);
  actions_.push_back({ActionKind::complete_waiter, &slot, &waiter, {}});
}

void PoolCore::fail(TimePoint now, Waiter& waiter, Error error) {
  dequeue(waiter);
  if (listens(PoolEventKind::acquire_failed)) {
    auto e = event(PoolEventKind::acquire_failed, now);
    e.duration = now - waiter.since;
    e.operation = describe(waiter.operation, waiter.where);
    e.error = error;
    events_.push_back(std::move(e));
  }
  waiter.error = std::move(error);
  actions_.push_back({ActionKind::fail_waiter, nullptr, &waiter, {}});
}

void PoolCore::fail_all(TimePoint now, const Error& error) {
  while (auto* const waiter = head()) {
    counters_.failed.add();
    fail(now, *waiter, error);
  }
}

void PoolCore::unreserve() noexcept {
  if (reserved_ == nullptr) return;
  auto* const slot = std::exchange(reserved_, nullptr);
  slot->reserved = false;
  if (!slot->hook.linked) relist(*slot);
}

// The exclusive waiter at the head must not starve behind shared leases: one connection takes no more of them.
void PoolCore::reserve_for_head() {
  if (reserved_ != nullptr || counters_.shared_leases.load() == 0) return;
  Slot* least = nullptr;
  for (auto& endpoint : endpoints_) {
    auto* const slot = take_shared(endpoint);
    if (slot != nullptr && (least == nullptr || slot->leases < least->leases)) least = slot;
  }
  if (least == nullptr) {  // all are full to their depth, or held alone: take any that shares
    each_slot([&](Slot& slot) {
      if (least == nullptr && slot.state == SlotState::in_use && slot.shared && !slot.doomed && !is_stale(slot))
        least = &slot;
    });
    if (least == nullptr) return;
  }
  if (least->hook.linked) endpoint_of(*least).by_load[least->leases].remove(least);
  least->reserved = true;
  reserved_ = least;
}

// Serves those who wait from what is there, in turn.
void PoolCore::dispatch(TimePoint now) {
  while (auto* const first = head()) {
    if (first->kind == LeaseKind::shared) unreserve();
    if (auto* const slot = take(now, first->kind)) {
      complete(now, *first, *slot);
      continue;
    }
    if (first->kind == LeaseKind::shared) return;
    reserve_for_head();
    while (auto* const shared = waiting_[1].front()) {  // meanwhile shared requests go to the others
      auto* const slot = take(now, LeaseKind::shared);
      if (slot == nullptr) break;
      complete(now, *shared, *slot);
    }
    return;
  }
  unreserve();
}

// After every event while somebody waits: what is free is handed out, then pings and connects are begun for the rest.
void PoolCore::pump(TimePoint now) {
  if (state_ != PoolState::ready) return;
  if (waiters() != 0) {
    dispatch(now);
    if (waiters() != 0) {
      start_validations(now);
      start_connects(now);
      return;
    }
  }
  if (reserved_ != nullptr) unreserve();
  if (wants_permit_) no_longer_wanted();
}

}  // namespace weir::detail
