#include "pool/core/counters.hpp"

#include <weir/error.hpp>
#include <weir/pool_stats.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace weir {
namespace {

using namespace std::chrono_literals;

TEST(DurationHistogram, PutsADurationIntoTheBucketWhoseEndItDoesNotPass) {
  EXPECT_EQ(DurationHistogram::bucket(0ns), 0U);
  EXPECT_EQ(DurationHistogram::bucket(1ms), 0U);
  EXPECT_EQ(DurationHistogram::bucket(1ms + 1ns), 1U);
  EXPECT_EQ(DurationHistogram::bucket(10s), 8U);
  EXPECT_EQ(DurationHistogram::bucket(11s), 9U);
}

TEST(DurationHistogram, MergesAndTellsMeanAndQuantile) {
  detail::HistogramCounter counter;
  for (int i = 0; i < 99; ++i) counter.record(1ms);
  counter.record(2s);
  auto histogram = counter.read();
  EXPECT_EQ(histogram.count(), 100U);
  EXPECT_EQ(histogram.mean(), std::chrono::nanoseconds(99ms + 2s) / 100);
  EXPECT_EQ(histogram.quantile(0.5), 1ms);
  EXPECT_EQ(histogram.quantile(1.0), 5s);
  histogram += histogram;
  EXPECT_EQ(histogram.count(), 200U);
  EXPECT_EQ(DurationHistogram{}.quantile(0.5), 0ns);
  EXPECT_EQ(DurationHistogram{}.mean(), 0ns);
}

TEST(PoolStats, TheSumOfTwoLoops) {
  PoolStats a, b;
  a.state = PoolState::closed;
  b.state = PoolState::ready;
  a.idle = 1, b.idle = 2;
  a.acquires = 10, b.acquires = 5;
  a.oldest_lease = 3s, b.oldest_lease = 1s;
  b.last_connect_error = "refused";
  a.closed[0] = 1, b.closed[0] = 1, b.closed[9] = 4;
  a += b;
  EXPECT_EQ(a.state, PoolState::ready);
  EXPECT_EQ(a.idle, 3U);
  EXPECT_EQ(a.acquires, 15U);
  EXPECT_EQ(a.oldest_lease, 3s);
  EXPECT_EQ(a.last_connect_error, "refused");
  EXPECT_EQ(a.closed_total(), 6U);
  EXPECT_EQ(a.closed_by(CloseReason::drain_timeout), 4U);
}

TEST(RecommendPoolSize, IsLittlesLawWithAMargin) {
  EXPECT_EQ(recommend_pool_size(1000, 10ms), 15U);
  EXPECT_EQ(recommend_pool_size(1000, 10ms, 1.0), 10U);
  EXPECT_EQ(recommend_pool_size(1, 1ms), 1U);
  EXPECT_EQ(recommend_pool_size(1e6, 1s), 100U);
  EXPECT_EQ(recommend_pool_size(0, 1s, 1.5, 3, 5), 3U);
  EXPECT_THROW(recommend_pool_size(-1, 1ms), Error);
  EXPECT_THROW(recommend_pool_size(1, -1ms), Error);
  EXPECT_THROW(recommend_pool_size(std::numeric_limits<double>::infinity(), 1ms), Error);
  EXPECT_THROW(recommend_pool_size(1, 1ms, 1.5, 5, 4), Error);
}

TEST(Recommendation, IsWhatWasNeededAtOnceInFiveMinutes) {
  detail::Recommendation r;
  detail::TimePoint now{std::chrono::hours{1}};
  r.used(now, 7);
  EXPECT_EQ(r.recommended(), 7U);
  for (std::uint64_t i = 1; i <= 100; ++i) r.waited(now, 12, i);
  EXPECT_EQ(r.recommended(), 12U);
  now += 6min;
  r.used(now, 2);
  EXPECT_EQ(r.recommended(), 2U) << "what is long ago no longer counts";
}

TEST(Recommendation, LeavesOutTheGreediestHundredthAndIsExactToAnEighth) {
  detail::Recommendation r;
  const detail::TimePoint now{std::chrono::hours{1}};
  for (std::uint64_t i = 1; i <= 1'000; ++i) r.waited(now, i <= 10 ? 50'000 : 200, i);
  EXPECT_EQ(r.recommended(), 207U) << "200 lies in the bucket 192..207";
  for (std::uint64_t needed = 1; needed < 60'000; needed += 1 + needed / 5) {
    detail::Recommendation one;
    for (std::uint64_t i = 1; i <= 100; ++i) one.waited(now, needed, i);
    EXPECT_GE(one.recommended(), needed);
    EXPECT_LE(one.recommended(), needed < 64 ? needed : needed + needed / 8) << needed;
  }
  detail::Recommendation endless;
  for (std::uint64_t i = 1; i <= 100; ++i) endless.waited(now, std::uint64_t{1} << 40, i);
  EXPECT_EQ(endless.recommended(), 65'535U);
}

}  // namespace
}  // namespace weir
