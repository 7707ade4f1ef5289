#pragma once

// Before a fork: a thread that is just ending may hold a lock of a library (SQLite's allocator has one) which nobody
// would ever release in the child.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <thread>

namespace weir::test {

inline std::size_t threads_of_this_process() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(threads), end(threads)));
}

/// One; a sanitizer may have one of its own.
inline const std::size_t threads_at_the_start = threads_of_this_process();

/// Waits until the threads that the library had started have ended; their databases are closed already.
inline void wait_until_only_thread() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (threads_of_this_process() > threads_at_the_start) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << threads_of_this_process() - threads_at_the_start << " threads did not end";
      return;
    }
    std::this_thread::yield();
  }
}

}  // namespace weir::test
