#pragma once

#include <array>
#include <chrono>
#include <cstdio>
#include <string>

namespace weir {

/// "1.50 s", "12.3 ms", "800 us": for people.
inline std::string duration_text(std::chrono::nanoseconds duration) {
  const auto nanoseconds = static_cast<double>(duration.count());
  std::array<char, 32> text{};
  if (nanoseconds >= 1e9)
    std::snprintf(text.data(), text.size(), "%.2f s", nanoseconds / 1e9);
  else if (nanoseconds >= 1e6)
    std::snprintf(text.data(), text.size(), "%.1f ms", nanoseconds / 1e6);
  else
    std::snprintf(text.data(), text.size(), "%.0f us", nanoseconds / 1e3);
  return text.data();
}

}  // namespace weir
