#include "pool/process.hpp"

#include <pthread.h>

namespace weir::detail {

constinit std::atomic<std::uint64_t> Process::fork_generation_{0};
constinit std::atomic<std::uint64_t> Process::epoch_{1};

Process& Process::instance() noexcept {
  static auto* const process = new Process;
  return *process;
}

// The mutex is taken over the fork, so that the child does not inherit it from a thread that it does not have.
Process::Process() { ::pthread_atfork(&before_fork, &after_fork_in_parent, &after_fork_in_child); }

void Process::before_fork() noexcept { instance().mutex_.lock(); }
void Process::after_fork_in_parent() noexcept { instance().mutex_.unlock(); }
void Process::after_fork_in_child() noexcept {
  fork_generation_.fetch_add(1, std::memory_order_relaxed);
  next_epoch();
  instance().mutex_.unlock();
}

}  // namespace weir::detail
