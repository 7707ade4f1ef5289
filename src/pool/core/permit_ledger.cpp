#include "pool/core/permit_ledger.hpp"

#include <algorithm>

namespace weir::detail {
namespace {

// A loop to which a permit was offered and that does not come for it is not being run: the others go first.
constexpr auto patience = std::chrono::seconds{1};

}  // namespace

std::size_t PermitLedger::held(Id id) const noexcept {
  const auto found = held_.find(id);
  return found == held_.end() ? 0 : found->second;
}

std::deque<PermitLedger::Starved>::iterator PermitLedger::find(Id id) noexcept {
  return std::find_if(starved_.begin(), starved_.end(), [id](const Starved& s) { return s.id == id; });
}

// What each of those who hold or want a permit may have at least.
std::size_t PermitLedger::share() const noexcept {
  const auto without = static_cast<std::size_t>(
      std::count_if(starved_.begin(), starved_.end(), [this](const Starved& s) { return held(s.id) == 0; }));
  return std::max<std::size_t>(1, limit_ / std::max<std::size_t>(1, held_.size() + without));
}

// Whoever has idle connections first, then whoever holds most above its share, if the one who starves has fewer; nobody
// is asked twice at a time. Without that last condition loops that are always busy would take the same connection from
// one another for ever.
std::optional<PermitLedger::Id> PermitLedger::victim(Id for_whom, const std::function<std::size_t(Id)>& idle_of) const {
  const std::size_t fair = share();
  const std::size_t mine = held(for_whom);
  std::optional<Id> best;
  std::pair<std::size_t, std::size_t> best_rank{};
  for (const auto& [id, count] : held_) {
    const auto asked = static_cast<std::size_t>(
        std::count_if(starved_.begin(), starved_.end(), [id](const Starved& s) { return s.asked == id; }));
    if (id == for_whom || count <= asked) continue;
    const auto idle = idle_of(id);
    const auto left = count - asked;
    if (idle <= asked && (left <= fair || left <= mine + 1)) continue;
    const std::pair rank{idle > asked ? idle - asked : 0, left};
    if (!best || rank > best_rank) best = id, best_rank = rank;
  }
  return best;
}

// Who is to have the next permit: in the order of asking, but what was given up for those with less than their share
// goes to them. One to whom a permit was offered and that does not come goes to the end of the queue.
std::deque<PermitLedger::Starved>::iterator PermitLedger::next_in_turn() noexcept {
  const std::size_t fair = share();
  const auto poor = std::find_if(starved_.begin(), starved_.end(), [&](const Starved& s) { return held(s.id) < fair; });
  return poor != starved_.end() ? poor : starved_.begin();
}

void PermitLedger::offer_next(TimePoint now, Outcome& outcome) {
  if (used_ >= limit_ || starved_.empty()) return;
  auto next = next_in_turn();
  if (next->offered && now - *next->offered < patience) return;
  if (next->offered) {
    auto late = *next;
    late.offered.reset();
    starved_.erase(next);
    starved_.push_back(late);
    next = next_in_turn();
    if (next->offered && now - *next->offered < patience) return;
  }
  next->offered = now;
  outcome.offer = next->id;
}

PermitLedger::Outcome PermitLedger::take(Id id, TimePoint now, bool starving,
                                         const std::function<std::size_t(Id)>& idle_of) {
  Outcome outcome;
  const auto self = find(id);
  const auto next = starved_.empty() ? starved_.end() : next_in_turn();
  const bool first_in_turn =
      next == starved_.end() || next->id == id || (next->offered && now - *next->offered >= patience);
  if (used_ < limit_ && (first_in_turn || used_ + starved_.size() < limit_)) {
    if (self != starved_.end()) {
      // The holder that was asked for it and has not answered may keep what it has.
      outcome.withdraw = self->asked;
      starved_.erase(self);
    }
    ++used_;
    ++held_[id];
    outcome.taken = true;
    offer_next(now, outcome);
    return outcome;
  }
  if (!starving) return outcome;
  if (self == starved_.end()) starved_.push_back({id, {}, {}});
  const auto entry = find(id);
  if (!entry->asked && used_ >= limit_) {
    entry->asked = victim(id, idle_of);
    outcome.yield = entry->asked;
  }
  offer_next(now, outcome);
  return outcome;
}

PermitLedger::Outcome PermitLedger::give_back(Id id, TimePoint now) {
  Outcome outcome;
  const auto found = held_.find(id);
  if (found == held_.end() || found->second == 0) return outcome;
  if (--found->second == 0) held_.erase(found);
  --used_;
  // One request that this holder was asked for is answered.
  const auto answered =
      std::find_if(starved_.begin(), starved_.end(), [id](const Starved& s) { return s.asked == id; });
  if (answered != starved_.end()) answered->asked.reset();
  offer_next(now, outcome);
  return outcome;
}

PermitLedger::Outcome PermitLedger::no_longer_wanted(Id id, TimePoint now) {
  Outcome outcome;
  const auto self = find(id);
  if (self == starved_.end()) return outcome;
  outcome.withdraw = self->asked;
  starved_.erase(self);
  offer_next(now, outcome);
  return outcome;
}

std::size_t PermitLedger::helpless() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(starved_.begin(), starved_.end(), [](const Starved& s) { return !s.asked && !s.offered; }));
}

bool PermitLedger::has_idle(Id id) {
  if (used_ < limit_ || held(id) == 0) return false;
  const auto helped = std::find_if(starved_.begin(), starved_.end(),
                                   [id](const Starved& s) { return s.id != id && !s.asked && !s.offered; });
  if (helped == starved_.end()) return false;
  helped->asked = id;
  return true;
}

PermitLedger::Outcome PermitLedger::leave(Id id, TimePoint now) {
  auto outcome = no_longer_wanted(id, now);
  const auto found = held_.find(id);
  if (found != held_.end()) {
    used_ -= found->second;
    held_.erase(found);
  }
  for (auto& starved : starved_)
    if (starved.asked == id) starved.asked.reset();
  offer_next(now, outcome);
  return outcome;
}

}  // namespace weir::detail
