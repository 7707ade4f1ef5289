#include "pool/core/core.hpp"

#include <algorithm>

// The topology monitor: with several endpoints each is asked in turn whether it is there, over a connection of the
// monitor's own, which no lease ever gets and which does not count towards max_size.
namespace weir::detail {

bool PoolCore::heartbeats() const noexcept {
  return endpoints_.size() > 1 && options_.heartbeat_interval().count() > 0;
}

// The pool is used for the first time: from now on its endpoints are watched.
void PoolCore::begin_heartbeats(TimePoint now) {
  if (!heartbeats()) return;
  for (auto& endpoint : endpoints_) {
    endpoint.monitor = std::make_unique<Slot>();
    endpoint.monitor->monitor = true;
    endpoint.monitor->endpoint = static_cast<std::uint32_t>(&endpoint - endpoints_.data());
    endpoint.heartbeat_at = now;
  }
  beat(now);
}

void PoolCore::beat(TimePoint now) {
  if (state_ != PoolState::ready) return;
  for (auto& endpoint : endpoints_) {
    if (!endpoint.monitor) continue;
    auto& slot = *endpoint.monitor;
    if (endpoint.heartbeat_at > now) {
      if (endpoint.heartbeat_at != never) note_due(endpoint.heartbeat_at);
      continue;
    }
    if (slot.state == SlotState::vacant) {
      if (!take_permit(endpoint, never)) {  // it is not worth taking one away from those who work
        heartbeat_later(now, endpoint, options_.heartbeat_interval());
        continue;
      }
      slot.connecting_since = now;
      move_monitor(slot, SlotState::pending);
      actions_.push_back({ActionKind::connect, &slot, nullptr, {}});
    } else if (slot.state == SlotState::idle) {
      slot.asked = now;
      move_monitor(slot, SlotState::validating);
      actions_.push_back({ActionKind::ping, &slot, nullptr, {}});
    }
    endpoint.heartbeat_at = never;  // until it is answered
  }
}

void PoolCore::heartbeat_later(TimePoint now, Endpoint& endpoint, Duration delay) {
  endpoint.heartbeat_at = later(now, std::max<Duration>(delay, options_.min_heartbeat()));
  note_due(endpoint.heartbeat_at);
}

// The monitor has heard from the endpoint.
void PoolCore::heartbeat_answered(TimePoint now, Endpoint& endpoint) {
  endpoint.heartbeats_failed = 0;
  heartbeat_later(now, endpoint, options_.heartbeat_interval());
  if (!endpoint.ejected || endpoint.request_failures != 0) return;  // requests failed there: a ping is no proof
  endpoint.ejected = false;
  endpoint.ejections = 0;
  endpoint.failures = 0;
  endpoint.backoff_until = TimePoint{};
  endpoint.last_error.reset();
  if (listens(PoolEventKind::endpoint_restored)) {
    auto e = event(PoolEventKind::endpoint_restored, now);
    e.endpoint = endpoint.name;
    events_.push_back(std::move(e));
  }
  pump(now);
}

// It has not: the endpoint is left alone, and asked again sooner than usual.
void PoolCore::heartbeat_failed(TimePoint now, Endpoint& endpoint, const std::optional<Error>& error) {
  ++endpoint.heartbeats_failed;
  if (error) endpoint.last_error = error;
  Duration delay = options_.min_heartbeat();
  for (std::uint32_t i = 1; i < endpoint.heartbeats_failed && delay < options_.heartbeat_interval(); ++i) delay *= 2;
  heartbeat_later(now, endpoint, std::min<Duration>(delay, options_.heartbeat_interval()));
  if (!endpoint.ejected || now >= endpoint.ejected_until) eject(now, endpoint);
  // What is open to it has fallen silent as well.
  each_slot([&](Slot& slot) {
    if (&endpoint_of(slot) != &endpoint) return;
    if (slot.state == SlotState::idle) {
      close_slot(now, slot, CloseReason::stale);
    } else if (slot.state == SlotState::in_use && !slot.doomed) {
      slot.doomed = CloseReason::stale;
      if (slot.hook.linked) endpoint.by_load[slot.leases].remove(&slot);
    }
  });
  pump(now);
}

// Answers to what `beat` asked for.

void PoolCore::monitor_connected(TimePoint now, Slot& slot) {
  if (state_ != PoolState::ready && state_ != PoolState::paused) return close_monitor(slot);
  move_monitor(slot, SlotState::idle);
  heartbeat_answered(now, endpoint_of(slot));
}

void PoolCore::monitor_connect_failed(TimePoint now, Slot& slot, const Error& error) {
  monitor_gone(slot);
  if (state_ == PoolState::draining) return finish_drain(now);
  if (state_ != PoolState::closed) heartbeat_failed(now, endpoint_of(slot), error);
}

void PoolCore::monitor_pinged(TimePoint now, Slot& slot, bool well) {
  if (state_ != PoolState::ready && state_ != PoolState::paused) return close_monitor(slot);
  if (well) {
    move_monitor(slot, SlotState::idle);
    counters_.round_trip.store((now - slot.asked).count());
    return heartbeat_answered(now, endpoint_of(slot));
  }
  close_monitor(slot);
  heartbeat_failed(now, endpoint_of(slot), Error(errc::timeout, "the heartbeat was not answered"));
}

void PoolCore::move_monitor(Slot& slot, SlotState state) noexcept {
  if (slot.state == SlotState::idle) counters_.monitors_idle.subtract();
  if (state == SlotState::idle) counters_.monitors_idle.add();
  slot.state = state;
}

// Somebody needs the monitor's permit for work. False: it has none to give.
bool PoolCore::yield_monitor(TimePoint now, Endpoint& endpoint) {
  if (!endpoint.monitor || endpoint.monitor->state != SlotState::idle) return false;
  close_monitor(*endpoint.monitor);
  heartbeat_later(now, endpoint, options_.heartbeat_interval());
  return true;
}

void PoolCore::close_monitor(Slot& slot) {
  move_monitor(slot, SlotState::closing);
  actions_.push_back({ActionKind::close, &slot, nullptr, CloseReason::pool_closed});
}

void PoolCore::monitor_gone(Slot& slot) {
  move_monitor(slot, SlotState::vacant);
  if (permits_ != nullptr) permits_->give_back(slot.endpoint);
}

void PoolCore::end_heartbeats() {
  for (auto& endpoint : endpoints_) {
    if (!endpoint.monitor) continue;
    auto& slot = *endpoint.monitor;
    if (slot.state == SlotState::idle)
      close_monitor(slot);
    else if (slot.state == SlotState::pending || slot.state == SlotState::validating)
      actions_.push_back({ActionKind::abort, &slot, nullptr, {}});
  }
}

bool PoolCore::monitors_open() const noexcept {
  return std::any_of(endpoints_.begin(), endpoints_.end(),
                     [](const Endpoint& e) { return e.monitor && e.monitor->state != SlotState::vacant; });
}

}  // namespace weir::detail
