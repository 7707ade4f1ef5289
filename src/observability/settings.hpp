#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weir::observability {

/// What is on, in one word, so that an operation asks once.
inline constexpr std::uint32_t metrics_on = 1;
inline constexpr std::uint32_t slow_log_on = 2;
inline std::atomic<std::uint32_t> active{0};
/// In nanoseconds.
inline std::atomic<std::int64_t> slow_threshold{0};

inline bool any() noexcept { return active.load(std::memory_order_relaxed) != 0; }
inline bool on(std::uint32_t what) noexcept { return (active.load(std::memory_order_relaxed) & what) != 0; }
inline void set(std::uint32_t what, bool value) noexcept {
  if (value)
    active.fetch_or(what, std::memory_order_relaxed);
  else
    active.fetch_and(~what, std::memory_order_relaxed);
}

}  // namespace weir::observability
