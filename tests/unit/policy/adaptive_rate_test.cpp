#include "policy/adaptive_rate.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace weir::policy {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{std::chrono::hours{1}};

/// Sends as fast as allowed, at most `wish` in a second, to a store that takes `capacity` in a second.
class Sending {
 public:
  explicit Sending(double wish) : wish_(wish) {}

  void run(double capacity, Duration time) {
    taken = throttled = 0;
    for (const auto end = now + time; now < end;) {
      now += rate.reserve(now);
      now += std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / wish_));
      while (!recent_.empty() && recent_.front() <= now - 1s) recent_.pop_front();
      const bool refused = static_cast<double>(recent_.size()) >= capacity;
      if (!refused) recent_.push_back(now);
      ++(refused ? throttled : taken);
      rate.answered(now, refused);
    }
  }

  TimePoint now = start;
  AdaptiveRate rate{start};
  int taken = 0, throttled = 0;

 private:
  const double wish_;
  std::deque<TimePoint> recent_;
};

TEST(AdaptiveRate, HoldsNothingBackBeforeTheFirstThrottling) {
  Sending s(1000);
  s.run(1e9, 10s);
  EXPECT_FALSE(s.rate.active());
  EXPECT_EQ(s.rate.reserve(s.now), Duration{0});
  EXPECT_GT(s.rate.rate(), 1e9);
}

TEST(AdaptiveRate, FallsToSevenTenthsAndComesBackAlongTheCurve) {
  Sending s(100);
  s.run(1e9, 10s);
  s.rate.answered(s.now, true);
  EXPECT_NEAR(s.rate.rate(), 70, 3);
  const double after = s.rate.rate();
  s.run(1e9, 2s);
  EXPECT_GT(s.rate.rate(), after);
  EXPECT_LT(s.rate.rate(), 100);
  s.run(1e9, 10s);  // the cube root of 100 · 0.3 / 0.4 is 4.2 seconds
  EXPECT_GT(s.rate.rate(), 100) << "and beyond";
}

TEST(AdaptiveRate, GivesPlacesInARow) {
  Sending s(100);
  s.run(1e9, 10s);
  s.rate.answered(s.now, true);
  Duration last{-1};
  for (int i = 0; i < 10; ++i) {
    const auto wait = s.rate.reserve(s.now);
    EXPECT_GT(wait, last);
    last = wait;
  }
  EXPECT_NEAR(std::chrono::duration<double>(last).count(), 10 / s.rate.rate(), 0.02);
  s.rate.give_back();
  EXPECT_EQ(s.rate.reserve(s.now), last) << "a place that was not used is the next one's";
}

TEST(AdaptiveRate, SettlesAtWhatTheStoreTakes) {
  Sending s(1000);
  s.run(100, 20s);
  s.run(100, 60s);
  EXPECT_GE(s.taken, 60 * 60);
  EXPECT_LE(s.throttled, s.taken / 10) << "unthrottled nine of ten would be refused";
  // The store recovers, and so does the rate.
  s.run(800, 60s);
  EXPECT_GE(s.taken, 30 * 400);
}

TEST(AdaptiveRate, NeverStopsAltogether) {
  Sending s(1000);
  s.run(0, 60s);
  EXPECT_EQ(s.taken, 0);
  EXPECT_GE(s.rate.rate(), 0.5);
  EXPECT_GE(s.throttled, 20);
}

}  // namespace
}  // namespace weir::policy
