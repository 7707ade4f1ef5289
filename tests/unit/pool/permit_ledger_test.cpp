#include "pool/core/permit_ledger.hpp"

#include <gtest/gtest.h>

#include <map>
#include <queue>
#include <random>

namespace weir::detail {
namespace {

using namespace std::chrono_literals;

const TimePoint start{std::chrono::hours{1}};
std::size_t none_idle(PermitLedger::Id) { return 0; }

TEST(PermitLedger, NeverGivesMoreThanThereAre) {
  PermitLedger ledger(3);
  for (PermitLedger::Id id = 1; id <= 5; ++id) EXPECT_EQ(ledger.take(id, start, false, none_idle).taken, id <= 3) << id;
  EXPECT_EQ(ledger.used(), 3U);
}

TEST(PermitLedger, TheStarvedGetThemInTheOrderOfAsking) {
  PermitLedger ledger(1);
  EXPECT_TRUE(ledger.take(1, start, true, none_idle).taken);
  EXPECT_FALSE(ledger.take(2, start, true, none_idle).taken);
  EXPECT_FALSE(ledger.take(3, start, true, none_idle).taken);
  EXPECT_EQ(ledger.give_back(1, start).offer, 2U);
  EXPECT_FALSE(ledger.take(3, start, true, none_idle).taken) << "it was put aside for 2";
  EXPECT_FALSE(ledger.take(1, start, true, none_idle).taken);
  EXPECT_TRUE(ledger.take(2, start, true, none_idle).taken);
}

TEST(PermitLedger, AnOfferNobodyComesForGoesToTheNext) {
  PermitLedger ledger(1);
  EXPECT_TRUE(ledger.take(1, start, true, none_idle).taken);
  EXPECT_FALSE(ledger.take(2, start, true, none_idle).taken);
  EXPECT_FALSE(ledger.take(3, start, true, none_idle).taken);
  EXPECT_EQ(ledger.give_back(1, start).offer, 2U);
  EXPECT_TRUE(ledger.take(3, start + 2s, true, none_idle).taken) << "the loop of 2 is not being run";
}

TEST(PermitLedger, WhatALoopThatLeavesGivesBackIsOfferedToTheNext) {
  PermitLedger ledger(2);
  EXPECT_TRUE(ledger.take(1, start, true, none_idle).taken);
  EXPECT_TRUE(ledger.take(1, start, true, none_idle).taken);
  EXPECT_FALSE(ledger.take(2, start, true, none_idle).taken);
  EXPECT_FALSE(ledger.take(3, start, true, none_idle).taken);
  EXPECT_EQ(ledger.give_back(1, start).offer, 2U);
  EXPECT_EQ(ledger.leave(2, start).offer, 3U) << "it is told";
}

TEST(PermitLedger, AsksWhoHasIdleOnesFirstThenWhoHasMost) {
  PermitLedger ledger(6);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ledger.take(1, start, true, none_idle).taken);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(ledger.take(2, start, true, none_idle).taken);
  const auto idle = [](PermitLedger::Id id) { return std::size_t{id == 2 ? 1U : 0U}; };
  EXPECT_EQ(ledger.take(3, start, true, idle).yield, 2U);
  EXPECT_EQ(ledger.take(4, start, true, idle).yield, 1U);
  EXPECT_EQ(ledger.take(3, start, true, idle).yield, std::nullopt) << "one connection for each request";
}

TEST(PermitLedger, AFairShareIsNotTakenAway) {
  PermitLedger ledger(4);
  for (PermitLedger::Id id = 1; id <= 4; ++id) EXPECT_TRUE(ledger.take(id, start, true, none_idle).taken);
  EXPECT_EQ(ledger.take(5, start, true, none_idle).yield, std::nullopt);
}

TEST(PermitLedger, WhoeverIsServedOtherwiseWithdrawsItsRequest) {
  PermitLedger ledger(3);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(ledger.take(1, start, true, none_idle).taken);
  EXPECT_TRUE(ledger.take(2, start, true, none_idle).taken);
  EXPECT_EQ(ledger.take(3, start, true, none_idle).yield, 1U);
  EXPECT_EQ(ledger.no_longer_wanted(3, start).withdraw, 1U);
  EXPECT_EQ(ledger.starving(), 0U);
}

TEST(PermitLedger, WhatLeavesTakesNothingWithIt) {
  PermitLedger ledger(2);
  EXPECT_TRUE(ledger.take(1, start, true, none_idle).taken);
  EXPECT_TRUE(ledger.take(1, start, true, none_idle).taken);
  EXPECT_FALSE(ledger.take(2, start, true, none_idle).taken);
  EXPECT_EQ(ledger.leave(1, start).offer, 2U);
  EXPECT_EQ(ledger.used(), 0U);
  EXPECT_TRUE(ledger.take(2, start, true, none_idle).taken);
}

// One loop with one request against seven that are always busy: it has its permit within two mean lease times.
TEST(PermitLedger, OneLoopAgainstSevenSaturatedOnes) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 random(seed);
    std::exponential_distribution<double> lease(1.0);  // mean: one second
    PermitLedger ledger(21);
    using Ends = std::pair<double, PermitLedger::Id>;
    std::priority_queue<Ends, std::vector<Ends>, std::greater<>> running;
    std::map<PermitLedger::Id, int> to_yield;
    const auto at = [](double t) {
      return start + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(t));
    };
    for (PermitLedger::Id id = 1; id <= 7; ++id)
      for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(ledger.take(id, start, true, none_idle).taken);
        running.push({lease(random), id});
      }
    auto outcome = ledger.take(8, start, true, none_idle);
    double served = -1;
    bool offered = false;
    for (double now = 0; served < 0 && now < 100;) {
      if (outcome.yield) ++to_yield[*outcome.yield];
      if (outcome.offer == PermitLedger::Id{8}) offered = true;
      outcome = {};
      if (offered) {
        ASSERT_TRUE(ledger.take(8, at(now), true, none_idle).taken);
        served = now;
        break;
      }
      const auto [end, id] = running.top();
      running.pop();
      now = end;
      if (to_yield[id] > 0) {  // closes it, and wants another at once
        --to_yield[id];
        outcome = ledger.give_back(id, at(now));
        EXPECT_FALSE(ledger.take(id, at(now), true, none_idle).taken);
      } else {
        running.push({now + lease(random), id});
      }
    }
    EXPECT_GE(served, 0.0) << "seed " << seed;
    EXPECT_LE(served, 2.0) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir::detail
