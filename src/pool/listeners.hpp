#pragma once

#include <weir/pool_events.hpp>

#include <atomic>
#include <memory>
#include <vector>

namespace weir::detail {

/// The listeners that hear every pool of the process. Readers take a snapshot; nobody listening costs one load.
class Listeners {
 public:
  using List = std::vector<std::shared_ptr<PoolListener>>;

  /// Never destroyed: a pool on a thread that outlives `main` may still ask.
  static Listeners& instance() noexcept;

  bool any() const noexcept { return count_.load(std::memory_order_relaxed) != 0; }
  std::shared_ptr<const List> snapshot() const;
  void add(std::shared_ptr<PoolListener> listener);
  bool remove(const std::shared_ptr<PoolListener>& listener) noexcept;

 private:
  struct Guarded;
  Listeners();
  std::unique_ptr<Guarded> guarded_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace weir::detail
