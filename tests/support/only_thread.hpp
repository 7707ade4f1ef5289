#pragma once

// Before a fork: a thread that is just ending may hold a lock of a library (SQLite's allocator has one) which nobody
// would ever release in the child.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <thread>

#if defined(__SANITIZE_THREAD__)
#define WEIR_UNDER_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEIR_UNDER_THREAD_SANITIZER 1
#endif
#endif
#ifndef WEIR_UNDER_THREAD_SANITIZER
#define WEIR_UNDER_THREAD_SANITIZER 0
#endif

namespace weir::test {

inline std::size_t threads_of_this_process() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(threads), end(threads)));
}

/// ThreadSanitizer has a thread of its own, from when the first other one is started.
inline constexpr std::size_t threads_that_stay = WEIR_UNDER_THREAD_SANITIZER != 0 ? 2 : 1;

/// Waits until the threads that the library had started have ended; their databases are closed already.
inline void wait_until_only_thread() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (threads_of_this_process() > threads_that_stay) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << threads_of_this_process() - threads_that_stay << " threads did not end";
      return;
    }
    std::this_thread::yield();
  }
}

}  // namespace weir::test
