#include "backends/postgresql/shape_times.hpp"

#include <gtest/gtest.h>

namespace weir::postgres {
namespace {

using std::chrono::milliseconds;

TEST(ShapeTimes, a_new_text_shares_until_it_was_slow_once) {
  ShapeTimes times;
  EXPECT_FALSE(times.is_slow("q"));
  times.ran("q", milliseconds{1});
  EXPECT_FALSE(times.is_slow("q"));
  times.ran("q", milliseconds{50});
  EXPECT_TRUE(times.is_slow("q"));
  EXPECT_FALSE(times.is_slow("other"));
}

TEST(ShapeTimes, then_the_median_of_the_last_five_counts) {
  ShapeTimes times;
  times.ran("q", milliseconds{50});
  for (int i = 0; i < 4; ++i) times.ran("q", milliseconds{1});
  EXPECT_FALSE(times.is_slow("q"));
  for (int i = 0; i < 3; ++i) times.ran("q", milliseconds{50});
  EXPECT_TRUE(times.is_slow("q"));
}

TEST(ShapeTimes, large_results_do_not_share) {
  ShapeTimes times;
  times.ran("q", milliseconds{1});
  times.is_large("q");
  EXPECT_TRUE(times.is_slow("q"));
}

TEST(ShapeTimes, what_is_remembered_is_bounded) {
  ShapeTimes times;
  times.ran("slow", milliseconds{50});
  for (std::size_t i = 0; i < ShapeTimes::most; ++i) times.ran(std::to_string(i), milliseconds{1});
  EXPECT_FALSE(times.is_slow("slow"));
}

}  // namespace
}  // namespace weir::postgres
