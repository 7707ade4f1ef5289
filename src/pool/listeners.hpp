#pragma once

#include "observability/pool_log.hpp"
#include "pool/core/types.hpp"

#include <weir/pool_events.hpp>

#include <atomic>
#include <memory>
#include <vector>

namespace weir::detail {

/// The listeners that hear every pool of the process, and the log. Readers take a snapshot; nobody listening costs two
/// loads.
class Listeners {
 public:
  using List = std::vector<std::shared_ptr<PoolListener>>;

  /// Never destroyed: a pool on a thread that outlives `main` may still ask.
  static Listeners& instance() noexcept;

  /// All kinds while anybody listens, else those that the log writes.
  EventMask wanted() const noexcept { return count_.load(std::memory_order_relaxed) != 0 ? all_events : logged_.now(); }
  bool want(PoolEventKind kind) const noexcept { return (wanted() & mask_of(kind)) != 0; }
  std::shared_ptr<const List> snapshot() const;
  void add(std::shared_ptr<PoolListener> listener);
  bool remove(const std::shared_ptr<PoolListener>& listener) noexcept;

 private:
  struct Guarded;
  Listeners();
  std::unique_ptr<Guarded> guarded_;
  log::WantedPoolEvents logged_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace weir::detail
