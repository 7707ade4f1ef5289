#include "unit/pool/simulation.hpp"

namespace weir::test {
namespace {

TEST(CoreAcquire, OpensOneConnectionForOneWaiterAndKeepsItWarm) {
  Simulation s(quiet());
  auto first = s.ask();
  ASSERT_EQ(s.connecting.size(), 1U);
  EXPECT_FALSE(first->answered());
  s.connect_succeeds();
  ASSERT_TRUE(first->grant);
  EXPECT_EQ(first->grant.slot->id, 1U);
  s.release(*first);
  auto second = s.ask();
  ASSERT_TRUE(second->grant);
  EXPECT_EQ(second->grant.slot->id, 1U);
  EXPECT_TRUE(s.connecting.empty());
}

TEST(CoreAcquire, TryAcquireTakesWhatIsIdleAndNothingElse) {
  Simulation s(quiet());
  EXPECT_FALSE(s.try_acquire());
  EXPECT_TRUE(s.connecting.empty()) << "the warm path opens nothing";
  auto asker = s.ask();
  s.connect_succeeds();
  s.release(*asker);
  const auto grant = s.try_acquire();
  EXPECT_TRUE(grant);
  EXPECT_FALSE(s.try_acquire());
}

TEST(CoreAcquire, ServesInTheOrderOfAskingAndNobodyOvertakes) {
  Simulation s(quiet(1));
  auto holder = s.ask();
  s.connect_succeeds();
  auto second = s.ask();
  auto third = s.ask();
  EXPECT_FALSE(s.try_acquire());
  s.release(*holder);
  EXPECT_TRUE(second->grant);
  EXPECT_FALSE(third->answered());
  EXPECT_FALSE(s.try_acquire()) << "handed on directly: nothing was idle in between";
  s.release(*second);
  EXPECT_TRUE(third->grant);
}

TEST(CoreAcquire, AReturnedConnectionServesAWaiterBeforeItsOwnConnectIsDone) {
  Simulation s(quiet(2));
  auto first = s.ask();
  s.connect_succeeds();
  auto second = s.ask();
  ASSERT_EQ(s.connecting.size(), 1U);
  s.release(*first);
  EXPECT_TRUE(second->grant);
  s.connect_succeeds();  // feeds nobody, and is kept
  EXPECT_EQ(s.stats().idle, 1U);
}

TEST(CoreAcquire, ReusesTheLastUsedOrTheLongestIdle) {
  for (const auto reuse : {Reuse::lifo, Reuse::fifo}) {
    Simulation s(quiet(2).reuse(reuse));
    auto a = s.ask(), b = s.ask();
    s.connect_succeeds();
    s.connect_succeeds();
    s.release(*a);
    s.release(*b);
    EXPECT_EQ(s.try_acquire().slot->id, reuse == Reuse::lifo ? 2U : 1U);
  }
}

TEST(CoreAcquire, CancellingLeavesTheQueueAtOnceAndTheConnectGoesOn) {
  Simulation s(quiet(1));
  auto first = s.ask();
  auto second = s.ask();
  s.cancel(*first);
  EXPECT_EQ(s.waiting(), 1U);
  ASSERT_EQ(s.connecting.size(), 1U);
  s.connect_succeeds();
  EXPECT_TRUE(second->grant);
  EXPECT_EQ(s.stats().cancelled, 1U);
}

TEST(CoreAcquire, CancellingTooLateChangesNothing) {
  Simulation s(quiet(1));
  auto first = s.ask();
  s.connect_succeeds();
  s.cancel(*first);  // the answer is on its way: the lease stays with whoever was given it
  EXPECT_EQ(s.held.size(), 1U);
  EXPECT_EQ(s.stats().cancelled, 0U);
}

TEST(CoreAcquire, AFullQueueRefusesAtOnceAndNamesItsLimit) {
  Simulation s(quiet(1).max_waiters(2));
  s.ask();
  s.ask();
  auto third = s.ask();
  ASSERT_TRUE(third->error);
  EXPECT_EQ(third->error->kind(), errc::pool_full);
  EXPECT_NE(third->error->message().find("max_waiters 2"), std::string_view::npos);
  EXPECT_EQ(s.stats().rejected, 1U);
}

TEST(CoreAcquire, ATimeOutTellsLimitUseWaitersWhoAndSinceWhen) {
  Simulation s(quiet(1));
  auto holder = s.ask(LeaseKind::exclusive, 5s, "copy people");
  s.connect_succeeds();
  s.advance(63s);
  auto waiting = s.ask(LeaseKind::exclusive, 250ms);
  s.advance(249ms);
  EXPECT_FALSE(waiting->answered());
  s.advance(1ms);
  ASSERT_TRUE(waiting->error);
  EXPECT_EQ(waiting->error->kind(), errc::pool_timeout);
  EXPECT_TRUE(waiting->error->transient());
  EXPECT_FALSE(waiting->error->maybe_applied());
  EXPECT_EQ(waiting->error->message(),
            "no connection within 250 ms: 1 in use of at most 1, 0 idle, 0 connecting, 1 waiting; the oldest lease is "
            "out for 63 s (copy people)");
  EXPECT_EQ(s.stats().timeouts, 1U);
}

TEST(CoreAcquire, ATimeOutWithoutConnectionsTellsTheLastConnectError) {
  Simulation s(quiet(1).reconnect_min(100ms).reconnect_max(100ms));
  auto waiting = s.ask(LeaseKind::exclusive, 1s);
  s.connect_fails();
  s.advance(1s);
  ASSERT_TRUE(waiting->error);
  const auto text = std::string(waiting->error->message());
  EXPECT_NE(text.find("1 attempt to connect failed since 1000 ms, the last with: connection refused"),
            std::string::npos)
      << text;
}

TEST(CoreAcquire, TheDeadlineOfTheOperationEndsTheWaitAsTimeoutAndATieIsThePools) {
  Simulation s(quiet(1));
  auto holder = s.ask();
  s.connect_succeeds();
  Simulation::Asker early, tie;
  for (auto* asker : {&early, &tie}) {
    asker->since = s.now;
    asker->limit = s.now + 200ms;
    asker->deadline = s.now + (asker == &early ? 100ms : 200ms);
    s.askers.push_back({std::shared_ptr<void>(), asker});
    s.apply([&](PoolCore& c) { EXPECT_EQ(c.acquire(s.now, *asker), PoolCore::Asked::queued); });
  }
  s.advance(300ms);
  EXPECT_EQ(early.error->kind(), errc::timeout);
  EXPECT_NE(early.error->message().find("phase acquire"), std::string_view::npos);
  EXPECT_EQ(tie.error->kind(), errc::pool_timeout);
  s.askers.clear();
}

TEST(CoreAcquire, SharedLeasesGoToTheLeastLoadedAndThePoolGrows) {
  Simulation s(quiet(2).pipeline_depth(4));
  auto first = s.ask(LeaseKind::shared);
  s.connect_succeeds();
  EXPECT_TRUE(s.connecting.empty());
  const auto second = s.try_acquire(LeaseKind::shared);
  ASSERT_TRUE(second);
  EXPECT_EQ(second.slot, first->grant.slot);
  ASSERT_EQ(s.connecting.size(), 1U) << "all that is open is busy";
  s.connect_succeeds();
  const auto third = s.try_acquire(LeaseKind::shared);
  EXPECT_NE(third.slot, first->grant.slot) << "an idle one first";
  const auto fourth = s.try_acquire(LeaseKind::shared);
  EXPECT_EQ(fourth.slot, third.slot) << "one lease against two";
  EXPECT_EQ(s.stats().shared_leases, 4U);
}

TEST(CoreAcquire, AFullPipelineMakesSharedOnesWait) {
  Simulation s(quiet(1).pipeline_depth(2));
  s.ask(LeaseKind::shared);
  s.connect_succeeds();
  s.try_acquire(LeaseKind::shared);
  EXPECT_FALSE(s.try_acquire(LeaseKind::shared));
  auto waiting = s.ask(LeaseKind::shared);
  s.release(s.held.front());
  EXPECT_TRUE(waiting->grant);
}

TEST(CoreAcquire, AnExclusiveWaiterBehindSharedTrafficDoesNotStarve) {
  Simulation s(quiet(2).pipeline_depth(4));
  s.ask(LeaseKind::shared);
  s.connect_succeeds();
  s.try_acquire(LeaseKind::shared);
  s.connect_succeeds();
  const auto other = s.try_acquire(LeaseKind::shared);
  // Loads two and one; the exclusive waiter gets the second connection kept free for it.
  auto exclusive = s.ask();
  const auto one_more = s.try_acquire(LeaseKind::shared);
  ASSERT_TRUE(one_more) << "shared requests go to the others meanwhile";
  EXPECT_NE(one_more.slot, other.slot);
  EXPECT_TRUE(other.slot->reserved);
  s.release(other);
  ASSERT_TRUE(exclusive->grant);
  EXPECT_EQ(exclusive->grant.slot, other.slot);
  EXPECT_FALSE(other.slot->shared);
}

TEST(CoreAcquire, WithOneConnectionSharedRequestsWaitBehindTheExclusiveOne) {
  Simulation s(quiet(1).pipeline_depth(4));
  auto first = s.ask(LeaseKind::shared);
  s.connect_succeeds();
  auto exclusive = s.ask();
  auto behind = s.ask(LeaseKind::shared);
  EXPECT_FALSE(behind->answered());
  s.release(*first);
  EXPECT_TRUE(exclusive->grant);
  EXPECT_FALSE(behind->answered());
  s.release(*exclusive);
  EXPECT_TRUE(behind->grant);
}

TEST(CoreAcquire, WhenTheExclusiveOneGivesUpItsConnectionIsSharedAgain) {
  Simulation s(quiet(1).pipeline_depth(4));
  s.ask(LeaseKind::shared);
  s.connect_succeeds();
  auto exclusive = s.ask();
  auto behind = s.ask(LeaseKind::shared);
  s.cancel(*exclusive);
  EXPECT_TRUE(behind->grant);
}

TEST(CoreAcquire, WhatTheFreeCheckRefusesNeverWasALease) {
  Simulation s(quiet(1));
  auto first = s.ask();
  s.connect_succeeds();
  s.release(*first);
  const auto before = s.stats();
  const auto grant = s.try_acquire();
  s.refuse(grant);
  const auto after = s.stats();
  EXPECT_EQ(after.acquires, before.acquires);
  EXPECT_EQ(after.use_time.count(), before.use_time.count());
  EXPECT_EQ(after.closed_by(CloseReason::validation), 1U);
  EXPECT_EQ(after.idle + after.used, 0U);
}

TEST(CoreAcquire, WhatTheFreeCheckRefusesToOneWhoWaitedNeverWasAWaitEither) {
  Simulation s(quiet(1));
  auto waiter = s.ask();
  s.advance(20ms);
  s.connect_succeeds();
  ASSERT_TRUE(waiter->grant);
  s.refuse(waiter->grant, waiter->waited);
  const auto stats = s.stats();
  EXPECT_EQ(stats.acquires, 0U);
  EXPECT_EQ(stats.acquires_immediate, 0U);
  EXPECT_EQ(stats.acquires_waited, 0U);
  EXPECT_EQ(stats.wait_time.count(), 0U);
  EXPECT_EQ(stats.wait_time.sum.count(), 0);
  EXPECT_EQ(stats.closed_by(CloseReason::validation), 1U);
}

TEST(CoreAcquire, ASlowOneIsReportedOnceWithTheSituation) {
  Simulation s(quiet(1).slow_acquire(2s));
  s.ask();
  s.connect_succeeds();
  s.ask(LeaseKind::exclusive, 10s);
  s.advance(9s);
  EXPECT_EQ(s.count(PoolEventKind::slow_acquire), 1U);
}

// While it grows, a pool has few in use and many who wait: later, many in use and nobody who waits. Added up, that
// would be more than there are callers.
TEST(CoreAcquire, NeverRecommendsMoreThanWereAskedForAtOnce) {
  Simulation s(quiet(50).max_connecting(4));
  std::vector<std::shared_ptr<Simulation::Asker>> askers;
  for (int i = 0; i < 12; ++i) askers.push_back(s.ask());
  while (!s.connecting.empty()) s.connect_succeeds();
  for (const auto& asker : askers) ASSERT_TRUE(asker->grant);
  EXPECT_EQ(s.stats().recommended_max, 12U);
  for (const auto& asker : askers) s.release(*asker);
}

// Those who wait for a pipeline want a share of a connection, not one each.
TEST(CoreAcquire, RecommendsConnectionsForThoseWhoShareThem) {
  Simulation s(quiet(1).pipeline_depth(8));
  std::vector<std::shared_ptr<Simulation::Asker>> askers;
  for (int i = 0; i < 24; ++i) askers.push_back(s.ask(LeaseKind::shared));
  s.connect_succeeds();
  EXPECT_EQ(s.stats().recommended_max, 3U);
}

}  // namespace
}  // namespace weir::test
