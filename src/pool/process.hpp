#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace weir::detail {

class LoopRecord;

/// What the loops of one process share. Never destroyed: a static may outlive `main`.
class Process {
 public:
  static Process& instance() noexcept;

  /// Held while anything is posted to a loop from elsewhere, and while a loop leaves. Never across a completion.
  std::mutex& mutex() noexcept { return mutex_; }
  /// Bumped in the child of a fork: what was there before belongs to the parent.
  static std::uint64_t fork_generation() noexcept { return fork_generation_.load(std::memory_order_relaxed); }
  /// Bumped whenever a loop ends or the process forks: a remembered address may be another loop's.
  static std::uint64_t epoch() noexcept { return epoch_.load(std::memory_order_acquire); }
  static void next_epoch() noexcept { epoch_.fetch_add(1, std::memory_order_acq_rel); }

  /// Under the mutex.
  std::vector<LoopRecord*>& loops() noexcept { return loops_; }
  std::uint64_t next_loop_number() noexcept { return ++last_loop_number_; }

 private:
  Process();
  static void before_fork() noexcept;
  static void after_fork_in_parent() noexcept;
  static void after_fork_in_child() noexcept;

  static std::atomic<std::uint64_t> fork_generation_;
  static std::atomic<std::uint64_t> epoch_;
  std::mutex mutex_;
  std::vector<LoopRecord*> loops_;
  std::uint64_t last_loop_number_ = 0;
};

}  // namespace weir::detail
