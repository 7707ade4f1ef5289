#pragma once

#include "pool/driver.hpp"
#include "pool/loop.hpp"
#include "pool/process.hpp"

#include <weir/registry.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <typeindex>
#include <utility>
#include <vector>

namespace weir::detail {

class Latch;

/// What the registry of one loop keeps.
class LoopRecord {
 public:
  static LoopRecord& of(PoolRegistry& registry) noexcept;
  static const LoopRecord& of(const PoolRegistry& registry) noexcept;

  explicit LoopRecord(const boost::asio::any_io_executor& executor);
  LoopRecord(const LoopRecord&) = delete;
  LoopRecord& operator=(const LoopRecord&) = delete;
  ~LoopRecord();

  struct Entry {
    std::shared_ptr<PoolDriver> driver;
    std::shared_ptr<void> pool;  ///< the Pool<C>
  };
  using Key = std::pair<PoolKey, std::type_index>;

  const Loop& loop() const noexcept { return loop_; }
  std::uint64_t number() const noexcept { return number_; }
  bool single() const noexcept { return single_.load(std::memory_order_relaxed); }
  void set_single() noexcept { single_.store(true, std::memory_order_relaxed); }
  /// Under the mutex.
  bool ended() const noexcept { return ended_; }
  bool usable() const noexcept { return fork_generation_ == Process::fork_generation(); }

  /// Under the mutex. A pool that is being closed is no longer in it.
  std::map<Key, Entry>& pools() noexcept { return pools_; }
  const std::map<Key, Entry>& pools() const noexcept { return pools_; }
  std::mutex& mutex() const noexcept { return mutex_; }

  /// Every driver that may still touch the loop, those that are closing included.
  void add(std::shared_ptr<PoolDriver> driver);
  /// It leaves the table, so that the next `get` makes another.
  void evict(const PoolDriver& driver);
  /// The same under the mutex; what is to be let go after it.
  std::shared_ptr<void> take_out(const PoolDriver& driver);
  /// It is closed: nothing of it touches the loop any longer.
  void forget(const PoolDriver& driver);
  std::vector<std::shared_ptr<PoolDriver>> drivers() const;

  void* local(std::size_t number) const noexcept;
  void* set_local(std::size_t number, std::shared_ptr<void> value);

  void add_latch(const std::shared_ptr<Latch>& latch);

  void shutdown() noexcept;
  void destroyed() noexcept;
  void forked_child() noexcept;

 private:
  struct Locals;

  Loop loop_;
  const std::uint64_t fork_generation_;
  std::uint64_t number_ = 0;
  std::atomic<bool> single_;
  mutable std::mutex mutex_;
  std::map<Key, Entry> pools_;
  std::vector<std::shared_ptr<PoolDriver>> drivers_;
  std::vector<std::weak_ptr<Latch>> latches_;
  std::vector<std::unique_ptr<Locals>> tables_;  ///< the last is in use; readers may hold an older one
  std::atomic<Locals*> locals_{nullptr};
  bool ended_ = false;
};

}  // namespace weir::detail
