#pragma once

// What a test may cost in this build.

#include <cstddef>
#include <cstdlib>
#include <string_view>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEIR_UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEIR_UNDER_SANITIZER 1
#endif
#endif
#ifndef WEIR_UNDER_SANITIZER
#define WEIR_UNDER_SANITIZER 0
#endif

namespace weir::test {

inline constexpr bool under_sanitizer = WEIR_UNDER_SANITIZER != 0;

/// WEIR_FULL=1: everything, as `scripts/test --full` asks for.
inline bool full_run() {
  const char* value = std::getenv("WEIR_FULL");
  return value != nullptr && std::string_view(value) == "1";
}

/// A number of repetitions: a tenth of it under a sanitizer, unless everything was asked for.
inline std::size_t repetitions(std::size_t full) {
  if (!under_sanitizer || full_run()) return full;
  return full < 10 ? 1 : full / 10;
}
inline int rounds(int full) { return static_cast<int>(repetitions(static_cast<std::size_t>(full))); }

}  // namespace weir::test
