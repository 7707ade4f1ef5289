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

// Whoever has idle connections first, then whoever holds most above its share; nobody is asked twice at a time.
std::optional<PermitLedger::Id> PermitLedger::victim(Id for_whom, const std::function<std::size_t(Id)>& idle_of) const {
  std::size_t wanting = starved_.size();
  for (const auto& [id, count] : held_)
    if (count > 0 && std::none_of(starved_.begin(), starved_.end(), [id](const Starved& s) { return s.id == id; }))
      ++wanting;
  const std::size_t share = std::max<std::size_t>(1, limit_ / std::max<std::size_t>(1, wanting));
  std::optional<Id> best;
  std::pair<std::size_t, std::size_t> best_rank{};
  for (const auto& [id, count] : held_) {
    const auto asked = static_cast<std::size_t>(
        std::count_if(starved_.begin(), starved_.end(), [id](const Starved& s) { return s.asked == id; }));
    if (id == for_whom || count <= asked) continue;
    const auto idle = idle_of(id);
    const auto left = count - asked;
    if (idle <= asked && left <= share) continue;
    const std::pair rank{idle > asked ? idle - asked : 0, left};
    if (!best || rank > best_rank) best = id, best_rank = rank;
  }
  return best;
}

void PermitLedger::offer_next(TimePoint now, Outcome& outcome) {
  if (used_ >= limit_ || starved_.empty()) return;
  auto& first = starved_.front();
  if (first.offered && now - *first.offered < patience) return;
  if (first.offered) {  // it did not come: to the end of the queue
    auto late = first;
    late.offered.reset();
    starved_.pop_front();
    starved_.push_back(late);
  }
  starved_.front().offered = now;
  outcome.offer = starved_.front().id;
}

PermitLedger::Outcome PermitLedger::take(Id id, TimePoint now, bool starving,
                                         const std::function<std::size_t(Id)>& idle_of) {
  Outcome outcome;
  const auto self = find(id);
  const bool first_in_turn = starved_.empty() || starved_.front().id == id ||
                             (starved_.front().offered && now - *starved_.front().offered >= patience);
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

PermitLedger::Outcome PermitLedger::leave(Id id, TimePoint now) {
  auto outcome = no_longer_wanted(id, now);
  const auto found = held_.find(id);
  if (found != held_.end()) {
    used_ -= found->second;
    held_.erase(found);
  }
  for (auto& starved : starved_)
    if (starved.asked == id) starved.asked.reset();
  outcome.offer.reset();
  offer_next(now, outcome);
  return outcome;
}

}  // namespace weir::detail
