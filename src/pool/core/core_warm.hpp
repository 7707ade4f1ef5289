#pragma once

/// The usual case of a lease, in line: one endpoint, nobody waits, nobody listens. What is done is what `try_acquire`
/// and `release` would do; where anything else is to be thought of, nothing is done and they are to be asked.

#include "pool/core/core.hpp"

#include <algorithm>

namespace weir::detail {

// The bookkeeping of one lease, whichever way it came about.
[[gnu::always_inline]] inline Grant PoolCore::begin_lease(TimePoint now, Slot& slot, const std::source_location& where,
                                                          std::string_view operation) {
  const auto ticket = slot.free_record;
  auto& record = slot.records[ticket];
  slot.free_record = record.next_free;
  record.since.store(std::max<Duration::rep>(1, now.time_since_epoch().count()), std::memory_order_relaxed);
  record.where = where;
  if (!operation.empty() || !record.operation.empty()) record.operation = operation;
  record.warned = false;
  ++slot.leases;
  ++slot.uses;
  if (now > latest_) latest_ = now;
  if (lease_warning_.count() > 0 && lease_warning_ < due_ - now && listens(PoolEventKind::lease_warning))
    due_ = now + lease_warning_;
  return {&slot, ticket};
}

[[gnu::always_inline]] inline Grant PoolCore::try_acquire_warm(TimePoint now, const std::source_location& where,
                                                               std::string_view operation) {
  if (!calm_ && !grow_calm()) return {};
  auto& endpoint = endpoints_.front();
  auto& idle = endpoint.by_load.front();
  Slot* const slot = lifo_ ? idle.back() : idle.front();
  if (slot == nullptr || is_stale(*slot) || slot->expires <= now || now - slot->verified > validate_after_) return {};
  idle.remove(slot);
  slot->state = SlotState::in_use;
  slot->shared = false;
  ++endpoint.in_use;
  counters_.idle.subtract();
  counters_.used.add();
  counters_.immediate.add();
  const auto granted = begin_lease(now, *slot, where, operation);
  counters_.recommendation.used(now, counters_.used.load());
  return granted;
}

inline bool PoolCore::release_warm(TimePoint now, Grant grant, std::uint32_t weight) {
  auto& slot = *grant.slot;
  if (permits_ != nullptr || slot.state != SlotState::in_use || slot.shared || slot.needs_reset || slot.doomed ||
      is_stale(slot) || slot.expires <= now || (!calm_ && !grow_calm()))
    return false;
  auto& endpoint = endpoints_.front();
  auto& idle = endpoint.by_load.front();
  const auto* const youngest = idle.back();
  auto& record = slot.records[grant.ticket];
  if (record.warned || slot.uses >= most_uses_ || idle.size() >= idle_limit_ ||
      (youngest != nullptr && now < youngest->idle_since))
    return false;
  note_use(now, record, weight);
  record.since.store(0, std::memory_order_relaxed);
  record.next_free = slot.free_record;
  slot.free_record = grant.ticket;
  slot.leases = 0;
  slot.state = SlotState::idle;
  slot.verified = slot.idle_since = now;
  --endpoint.in_use;
  counters_.used.subtract();
  counters_.idle.add();
  idle.push_back(&slot);
  if (idle_due_ < due_ - now) due_ = now + idle_due_;
  return true;
}

// Many leases are shorter than a tick of the coarse clock: once sixteen in a row were, the end of only every sixteenth
// is timed, and counts for all. One of which it is known to have been longer is always timed, for itself alone.
inline std::uint32_t PoolCore::weight_of_time(Grant grant) noexcept {
  constexpr std::uint32_t sample = 16;
  const auto since = grant.slot->records[grant.ticket].since.load(std::memory_order_relaxed);
  if (short_leases_ < sample || latest_.time_since_epoch().count() != since ||
      (wanted_ & mask_of(PoolEventKind::released)) != 0)
    return 1;
  if (++untimed_ < sample) return 0;
  untimed_ = 0;
  return sample;
}

inline Duration PoolCore::note_use(TimePoint now, const LeaseRecord& record, std::uint32_t weight) noexcept {
  const TimePoint since{Duration{record.since.load(std::memory_order_relaxed)}};
  const auto used = std::max(Duration{0}, now - since);
  if (weight == 0) {
    counters_.unclocked.add();
    return used;
  }
  counters_.use_time.record(used, weight);
  if (weight > 1) counters_.unclocked.subtract(weight - 1);
  if (used.count() > 0)
    short_leases_ = 0;
  else if (short_leases_ < 1024)
    ++short_leases_;
  if (now > latest_) latest_ = now;
  return used;
}

}  // namespace weir::detail
