#pragma once

#include <random>

namespace weir::policy {

/// Uniform in [0, 1), of a generator of this thread. For jitter, not for secrets.
inline double random_share() {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace weir::policy
