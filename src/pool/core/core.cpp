#include "pool/core/core.hpp"

#include <algorithm>

namespace weir::detail {

PoolCore::PoolCore(const PoolOptions& options, std::vector<std::string> endpoints, std::uint64_t seed,
                   PermitSource* permits)
    : options_(options), permits_(permits), random_(seed) {
  endpoints_.resize(std::max<std::size_t>(1, endpoints.size()));
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (i < endpoints.size()) endpoints_[i].name = std::move(endpoints[i]);
    endpoints_[i].by_load.resize(options_.pipeline_depth());
    endpoints_[i].connect_limit = options_.max_connecting();
  }
  plain_ = endpoints_.size() == 1 && options_.min_idle() == 0;
  lifo_ = options_.reuse() == Reuse::lifo;
  if (options_.validate_after().count() > 0) validate_after_ = options_.validate_after();
  lease_warning_ = options_.lease_warning();
  if (options_.max_uses() != 0) most_uses_ = options_.max_uses();
  // The earliest time at which a connection that becomes idle now can have something due.
  idle_due_ = never - TimePoint{};
  if (options_.idle_timeout().count() > 0) idle_due_ = std::min<Duration>(idle_due_, options_.idle_timeout());
  if (options_.keepalive_interval().count() > 0)
    idle_due_ = std::min<Duration>(idle_due_, options_.keepalive_interval() * 9 / 10);
  idle_due_ = std::max<Duration>(idle_due_, options_.housekeeping());
  resize(TimePoint{}, options_.min_size(), options_.max_size());
  set_state(options_.start_paused() ? PoolState::paused : PoolState::ready);
}

PoolCore::~PoolCore() {
  for (auto* chunk = chunks_.load(std::memory_order_relaxed); chunk != nullptr;) {
    auto* const next = chunk->next;
    delete chunk;
    chunk = next;
  }
}

void PoolCore::set_state(PoolState state) noexcept {
  state_ = state;
  calm_ = false;
  counters_.state.store(state);
}

Slot& PoolCore::vacant_slot() {
  if (vacant_.empty()) {
    auto chunk = std::make_unique<Chunk>();
    vacant_.reserve(chunk_slots * (chunk_count_.load(std::memory_order_relaxed) + 1));
    const auto depth = options_.pipeline_depth();
    for (auto& slot : chunk->slots) slot.records = std::make_unique<LeaseRecord[]>(depth);
    for (auto slot = chunk->slots.rbegin(); slot != chunk->slots.rend(); ++slot) vacant_.push_back(&*slot);
    chunk->next = chunks_.load(std::memory_order_relaxed);
    chunks_.store(chunk.release(), std::memory_order_release);
    chunk_count_.store(chunk_count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  Slot& slot = *vacant_.back();
  vacant_.pop_back();
  slot.shared = slot.reserved = slot.needs_reset = slot.keepalive = slot.replacing = false;
  slot.doomed.reset();
  slot.uses = 0;
  slot.leases = 0;
  for (std::uint32_t i = 0; i < options_.pipeline_depth(); ++i) slot.records[i].next_free = i + 1;
  slot.free_record = 0;
  return slot;
}

// Every change of a connection's state goes through here, so that the counts are right by construction.
void PoolCore::move_to(Slot& slot, SlotState state) noexcept {
  auto& endpoint = endpoint_of(slot);
  if (slot.hook.linked) endpoint.by_load[slot.leases].remove(&slot);
  switch (slot.state) {
    case SlotState::vacant: ++endpoint.total; break;
    case SlotState::pending:
      --endpoint.pending;
      counters_.pending.subtract();
      break;
    case SlotState::idle: counters_.idle.subtract(); break;
    case SlotState::in_use:
      --endpoint.in_use;
      counters_.used.subtract();
      break;
    case SlotState::validating:
      --endpoint.validating;
      counters_.used.subtract();
      break;
    case SlotState::resetting:
      --endpoint.resetting;
      counters_.used.subtract();
      break;
    case SlotState::closing: break;
    case SlotState::detached: ++endpoint.total; break;
  }
  slot.state = state;
  switch (state) {
    case SlotState::vacant: --endpoint.total; break;
    case SlotState::pending:
      ++endpoint.pending;
      counters_.pending.add();
      break;
    case SlotState::idle: counters_.idle.add(); break;
    case SlotState::in_use:
      ++endpoint.in_use;
      counters_.used.add();
      break;
    case SlotState::validating:
      ++endpoint.validating;
      counters_.used.add();
      break;
    case SlotState::resetting:
      ++endpoint.resetting;
      counters_.used.add();
      break;
    case SlotState::closing: break;
    case SlotState::detached: --endpoint.total; break;
  }
}

std::size_t PoolCore::total() const noexcept {
  std::size_t sum = 0;
  for (const auto& endpoint : endpoints_) sum += endpoint.total;
  return sum;
}

std::size_t PoolCore::arriving() const noexcept {
  std::size_t sum = 0;
  for (const auto& endpoint : endpoints_) sum += endpoint.pending + endpoint.validating;
  return sum;
}

HealthState PoolCore::health(std::size_t endpoint, TimePoint now) const noexcept {
  const auto& e = endpoints_[endpoint];
  if (e.ejected && now < e.ejected_until) return HealthState::ejected;
  if (now < e.backoff_until) return HealthState::backoff;
  return HealthState::up;
}

Duration PoolCore::oldest_lease(TimePoint now) const noexcept {
  Duration::rep oldest = 0;
  each_slot([&](const Slot& slot) {
    for (std::uint32_t i = 0; i < options_.pipeline_depth(); ++i) {
      const auto since = slot.records[i].since.load(std::memory_order_relaxed);
      if (since != 0 && (oldest == 0 || since < oldest)) oldest = since;
    }
  });
  return oldest == 0 ? Duration{0} : std::max(Duration{0}, now - TimePoint{Duration{oldest}});
}

std::uint64_t PoolCore::memory_bytes() const noexcept {
  const auto chunks = chunk_count_.load(std::memory_order_relaxed);
  const std::uint64_t slot = sizeof(Slot) + sizeof(LeaseRecord) * options_.pipeline_depth();
  return sizeof(PoolCore) + chunks * (chunk_slots * slot + sizeof(Chunk*)) +
         endpoints_.size() * (sizeof(Endpoint) + sizeof(SlotList) * options_.pipeline_depth());
}

WaiterList PoolCore::abandon() noexcept {
  WaiterList out;
  for (auto& list : waiting_)
    while (auto* const waiter = list.pop_front()) {
      waiter->queued = false;
      out.push_back(waiter);
    }
  each_slot([this](Slot& slot) {
    if (slot.state != SlotState::vacant && permits_ != nullptr) permits_->give_back(slot.endpoint);
  });
  for (auto& endpoint : endpoints_) {
    if (endpoint.monitor && endpoint.monitor->state != SlotState::vacant && permits_ != nullptr)
      permits_->give_back(endpoint.monitor->endpoint);
    endpoint.heartbeat_at = never;
  }
  no_longer_wanted();
  permits_ = nullptr;
  for (auto* const figure :
       {&counters_.idle, &counters_.used, &counters_.pending, &counters_.waiters, &counters_.shared_leases})
    figure->store(0);
  counters_.oldest_waiter_since.store(0);
  set_state(PoolState::closed);
  due_ = never;
  actions_.clear();
  events_.clear();
  return out;
}

}  // namespace weir::detail
