#include "pool/core/core.hpp"

#include <algorithm>
#include <cmath>

namespace weir::detail {
namespace {

// base · 2^(n − 1), at most `most`.
Duration doubled(Duration base, Duration most, std::uint32_t n) noexcept {
  Duration delay = base;
  for (std::uint32_t i = 1; i < n && delay < most; ++i) delay *= 2;
  return std::min(delay, most);
}

Duration scaled(Duration duration, double factor) noexcept {
  return Duration{static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor)};
}

}  // namespace

bool PoolCore::usable_endpoint(TimePoint now, const Endpoint& endpoint) const noexcept {
  if (!endpoint.ejected) return true;
  if (now >= endpoint.ejected_until) return endpoint.in_use == 0 && endpoint.pending == 0;  // one request probes it
  // Never all of them: the one that comes back first is used.
  return std::all_of(endpoints_.begin(), endpoints_.end(), [&](const Endpoint& other) {
    return other.ejected && other.ejected_until >= endpoint.ejected_until;
  });
}

bool PoolCore::may_connect(TimePoint now, const Endpoint& endpoint) const noexcept {
  const auto limit = endpoint.failures > 0 ? 1U : std::min(endpoint.connect_limit, options_.max_connecting());
  return endpoint.total < options_.max_size() && endpoint.pending < limit && now >= endpoint.backoff_until &&
         usable_endpoint(now, endpoint);
}

bool PoolCore::take_permit(Endpoint& endpoint, TimePoint wanted_since) {
  if (permits_ == nullptr) return true;
  const auto index = static_cast<std::size_t>(&endpoint - endpoints_.data());
  if (permits_->take(index, wanted_since)) {
    endpoint.wants_permit = false;
    return true;
  }
  if (wanted_since != never) endpoint.wants_permit = wants_permit_ = true;
  return false;
}

void PoolCore::no_longer_wanted() noexcept {
  wants_permit_ = false;
  for (std::size_t i = 0; i < endpoints_.size(); ++i)
    if (std::exchange(endpoints_[i].wants_permit, false) && permits_ != nullptr) permits_->no_longer_wanted(i);
}

// Begins one connect to the endpoint with the fewest connections. `wanted_since`: the oldest waiter; never: nobody
// waits.
bool PoolCore::connect_one(TimePoint now, TimePoint wanted_since) {
  if (state_ != PoolState::ready) return false;
  // The usual case of a pool that people wait for: it is full.
  if (std::none_of(endpoints_.begin(), endpoints_.end(), [&](const Endpoint& e) { return may_connect(now, e); }))
    return false;
  const std::size_t count = endpoints_.size();
  ++rotation_;
  tried_.assign(count, false);
  for (std::size_t round = 0; round < count; ++round) {
    Endpoint* best = nullptr;
    std::size_t index = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t candidate = (rotation_ + i) % count;
      auto& endpoint = endpoints_[candidate];
      if (tried_[candidate] || !may_connect(now, endpoint)) continue;
      if (best == nullptr || endpoint.total < best->total) best = &endpoint, index = candidate;
    }
    if (best == nullptr) return false;
    tried_[index] = true;
    if (!take_permit(*best, wanted_since)) {
      if (wanted_since != never) yield_monitor(now, *best);
      continue;
    }
    auto& slot = vacant_slot();
    slot.endpoint = static_cast<std::uint32_t>(index);
    slot.id = next_id_++;
    slot.generation = generation_;
    slot.connecting_since = now;
    move_to(slot, SlotState::pending);
    if (listens(PoolEventKind::connection_created))
      events_.push_back(event(PoolEventKind::connection_created, now, slot));
    actions_.push_back({ActionKind::connect, &slot, nullptr, {}});
    return true;
  }
  return false;
}

// For those who wait, never two for one of them; then for the sizes that are to be kept.
void PoolCore::start_connects(TimePoint now) {
  if (state_ != PoolState::ready || !first_used_) return;
  const auto wanted = demand();
  auto coming = arriving();
  const auto since = oldest_waiter();
  while (coming < wanted && connect_one(now, since)) ++coming;
  auto size = total();
  while (size < options_.min_size() && connect_one(now, never)) ++size, ++coming;
  if (options_.min_idle() == 0) return;
  auto spare = static_cast<std::size_t>(counters_.idle.load()) + (coming > wanted ? coming - wanted : 0);
  while (spare < options_.min_idle() && connect_one(now, never)) ++spare;
}

