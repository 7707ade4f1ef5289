#pragma once

// Reads on the caller's own thread (option inline_reads): without a hop, as long as they are short.

#include "backends/sqlite/job.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace weir::sqlite {

struct Link;

// Statements that were not short when they were tried: they go to the threads for a while, once, three times, seven …
// 255 times in succession until they are short again. One slow moment of the machine condemns none. From any thread,
// without a lock; two statements may share a place.
class LongReads {
 public:
  // True when the statement should not be tried; counts down to the next try.
  bool expected(std::string_view sql) noexcept;
  void was_long(std::string_view sql) noexcept;
  void was_short(std::string_view sql) noexcept;

 private:
  struct Place {
    std::atomic<std::uint8_t> left{0};   // calls until the next try
    std::atomic<std::uint8_t> pause{0};  // what that was when it began
  };
  Place& place_of(std::string_view sql) noexcept {
    return places_[std::hash<std::string_view>{}(sql) % places_.size()];
  }
  std::array<Place, 64> places_;
};

// A point read: always short. False when a lock is not free at once (another process recovers the log), which is left
// to the threads.
bool read_point(const Link& link, const std::function<void(Connection&)>& read);

// Any other read. False, too, when it took longer than a loop may be held up, and at once when that is to be expected.
// What `read` had found by then is not to be used.
bool read_short(Link& link, std::string_view sql, Clock::time_point deadline,
                const std::function<void(Connection&)>& read);

}  // namespace weir::sqlite
