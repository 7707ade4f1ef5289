#pragma once

#include "pool/core/permit_ledger.hpp"

#include <weir/registry.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace weir::detail {

class PoolDriver;

/// `total_limit`: the pools of one key and endpoint on all loops share it. Touched only when a connection opens or
/// closes.
class SharedLimit {
 public:
  /// The one of this key and endpoint, made on first use.
  static std::shared_ptr<SharedLimit> of(const PoolKey& pool_key, const std::string& endpoint, std::size_t limit);
  explicit SharedLimit(std::size_t limit) noexcept : ledger_(limit) {}

  bool take(PoolDriver& driver, std::size_t endpoint, bool starving);
  void give_back(PoolDriver& driver);
  void no_longer_wanted(PoolDriver& driver);
  /// Costs one load while nobody starves.
  bool wanted_elsewhere(PoolDriver& driver);
  /// It is closed, or its loop is gone.
  void leave(PoolDriver& driver);
  std::size_t used() const;

 private:
  struct Member {
    std::weak_ptr<PoolDriver> driver;
    std::size_t endpoint = 0;
  };
  using Outcome = PermitLedger::Outcome;
  static PermitLedger::Id id_of(const PoolDriver& driver) noexcept;
  void act(const Outcome& outcome);
  void note_change() noexcept;

  mutable std::mutex mutex_;
  PermitLedger ledger_;
  std::atomic<std::size_t> helpless_{0};  ///< of the ledger, after every change
  std::unordered_map<PermitLedger::Id, Member> members_;
};

}  // namespace weir::detail
