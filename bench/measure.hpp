#pragma once

// Every benchmark program prints one JSON line per case: {"peer", "case", "ops_s", "client_cpu_us_op", …}.
// bench/compare.py runs programs side by side and compares the lines.

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace bench {

/// Wall and CPU time of this process since it was made.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  double cpu_seconds() const { return cpu_now() - cpu_; }

 private:
  static double cpu_now() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
  }
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double cpu_ = cpu_now();
};

inline void report(const char* peer, const std::string& name, double operations, const Stopwatch& watch,
                   const std::string& more = {}) {
  std::printf("{\"peer\":\"%s\",\"case\":\"%s\",\"ops_s\":%.0f,\"client_cpu_us_op\":%.4f,\"ns_op\":%.1f%s}\n", peer,
              name.c_str(), operations / watch.seconds(), watch.cpu_seconds() / operations * 1e6,
              watch.seconds() / operations * 1e9, more.c_str());
  std::fflush(stdout);
}

/// The most memory that this process has had resident.
inline long most_memory_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;  // Linux counts in KiB
}

/// Set by BENCH_OPERATIONS: so many and no more, however long they take. Two runs with different numbers under
/// `valgrind --tool=callgrind`, subtracted, give the instructions of one operation, which no neighbour changes.
inline std::uint64_t most_operations() {
  const char* const given = std::getenv("BENCH_OPERATIONS");
  return given == nullptr ? ~std::uint64_t{0} : std::strtoull(given, nullptr, 10);
}
/// How long a run may take that is ended by its operations.
inline double seconds_for(double asked) { return most_operations() == ~std::uint64_t{0} ? asked : 3600; }

/// The generator that all peers use for their random keys.
class KeyPicker {
 public:
  explicit KeyPicker(unsigned seed = 12345) : state_(seed) {}
  unsigned operator()(unsigned count) {
    state_ = state_ * 1664525U + 1013904223U;
    return (state_ >> 8U) % count;
  }

 private:
  unsigned state_;
};

}  // namespace bench