// Idle ones that were not heard of for long are pinged before they are handed out.
void PoolCore::start_validations(TimePoint now) {
  if (counters_.idle.load() == 0) return;
  const auto wanted = demand();
  auto coming = arriving();
  for (auto& endpoint : endpoints_) {
    while (coming < wanted && !endpoint.by_load[0].empty()) {
      const bool lifo = options_.reuse() == Reuse::lifo;
      auto& slot = lifo ? *endpoint.by_load[0].back() : *endpoint.by_load[0].front();
      if (!needs_ping(now, slot)) break;  // only an endpoint that is left alone has such
      slot.keepalive = false;
      slot.asked = now;
      move_to(slot, SlotState::validating);
      counters_.pings.add();
      actions_.push_back({ActionKind::ping, &slot, nullptr, {}});
      ++coming;
    }
  }
}

void PoolCore::pinged(TimePoint now, Slot& slot, bool well) {
  if (slot.monitor) return monitor_pinged(now, slot, well);
  if (well)
    counters_.round_trip.store(std::max(Duration{0}, now - slot.asked).count());
  else
    counters_.pings_failed.add();
  if (slot.state == SlotState::detached) {
    actions_.push_back({ActionKind::close, &slot, nullptr, CloseReason::drain_timeout});
    return;
  }
  if (state_ != PoolState::ready && state_ != PoolState::paused) {
    close_slot(now, slot, CloseReason::pool_closed);
  } else if (!well) {
    close_slot(now, slot, CloseReason::validation);
    if (!slot.keepalive) {
      // Whatever killed this one while nobody looked has most likely killed its neighbours: nobody waits for each in
      // turn.
      auto& idle = endpoint_of(slot).by_load[0];
      for (Slot* other = idle.front(); other != nullptr;) {
        Slot* const following = SlotList::next(other);
        if (needs_ping(now, *other)) close_slot(now, *other, CloseReason::validation);
        other = following;
      }
    }
  } else if (is_stale(slot)) {
    close_slot(now, slot, CloseReason::stale);
  } else {
    slot.verified = now;
    make_idle(now, slot);
  }
  pump(now);
}

void PoolCore::connected(TimePoint now, Slot& slot) {
  if (slot.monitor) return monitor_connected(now, slot);
  auto& endpoint = endpoint_of(slot);
  counters_.connects.add();
  counters_.connect_time.record(now - slot.connecting_since);
  if (slot.state == SlotState::detached) {
    counters_.closed[static_cast<std::size_t>(CloseReason::drain_timeout)].add();
    actions_.push_back({ActionKind::close, &slot, nullptr, CloseReason::drain_timeout});
    return;
  }
  if (listens(PoolEventKind::connection_ready)) {
    auto e = event(PoolEventKind::connection_ready, now, slot);
    e.duration = now - slot.connecting_since;
    events_.push_back(std::move(e));
  }
  if ((endpoint.failures > 0 || endpoint.ejected) && listens(PoolEventKind::endpoint_restored))
    events_.push_back(event(PoolEventKind::endpoint_restored, now, slot));
  if (endpoint.failures > 0)
    endpoint.connect_limit = 1;
  else if (endpoint.connect_limit < options_.max_connecting())
    ++endpoint.connect_limit;
  endpoint.failures = 0;
  endpoint.backoff_until = TimePoint{};
  endpoint.last_error.reset();
  last_connect_error_.reset();
  if (endpoint.request_failures == 0) {
    endpoint.ejected = false;
    endpoint.ejections = 0;
  }
  const Duration lifetime = options_.max_lifetime();
  slot.expires = lifetime.count() == 0 ? never : now + scaled(lifetime, 1.0 - 0.1 * random_.uniform());
  slot.ping_interval = scaled(options_.keepalive_interval(), 0.9 + 0.2 * random_.uniform());
  slot.idle_since = slot.verified = now;
  if (slot.expires != never) note_housekeeping(now, slot.expires);
  if (state_ == PoolState::draining || state_ == PoolState::closed) {
    close_slot(now, slot, CloseReason::pool_closed);
  } else if (is_stale(slot)) {
    close_slot(now, slot, CloseReason::stale);
  } else {
    make_idle(now, slot);
    if (replacements_ > 0) retire_replaced(now);
  }
  pump(now);
  start_connects(now);
}

void PoolCore::back_off(TimePoint now, Endpoint& endpoint) {
  ++endpoint.failures;
  if (endpoint.failures == 1) endpoint.failing_since = now;
  endpoint.first_probe = next_id_;
  endpoint.connect_limit = 1;
  const auto most = doubled(options_.reconnect_min(), options_.reconnect_max(), endpoint.failures);
  const auto delay = scaled(most, random_.uniform());
  endpoint.backoff_until = now + delay;
  note_due(endpoint.backoff_until);
  if (listens(PoolEventKind::backoff_started)) {
    auto e = event(PoolEventKind::backoff_started, now);
    e.endpoint = endpoint.name;
    e.duration = delay;
    e.error = endpoint.last_error;
    events_.push_back(std::move(e));
  }
  if (endpoint.failures >= options_.eject_after()) eject(now, endpoint);
}

