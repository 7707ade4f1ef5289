#pragma once

#include "pool/driver.hpp"

#include <weir/registry.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace weir {

/// The pools that one owner asked for, on all loops.
struct PoolOwner::Impl {
  /// Under the mutex of the loop's record.
  void join(detail::PoolDriver& driver);
  /// Gives all of them up; those that have no owner left.
  std::vector<std::shared_ptr<detail::PoolDriver>> leave();
  PoolStats stats(const detail::LoopRecord* loop) const;

  mutable std::mutex mutex;
  bool closed = false;
  std::vector<std::weak_ptr<detail::PoolDriver>> drivers;
};

}  // namespace weir
