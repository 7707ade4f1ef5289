#pragma once

// How long queries of one text ran lately: what is slow gets a connection of its own, so that nobody waits behind it.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

namespace weir::postgres {

class ShapeTimes {
 public:
  using Duration = std::chrono::steady_clock::duration;
  static constexpr Duration slow = std::chrono::milliseconds{10};
  static constexpr std::size_t most = 1000;

  void ran(const std::string& sql, Duration duration) {
    const std::lock_guard lock(mutex_);
    if (times_.size() >= most && times_.find(sql) == times_.end()) times_.clear();
    Times& times = times_[sql];
    times.last[times.count % times.last.size()] = duration;
    ++times.count;
  }
  // Its results are too large for others to wait behind.
  void is_large(const std::string& sql) {
    const std::lock_guard lock(mutex_);
    times_[sql].large = true;
  }
  // By the median of the last five runs; of a new text each slow run counts.
  bool is_slow(const std::string& sql) const {
    const std::lock_guard lock(mutex_);
    const auto found = times_.find(sql);
    if (found == times_.end()) return false;
    const Times& times = found->second;
    const std::size_t size = std::min(times.count, times.last.size());
    auto sorted = times.last;
    std::sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(size));
    return times.large || (size != 0 && sorted[size < sorted.size() ? size - 1 : size / 2] > slow);
  }

 private:
  struct Times {
    std::array<Duration, 5> last{};
    std::size_t count = 0;
    bool large = false;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Times> times_;
};

}  // namespace weir::postgres
