// Waiting while another process holds a lock of the file.

#include "backends/sqlite/engine.hpp"

#include <algorithm>

namespace weir::sqlite {
namespace {

// How long to wait before the lock is tried again: short at first, since most holders are quick.
std::chrono::milliseconds pause_after(std::chrono::nanoseconds waited) {
  const auto quarter = std::chrono::duration_cast<std::chrono::milliseconds>(waited) / 4;
  return std::clamp(quarter, std::chrono::milliseconds(1), std::chrono::milliseconds(20));
}

}  // namespace

bool Engine::writer_may_wait(std::chrono::nanoseconds waited) {
  Lock lock(mutex_);
  const auto may = [this] {
    if (stopping_) return false;
    if (beginning_) return !write_queue_.empty();
    return std::none_of(running_.begin(), running_.end(), [this](const JobPointer& job) {
      return job->running_on == writer_connection_.get() && job->stop != Stop::none;
    });
  };
  if (waited >= settings_.busy_timeout || !may()) return false;
  locked_out_ = beginning_;
  busy_wake_.wait_for(lock, pause_after(waited));
  return may();
}

// WAL readers are locked out only while another process recovers the log or closes the file.
bool Engine::reader_may_wait(std::chrono::nanoseconds waited) {
  Lock lock(mutex_);
  if (stopping_ || waited >= settings_.busy_timeout) return false;
  busy_wake_.wait_for(lock, pause_after(waited));
  return !stopping_;
}

}  // namespace weir::sqlite
