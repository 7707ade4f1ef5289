#pragma once

#include <weir/awaitable.hpp>

#include <functional>
#include <memory>

namespace weir::detail {

/// One thread of its own for work that would block a loop, such as fsync. Jobs run one after the other.
///
/// Destroying it waits for the job that is running; jobs that have not begun are dropped. The loop of a waiting
/// coroutine may be destroyed meanwhile: the thread holds nothing that belongs to the loop.
class HelperThread {
 public:
  HelperThread();
  HelperThread(const HelperThread&) = delete;
  HelperThread& operator=(const HelperThread&) = delete;
  ~HelperThread();

  /// Runs `job` there; what it throws is thrown here. Not cancellable: it ends when the job has ended. The job must own
  /// what it uses.
  awaitable<void> run(std::function<void()> job);

 private:
  struct Queue;
  std::shared_ptr<Queue> queue_;
};

}  // namespace weir::detail