void PoolCore::eject(TimePoint now, Endpoint& endpoint) {
  if (endpoints_.size() < 2) return;
  ++endpoint.ejections;
  const auto most = doubled(options_.eject_base(), options_.eject_max(), endpoint.ejections);
  const auto delay = std::min<Duration>(options_.eject_max(), scaled(most, 0.9 + 0.2 * random_.uniform()));
  endpoint.ejected = true;
  endpoint.ejected_until = now + delay;
  note_due(endpoint.ejected_until);
  if (listens(PoolEventKind::endpoint_ejected)) {
    auto e = event(PoolEventKind::endpoint_ejected, now);
    e.endpoint = endpoint.name;
    e.duration = delay;
    e.error = endpoint.last_error;
    events_.push_back(std::move(e));
  }
}

bool PoolCore::all_endpoints_failing() const noexcept {
  return std::all_of(endpoints_.begin(), endpoints_.end(), [](const Endpoint& e) { return e.failures > 0; });
}

void PoolCore::connect_failed(TimePoint now, Slot& slot, const Error& error) {
  if (slot.monitor) return monitor_connect_failed(now, slot, error);
  auto& endpoint = endpoint_of(slot);
  const bool stale = is_stale(slot);
  counters_.connects_failed.add();
  counters_.connects_failed_by[static_cast<std::size_t>(error.kind()) % error_kinds].add();
  vacate(slot);
  if (replacements_ > 0) {  // the old one lives on, and is tried again later
    --replacements_;
    bool found = false;
    each_slot([&](Slot& other) {
      if (!found && other.replacing) found = true, other.replacing = false;
    });
  }
  if (state_ == PoolState::draining) return finish_drain(now);
  if (state_ == PoolState::closed) return;
  last_connect_error_ = endpoint.last_error = error;
  // What was begun before the pool was cleared, or before the failure that began this back-off, tells nothing new.
  if (!stale && (endpoint.failures == 0 || slot.id >= endpoint.first_probe)) back_off(now, endpoint);
  const bool for_good = !error.transient() && all_endpoints_failing();
  const bool impatient = options_.fail_fast() && endpoint.failures >= 2 && all_endpoints_failing() &&
                         counters_.idle.load() + counters_.used.load() == 0;
  if (for_good || impatient) fail_all(now, error);
  pump(now);
  start_connects(now);
}

void PoolCore::request_result(TimePoint now, std::size_t index, bool success) {
  constexpr std::uint32_t failures_to_eject = 5;
  auto& endpoint = endpoints_[index];
  if (success) {
    if (endpoint.ejected && listens(PoolEventKind::endpoint_restored)) {
      auto e = event(PoolEventKind::endpoint_restored, now);
      e.endpoint = endpoint.name;
      events_.push_back(std::move(e));
    }
    endpoint.request_failures = 0;
    endpoint.ejections = 0;
    endpoint.ejected = false;
    if (waiters() != 0) pump(now);
    return;
  }
  if (endpoint.ejected && now < endpoint.ejected_until) return;  // what was under way when it was taken out
  if (++endpoint.request_failures < failures_to_eject) return;
  endpoint.request_failures = failures_to_eject - 1;  // after its time one more failure is enough
  eject(now, endpoint);
}

void PoolCore::permit_available(TimePoint now, std::size_t index) {
  auto& endpoint = endpoints_[index];
  endpoint.wants_permit = false;
  pump(now);
  // Nobody came for it: there are enough connections now, or the endpoint is not to be asked. It is another's.
  if (!endpoint.wants_permit && permits_ != nullptr) permits_->no_longer_wanted(index);
}

void PoolCore::yield_permit(TimePoint now, std::size_t index) {
  auto& endpoint = endpoints_[index];
  auto* const oldest = endpoint.by_load[0].front();
  if (oldest != nullptr && total() > options_.min_size() && waiters() == 0)
    close_slot(now, *oldest, CloseReason::surplus);
  else if (!yield_monitor(now, endpoint)) {
    ++endpoint.yields;
    calm_ = false;
  }
}

void PoolCore::keep_permit(std::size_t index) noexcept {
  if (endpoints_[index].yields > 0) --endpoints_[index].yields;
}

}  // namespace weir::detail
