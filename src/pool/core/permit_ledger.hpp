#pragma once

#include "pool/core/types.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

namespace weir::detail {

/// Who holds how many of a limited number of permits, and who starves for one: the pure part of `total_limit`. Permits
/// go to the starved in the order in which they asked, those with less than their share first; a holder of more than
/// its share is asked to give one up for each who has fewer.
class PermitLedger {
 public:
  using Id = std::uint64_t;
  explicit PermitLedger(std::size_t limit) noexcept : limit_(limit) {}

  struct Outcome {
    bool taken = false;
    std::optional<Id> offer;     ///< tell it that a permit was put aside for it
    std::optional<Id> yield;     ///< ask it to close a connection
    std::optional<Id> withdraw;  ///< it need not any longer
  };

  /// `starving`: wait for one when there is none. `idle_of`: how many idle connections a holder has.
  Outcome take(Id id, TimePoint now, bool starving, const std::function<std::size_t(Id)>& idle_of);
  Outcome give_back(Id id, TimePoint now);
  Outcome no_longer_wanted(Id id, TimePoint now);
  /// It has a connection that nobody uses: true when it is to close one, for somebody who was left without help.
  bool has_idle(Id id);
  /// It is gone, with everything it held.
  Outcome leave(Id id, TimePoint now);

  std::size_t used() const noexcept { return used_; }
  std::size_t limit() const noexcept { return limit_; }
  std::size_t held(Id id) const noexcept;
  std::size_t starving() const noexcept { return starved_.size(); }
  /// The starved for whom nobody was asked and nothing was put aside.
  std::size_t helpless() const noexcept;

 private:
  struct Starved {
    Id id = 0;
    std::optional<Id> asked;  ///< the holder that was asked for it
    std::optional<TimePoint> offered;
  };
  std::size_t share() const noexcept;
  std::optional<Id> victim(Id for_whom, const std::function<std::size_t(Id)>& idle_of) const;
  std::deque<Starved>::iterator find(Id id) noexcept;
  std::deque<Starved>::iterator next_in_turn() noexcept;
  void offer_next(TimePoint now, Outcome& outcome);

  const std::size_t limit_;
  std::size_t used_ = 0;
  std::unordered_map<Id, std::size_t> held_;
  std::deque<Starved> starved_;
};

}  // namespace weir::detail
