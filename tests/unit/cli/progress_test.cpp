#include "cli/progress.hpp"

#include "cli/formats/utf8.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::chrono::steady_clock::time_point start{};

Standing standing(std::uint64_t records, std::uint64_t bytes, std::optional<double> share) {
  Standing result;
  result.records = records;
  result.bytes = bytes;
  result.share = share;
  return result;
}

TEST(Progress, TellsRateAndTimeLeft) {
  Pace pace(start);
  for (int second = 1; second <= 10; ++second)
    pace.update(start + std::chrono::seconds(second),
                standing(static_cast<std::uint64_t>(second) * 1000, static_cast<std::uint64_t>(second) * 2'000'000,
                         second / 40.0));
  EXPECT_NEAR(pace.records_per_second(), 1000, 1);
  EXPECT_NEAR(pace.bytes_per_second(), 2e6, 1e3);
  EXPECT_EQ(pace.left(), 30s);
  EXPECT_EQ(progress_line(pace), "10,000 records, 25%, 1,000/s, 2.0 MB/s, 0:30 left");
}

TEST(Progress, TheRateFollowsAChangeWithinSeconds) {
  Pace pace(start);
  std::uint64_t records = 0;
  for (int i = 1; i <= 100; ++i) pace.update(start + i * 100ms, standing(records += 100, 0, {}));
  for (int i = 101; i <= 200; ++i) pace.update(start + i * 100ms, standing(records += 10, 0, {}));
  EXPECT_GT(pace.records_per_second(), 99);
  EXPECT_LT(pace.records_per_second(), 150);
}

TEST(Progress, ASecondPassThatCountsAnewHasARateOfItsOwn) {
  Pace pace(start);
  pace.update(start + 1s, standing(50'000, 1'000'000, {}));
  pace.update(start + 2s, standing(1'000, 2'000, {}));
  EXPECT_LE(pace.records_per_second(), 50'000);
  EXPECT_GE(pace.records_per_second(), 0);
  EXPECT_LE(pace.bytes_per_second(), 1e6);
}

TEST(Progress, WhatIsNotKnownIsNotShown) {
  Pace pace(start);
  pace.update(start + 1s, standing(5, 0, {}));
  EXPECT_EQ(progress_line(pace), "5 records, 5/s");
  EXPECT_FALSE(pace.left().has_value());
  pace.update(start + 1s, standing(6, 0, 0.0));  // no time passed
  EXPECT_EQ(pace.standing().records, 6U);
}

TEST(Progress, TheBarNeverExceedsTheTerminal) {
  Pace pace(start);
  pace.update(start + 1s, standing(610'000, 12'300'000, 0.61));
  for (std::size_t width = 1; width <= 120; ++width)
    EXPECT_LE(display_width(progress_bar(pace, width)), width) << width;
  EXPECT_EQ(progress_bar(pace, 100),
            "["
            "██████████████████░░░░░░░░░░░░"
            "] 61%  610,000 records  610,000/s  12.3 MB/s  0:01 left");
}

TEST(Progress, Texts) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1000), "1.0 kB");
  EXPECT_EQ(bytes_text(999'960), "1.0 MB");
  EXPECT_EQ(clock_text(7s), "0:07");
  EXPECT_EQ(clock_text(3723s), "1:02:03");
  EXPECT_EQ(elapsed_text(850us), "0.8 ms");
  EXPECT_EQ(elapsed_text(850ms), "850 ms");
  EXPECT_EQ(elapsed_text(12345ms), "12.3 s");
  EXPECT_EQ(elapsed_text(125s), "2:05 min");
}

}  // namespace
}  // namespace weir::cli
