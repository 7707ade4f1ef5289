#include "unit/pool/simulation.hpp"

#include <algorithm>

namespace weir::test {

Simulation::Simulation(PoolOptions options, std::vector<std::string> endpoints, std::uint64_t seed,
                       PermitSource* permits)
    : core(options, std::move(endpoints), seed, permits), options_(std::move(options)) {}

Grant Simulation::try_acquire(LeaseKind kind) {
  Grant grant;
  apply([&](PoolCore& c) {
    const auto where = std::source_location::current();
    if (warm && kind == LeaseKind::exclusive) grant = c.try_acquire_warm(now, where);
    if (grant)
      EXPECT_TRUE(c.actions().empty() && c.events().empty()) << "the warm path leaves nothing to be done";
    else
      grant = c.try_acquire(now, kind, where);
    if (grant) granted(grant);
  });
  return grant;
}

std::shared_ptr<Simulation::Asker> Simulation::ask(LeaseKind kind, Duration timeout, std::string operation) {
  auto asker = std::make_shared<Asker>();
  asker->kind = kind;
  asker->since = now;
  asker->limit = now + timeout;
  asker->operation = std::move(operation);
  asker->where = std::source_location::current();
  askers.push_back(asker);
  apply([&](PoolCore& c) {
    const auto asked = c.acquire(now, *asker);
    if (asked == PoolCore::Asked::queued) return;
    ++asker->answers;
    EXPECT_EQ(asked == PoolCore::Asked::granted, static_cast<bool>(asker->grant));
    EXPECT_EQ(asked == PoolCore::Asked::failed, asker->error.has_value());
    if (asker->grant) granted(asker->grant);
  });
  return asker;
}

void Simulation::cancel(Asker& asker) {
  const bool was_queued = asker.queued;
  apply([&](PoolCore& c) {
    const bool removed = c.cancel(now, asker);
    EXPECT_EQ(removed, was_queued);
    if (removed) asker.cancelled = true;
  });
}

void Simulation::release(Grant grant, ReturnAs as) {
  const auto found = std::find_if(held.begin(), held.end(), [&](const Grant& other) {
    return other.slot == grant.slot && other.ticket == grant.ticket;
  });
  ASSERT_NE(found, held.end());
  held.erase(found);
  apply([&](PoolCore& c) {
    if (!warm || as != ReturnAs::ready || !c.release_warm(now, grant)) return c.release(now, grant, as);
    EXPECT_TRUE(c.actions().empty() && c.events().empty()) << "the warm path leaves nothing to be done";
  });
}

void Simulation::release(Asker& asker, ReturnAs as) { release(std::exchange(asker.grant, {}), as); }

void Simulation::refuse(Grant grant, std::optional<Duration> waited) {
  std::erase_if(held, [&](const Grant& other) { return other.slot == grant.slot && other.ticket == grant.ticket; });
  apply([&](PoolCore& c) { c.refuse(now, grant, waited); });
}

Slot* Simulation::take(std::vector<Slot*>& from, std::size_t index) {
  if (index >= from.size()) {
    ADD_FAILURE() << "nothing to answer";
    return nullptr;
  }
  auto* const slot = from[index];
  from.erase(from.begin() + static_cast<std::ptrdiff_t>(index));
  return slot;
}

void Simulation::connect_succeeds(std::size_t index) {
  if (auto* const slot = take(connecting, index)) apply([&](PoolCore& c) { c.connected(now, *slot); });
}
void Simulation::connect_fails(const Error& error, std::size_t index) {
  if (auto* const slot = take(connecting, index)) apply([&](PoolCore& c) { c.connect_failed(now, *slot, error); });
}
void Simulation::ping_answers(bool well, std::size_t index) {
  if (auto* const slot = take(pinging, index)) apply([&](PoolCore& c) { c.pinged(now, *slot, well); });
}
void Simulation::reset_answers(bool well, std::size_t index) {
  if (auto* const slot = take(resetting, index)) apply([&](PoolCore& c) { c.was_reset(now, *slot, well); });
}
void Simulation::close_finishes(std::size_t index) {
  if (auto* const slot = take(closing, index)) apply([&](PoolCore& c) { c.closed(now, *slot); });
}

// As the driver's timer does: whenever something is due, in between.
void Simulation::advance(Duration by) {
  const auto until = now + by;
  int rounds = 0;
  while (core.due() <= until) {
    ASSERT_LT(++rounds, 100'000) << "the timer goes off again and again";
    now = std::max(now, core.due());
    apply([&](PoolCore& c) { c.timer(now); });
  }
  now = until;
}

void Simulation::settle() {
  while (!core.actions().empty()) {
    const auto actions = std::exchange(core.actions(), {});
    for (const auto& action : actions) {
      switch (action.kind) {
        case ActionKind::connect:
          connecting.push_back(action.slot);
          if (action.slot->monitor) break;
          EXPECT_TRUE(ids_.insert(action.slot->id).second) << "an id was used twice";
          // A resize may leave more than the limit for a while; no connect is begun then.
          EXPECT_LE(core.endpoints()[action.slot->endpoint].total * core.endpoints().size(),
                    core.counters().max.load());
          break;
        case ActionKind::close:
          if (slow_closes)
            closing.push_back(action.slot);
          else
            core.closed(now, *action.slot);
          break;
        case ActionKind::ping: pinging.push_back(action.slot); break;
        case ActionKind::reset: resetting.push_back(action.slot); break;
        case ActionKind::abort: break;
        case ActionKind::drained: ++drained; break;
        case ActionKind::complete_waiter:
        case ActionKind::fail_waiter: {
          auto& asker = static_cast<Asker&>(*action.waiter);
          ++asker.answers;
          EXPECT_EQ(asker.answers, 1);
          EXPECT_FALSE(asker.cancelled);
          EXPECT_EQ(action.kind == ActionKind::complete_waiter, static_cast<bool>(asker.grant));
          EXPECT_EQ(action.kind == ActionKind::fail_waiter, asker.error.has_value());
          if (!asker.grant) break;
          auto& last = asker.kind == LeaseKind::exclusive ? last_exclusive_ : last_shared_;
          EXPECT_GT(asker.sequence, last) << "somebody overtook";
          last = asker.sequence;
          granted(asker.grant);
          break;
        }
      }
    }
  }
  auto fresh = std::exchange(core.events(), {});
  events.insert(events.end(), fresh.begin(), fresh.end());
  check();
}

void Simulation::granted(const Grant& grant) {
  for (const auto& other : held) {
    EXPECT_FALSE(other.slot == grant.slot && other.ticket == grant.ticket) << "one lease was given twice";
    if (other.slot == grant.slot) {
      EXPECT_TRUE(grant.slot->shared) << "an exclusive connection was given twice";
    }
  }
  EXPECT_EQ(grant.slot->generation, core.counters().generation.load()) << "a stale connection was handed out";
  held.push_back(grant);
}

std::size_t Simulation::count(PoolEventKind kind) const {
  return static_cast<std::size_t>(
      std::count_if(events.begin(), events.end(), [kind](const PoolEvent& e) { return e.kind == kind; }));
}

std::size_t Simulation::waiting() const {
  return static_cast<std::size_t>(
      std::count_if(askers.begin(), askers.end(), [](const auto& asker) { return asker->queued; }));
}

void Simulation::check() {
  check_counts();
  check_waiters();
}

void Simulation::check_counts() {
  const auto stats = this->stats();
  std::map<SlotState, std::uint64_t> by_state;
  std::uint64_t leases = 0, shared = 0, detached = 0;
  core.each_slot([&](const Slot& slot) {
    ++by_state[slot.state];
    leases += slot.leases;
    if (slot.shared) shared += slot.leases;
    if (slot.state == SlotState::detached) ++detached;
    if (slot.state == SlotState::idle) {
      EXPECT_EQ(slot.leases, 0U);
    }
  });
  EXPECT_EQ(stats.idle, by_state[SlotState::idle]);
  EXPECT_EQ(stats.pending, by_state[SlotState::pending]);
  EXPECT_EQ(stats.used, by_state[SlotState::in_use] + by_state[SlotState::validating] + by_state[SlotState::resetting]);
  EXPECT_EQ(leases, held.size());
  EXPECT_EQ(stats.shared_leases, shared);
  EXPECT_EQ(stats.waiters, waiting());
  EXPECT_EQ(stats.acquires, stats.acquires_immediate + stats.acquires_waited + stats.timeouts + stats.rejected +
                                stats.cancelled + stats.failed + stats.waiters);
  EXPECT_LE(stats.acquires_immediate, stats.acquires);  // neither is ever taken below nothing
  EXPECT_LE(stats.acquires_waited, stats.acquires);
  EXPECT_EQ(stats.connects, stats.idle + stats.used + stats.closed_total());
  for (const auto& endpoint : core.endpoints()) EXPECT_LE(endpoint.pending, options_.max_connecting());
  if (stats.state == PoolState::closed) {
    EXPECT_EQ(stats.idle + stats.used + stats.pending + stats.waiters, 0U);
  }
}

// Whoever waits, waits for a reason.
void Simulation::check_waiters() {
  if (core.state() != PoolState::ready) {
    EXPECT_EQ(core.waiters(), 0U);
    return;
  }
  if (core.waiters() == 0) return;
  bool idle_usable = false;
  std::uint64_t coming = 0;
  bool could_connect = false;
  const auto& options = options_;
  core.each_slot([&](const Slot& slot) {
    const bool needs_ping = options.validate_after().count() > 0 && now - slot.verified > options.validate_after();
    if (slot.state == SlotState::idle && !needs_ping && core.endpoints().size() == 1) idle_usable = true;
  });
  for (const auto& endpoint : core.endpoints()) {
    coming += endpoint.pending + endpoint.validating;
    const auto limit = endpoint.failures > 0 ? 1U : std::min(endpoint.connect_limit, options.max_connecting());
    if (endpoint.total < core.counters().max.load() / core.endpoints().size() && endpoint.pending < limit &&
        endpoint.backoff_until <= now && !endpoint.wants_permit && core.endpoints().size() == 1)
      could_connect = true;
  }
  EXPECT_FALSE(idle_usable) << "somebody waits while a connection is idle";
  const std::uint64_t exclusive = static_cast<std::uint64_t>(std::count_if(
      askers.begin(), askers.end(), [](const auto& a) { return a->queued && a->kind == LeaseKind::exclusive; }));
  const std::uint64_t depth = options.pipeline_depth();
  const std::uint64_t demand = exclusive + (core.waiters() - exclusive + depth - 1) / depth;
  EXPECT_TRUE(coming >= demand || !could_connect) << "somebody waits and nothing is done about it";
  for (const auto& asker : askers)
    if (asker->queued) {
      EXPECT_LE(core.due(), asker->ends()) << "nobody would end the wait";
    }
}

}  // namespace weir::test
