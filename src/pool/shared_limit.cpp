#include "pool/shared_limit.hpp"

#include "pool/driver.hpp"
#include "pool/process.hpp"

#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace weir::detail {
namespace {

struct Limits {
  std::mutex mutex;
  // Of each process its own: a child has none of its parent's connections.
  std::map<std::tuple<PoolKey, std::string, std::size_t, std::uint64_t>, std::weak_ptr<SharedLimit>> all;
};

Limits& limits() {
  static auto* const instance = new Limits;  // never destroyed: a static may hold a pool
  return *instance;
}

}  // namespace

std::shared_ptr<SharedLimit> SharedLimit::of(const PoolKey& pool_key, const std::string& endpoint, std::size_t limit) {
  auto& known = limits();
  const std::lock_guard lock(known.mutex);
  std::erase_if(known.all, [](const auto& entry) { return entry.second.expired(); });
  auto& entry = known.all[{pool_key, endpoint, limit, Process::fork_generation()}];
  auto found = entry.lock();
  if (!found) {
    found = std::make_shared<SharedLimit>(limit);
    entry = found;
  }
  return found;
}

PermitLedger::Id SharedLimit::id_of(const PoolDriver& driver) noexcept {
  return static_cast<PermitLedger::Id>(reinterpret_cast<std::uintptr_t>(&driver));
}

bool SharedLimit::take(PoolDriver& driver, std::size_t endpoint, bool starving) {
  Outcome outcome;
  {
    const std::lock_guard lock(mutex_);
    members_[id_of(driver)] = {driver.weak_from_this(), endpoint};
    outcome = ledger_.take(id_of(driver), Clock::now(), starving, [this](PermitLedger::Id id) -> std::size_t {
      const auto member = members_.find(id);
      const auto other = member == members_.end() ? nullptr : member->second.driver.lock();
      return other ? static_cast<std::size_t>(other->idle()) : 0;
    });
    note_change();
  }
  act(outcome);
  return outcome.taken;
}

void SharedLimit::give_back(PoolDriver& driver) {
  Outcome outcome;
  {
    const std::lock_guard lock(mutex_);
    outcome = ledger_.give_back(id_of(driver), Clock::now());
    note_change();
  }
  act(outcome);
}

void SharedLimit::no_longer_wanted(PoolDriver& driver) {
  Outcome outcome;
  {
    const std::lock_guard lock(mutex_);
    outcome = ledger_.no_longer_wanted(id_of(driver), Clock::now());
    note_change();
  }
  act(outcome);
}

void SharedLimit::leave(PoolDriver& driver) {
  Outcome outcome;
  {
    const std::lock_guard lock(mutex_);
    outcome = ledger_.leave(id_of(driver), Clock::now());
    members_.erase(id_of(driver));
    note_change();
  }
  act(outcome);
}

bool SharedLimit::wanted_elsewhere(PoolDriver& driver) {
  if (helpless_.load(std::memory_order_relaxed) == 0) return false;
  const std::lock_guard lock(mutex_);
  const bool wanted = ledger_.has_idle(id_of(driver));
  note_change();
  return wanted;
}

void SharedLimit::note_change() noexcept {
  const auto helpless = ledger_.helpless();
  if (helpless != helpless_.load(std::memory_order_relaxed)) helpless_.store(helpless, std::memory_order_relaxed);
}

std::size_t SharedLimit::used() const {
  const std::lock_guard lock(mutex_);
  return ledger_.used();
}

// Another pool hears of it on its own loop: nothing is called while this pool's lock, or ours, is held.
void SharedLimit::act(const Outcome& outcome) {
  const auto tell = [this](std::optional<PermitLedger::Id> id, void (PoolDriver::*what)(std::size_t)) {
    if (!id) return;
    Member member;
    {
      const std::lock_guard lock(mutex_);
      const auto found = members_.find(*id);
      if (found == members_.end()) return;
      member = found->second;
    }
    if (const auto driver = member.driver.lock()) (driver.get()->*what)(member.endpoint);
  };
  tell(outcome.offer, &PoolDriver::permit_available);
  tell(outcome.yield, &PoolDriver::yield_permit);
  tell(outcome.withdraw, &PoolDriver::keep_permit);
}

}  // namespace weir::detail
