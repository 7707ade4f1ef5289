#pragma once

// Seeded randomness: the same seed gives the same run on every machine.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace weir::test {

/// The seed of this run: WEIR_SEED, else a random one. Printed once, so that a failure can be repeated.
inline std::uint64_t seed() {
  static const std::uint64_t value = [] {
    std::uint64_t chosen = 0;
    if (const char* given = std::getenv("WEIR_SEED")) {
      chosen = std::stoull(given);
    } else {
      std::random_device device;
      chosen = (std::uint64_t{device()} << 32) | device();
    }
    std::printf("WEIR_SEED=%llu\n", static_cast<unsigned long long>(chosen));
    std::fflush(stdout);
    return chosen;
  }();
  return value;
}

class Random {
 public:
  explicit Random(std::uint64_t from) : engine_(from) {}
  std::uint64_t bits() { return engine_(); }
  /// 0 … n−1.
  std::size_t below(std::size_t n) {
    if (n == 0) throw std::logic_error("below(0)");
    return static_cast<std::size_t>(engine_() % n);
  }
  /// low … high.
  int between(int low, int high) { return low + static_cast<int>(below(static_cast<std::size_t>(high - low + 1))); }
  /// True in `percent` of 100 cases.
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace weir::test
