#include "policy/retry_budget.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

namespace {

using weir::policy::RetryBudget;

TEST(RetryBudget, holds_thirty_five_retries_in_a_burst) {
  RetryBudget budget(500);
  int taken = 0;
  while (budget.take(RetryBudget::retry_cost)) ++taken;
  EXPECT_EQ(taken, 35);
}

TEST(RetryBudget, fourteen_successes_earn_one_retry) {
  RetryBudget budget(500);
  while (budget.take(1)) {
  }
  for (int i = 0; i < 13; ++i) budget.refund(RetryBudget::first_try_refund);
  EXPECT_FALSE(budget.take(RetryBudget::retry_cost));
  budget.refund(RetryBudget::first_try_refund);
  EXPECT_TRUE(budget.take(RetryBudget::retry_cost));
  EXPECT_FALSE(budget.take(RetryBudget::throttled_cost));
}

TEST(RetryBudget, is_never_more_than_full) {
  RetryBudget budget(20);
  budget.refund(1000);
  EXPECT_EQ(budget.tokens(), 20);
  ASSERT_TRUE(budget.take(14));
  budget.refund(15);
  EXPECT_EQ(budget.tokens(), 20);
}

TEST(RetryBudget, nought_means_no_limit) {
  RetryBudget budget(0);
  for (int i = 0; i < 10000; ++i) ASSERT_TRUE(budget.take(RetryBudget::retry_cost));
  budget.refund(14);
  EXPECT_EQ(budget.tokens(), 0);
}

TEST(RetryBudget, threads_never_take_more_than_there_is) {
  constexpr int threads = 8;
  RetryBudget budget(1400);
  std::atomic<int> taken{0};
  std::latch together(threads);
  std::vector<std::jthread> workers;
  for (int i = 0; i < threads; ++i)
    workers.emplace_back([&] {
      together.arrive_and_wait();
      for (int n = 0; n < 1000; ++n)
        if (budget.take(14)) ++taken;
    });
  workers.clear();
  EXPECT_EQ(taken.load(), 100);
  EXPECT_EQ(budget.tokens(), 0);
}

}  // namespace
