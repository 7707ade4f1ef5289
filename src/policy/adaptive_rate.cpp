#include "policy/adaptive_rate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace weir::policy {
namespace {

constexpr double beta = 0.7;
constexpr double scale = 0.4;
constexpr double smoothing = 0.8;
constexpr double bucket_seconds = 0.5;
constexpr double slowest = 0.5;

double seconds(Duration duration) noexcept { return std::chrono::duration<double>(duration).count(); }

}  // namespace

double AdaptiveRate::rate() const noexcept {
  const std::lock_guard lock(mutex_);
  return active() ? rate_ : std::numeric_limits<double>::infinity();
}

Duration AdaptiveRate::reserve(TimePoint now) noexcept {
  if (!active()) return Duration{0};
  const std::lock_guard lock(mutex_);
  refill(now);
  places_ -= 1;
  if (places_ >= 0) return Duration{0};
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(-places_ / rate_));
}

void AdaptiveRate::give_back() noexcept {
  const std::lock_guard lock(mutex_);
  if (active()) places_ += 1;
}

void AdaptiveRate::answered(TimePoint now, bool throttled) noexcept {
  const std::lock_guard lock(mutex_);
  measure(now);
  if (throttled) {
    const double current = active() ? std::min(measured_, rate_) : measured_;
    largest_ = current;
    inflection_ = std::cbrt(current * (1 - beta) / scale);
    last_throttle_ = now;
    if (!active()) {
      refilled_ = now;
      active_.store(true, std::memory_order_relaxed);
    }
    allow(now, current * beta);
  } else if (active()) {
    const double since = seconds(now - last_throttle_) - inflection_;
    allow(now, scale * since * since * since + largest_);
  }
}

void AdaptiveRate::measure(TimePoint now) noexcept {
  ++bucket_count_;
  const double passed = seconds(now - bucket_begin_);
  if (passed < bucket_seconds) {
    if (measured_ == 0) measured_ = bucket_count_ / bucket_seconds;  // the first half second knows no better
    return;
  }
  measured_ = bucket_count_ / passed * smoothing + measured_ * (1 - smoothing);
  bucket_count_ = 0;
  bucket_begin_ = now;
}

void AdaptiveRate::refill(TimePoint now) noexcept {
  const double passed = std::max(0.0, seconds(now - refilled_));
  places_ = std::min(std::max(rate_, 1.0), places_ + passed * rate_);
  refilled_ = now;
}

void AdaptiveRate::allow(TimePoint now, double rate) noexcept {
  refill(now);
  rate_ = std::max(slowest, std::min(rate, 2 * measured_));
  places_ = std::min(places_, std::max(rate_, 1.0));
}

}  // namespace weir::policy
