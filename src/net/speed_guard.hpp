#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace weir::net {

/// Whether a body comes fast enough: `limit` bytes a second, on an average over `time`. Pure: the clock is an argument.
///
/// Only the time that is spent waiting counts, so that a reader who takes its time is not taken for a slow server. A
/// stretch ends, well, as soon as it has brought the bytes of its whole time; what came in haste is no credit for
/// later.
class SpeedGuard {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;

  SpeedGuard() = default;
  /// A limit of 0 or a time of 0: no guard.
  SpeedGuard(std::uint64_t limit, milliseconds time) noexcept : left_(time), time_(time) {
    if (limit == 0 || time.count() <= 0) return;
    const auto whole = static_cast<long double>(limit) * static_cast<long double>(time.count()) / 1000;
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    wanted_ = whole >= static_cast<long double>(most) ? most : static_cast<std::uint64_t>(whole);
    if (wanted_ == 0) wanted_ = 1;
  }

  bool active() const noexcept { return wanted_ != 0; }
  /// Bytes are waited for from now on.
  /// @returns when the server is too slow, should nothing come until then
  TimePoint waits(TimePoint now) noexcept {
    since_ = now;
    return now + left_;
  }
  /// So many came.
  void came(std::uint64_t bytes, TimePoint now) noexcept {
    got_ += bytes;
    left_ -= now > since_ ? now - since_ : TimePoint::duration::zero();
    since_ = now;
    if (got_ < wanted_) return;
    got_ = 0;
    left_ = time_;
  }
  /// What was waited for did not come in time.
  bool too_slow(TimePoint now) const noexcept { return active() && now >= since_ + left_; }

 private:
  std::uint64_t wanted_ = 0;
  std::uint64_t got_ = 0;
  TimePoint since_{};
  TimePoint::duration left_{};
  milliseconds time_{};
};

}  // namespace weir::net
