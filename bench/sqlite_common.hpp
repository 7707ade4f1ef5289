#pragma once

// What the SQLite benchmarks share: the data and keys of the peers in peers/sqlite, and one JSON line for each case.

#include "tasks.hpp"

#include <weir/weir.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {

inline constexpr int record_count = 100'000;

class Measurement {
 public:
  Measurement() : wall_(std::chrono::steady_clock::now()), cpu_(cpu()) {}
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_).count(); }
  void report(const char* name, double operations, const char* peer = "weir") const {
    const double elapsed = seconds();
    const double used = cpu() - cpu_;
    std::printf("{\"peer\":\"%s\",\"case\":\"%s\",\"ops_s\":%.0f,\"client_cpu_us_op\":%.3f}\n", peer, name,
                operations / elapsed, used / operations * 1e6);
    std::fflush(stdout);
  }

 private:
  static double cpu() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  std::chrono::steady_clock::time_point wall_;
  double cpu_;
};

// The generator of the C peer.
class Keys {
 public:
  explicit Keys(std::uint32_t seed = 12345) : state_(seed) {}
  int next() {
    state_ = state_ * 1664525U + 1013904223U;
    return static_cast<int>(state_ >> 8U) % record_count;
  }

 private:
  std::uint32_t state_;
};

inline std::string key(int i) {
  char text[40];
  std::snprintf(text, sizeof text, "%032x", static_cast<unsigned>(i));
  return text;
}

inline weir::Record record(int i) {
  weir::Record out;
  out.id = key(i);
  out.fields = {{"name", "name-" + std::to_string(i)}, {"value", i}, {"score", i * 0.5}, {"active", i % 2 == 0}};
  out.fields["tags"] = {"a", "b", "c"};
  return out;
}

inline std::vector<weir::Record> records() {
  std::vector<weir::Record> out;
  out.reserve(record_count);
  for (int i = 0; i < record_count; ++i) out.push_back(record(i));
  return out;
}

inline void remove_files(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
}

// Of the file, with the case's options and those of the environment (BENCH_OPTIONS="cache_size=64MiB&…").
inline std::string url(const std::string& file, std::string options = {}) {
  if (const char* more = std::getenv("BENCH_OPTIONS")) options += (options.empty() ? "" : "&") + std::string(more);
  return "sqlite:" + file + (options.empty() ? "" : "?" + options);
}

// In a process of its own: what it does to this one's memory would be measured with what comes after.
template <class Body>
void apart(Body body) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    std::fflush(stdout);
    ::_exit(0);
  }
  int status = -1;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) std::exit(1);
}

}  // namespace bench
