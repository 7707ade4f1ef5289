#include "unit/pool/simulation.hpp"

namespace weir::test {
namespace {

TEST(CoreClose, AnEmptyPoolIsClosedAtOnce) {
  Simulation s(quiet());
  s.apply([&](PoolCore& core) { core.close(s.now, s.now + 30s); });
  EXPECT_EQ(s.core.state(), PoolState::closed);
  EXPECT_EQ(s.drained, 1);
  EXPECT_EQ(s.ask()->error->kind(), errc::pool_closed);
}

TEST(CoreClose, WaitsForLeasesAndTakesNoNewOnes) {
  Simulation s(quiet());
  auto holder = s.ask();
  s.connect_succeeds();
  s.apply([&](PoolCore& core) { core.close(s.now, s.now + 30s); });
  EXPECT_EQ(s.core.state(), PoolState::draining);
  EXPECT_EQ(s.ask()->error->kind(), errc::pool_closed);
  s.release(*holder);
  EXPECT_EQ(s.core.state(), PoolState::closed);
  EXPECT_EQ(s.drained, 1);
}

TEST(CoreClose, FailsThoseWhoWait) {
  Simulation s(quiet(1));
  s.ask();
  s.connect_succeeds();
  auto waiting = s.ask();
  s.apply([&](PoolCore& core) { core.close(s.now, s.now + 30s); });
  ASSERT_TRUE(waiting->error);
  EXPECT_EQ(waiting->error->kind(), errc::pool_closed);
  EXPECT_FALSE(waiting->error->transient());
}

TEST(CoreClose, GivesUpOnLeasesWhenTheTimeIsOverAndClosesThemWhenTheyComeHome) {
  Simulation s(quiet());
  auto holder = s.ask();
  s.connect_succeeds();
  s.apply([&](PoolCore& core) { core.close(s.now, s.now + 30s); });
  s.advance(30s);
  EXPECT_EQ(s.core.state(), PoolState::closed);
  EXPECT_EQ(s.stats().closed_by(CloseReason::drain_timeout), 1U);
  s.slow_closes = true;
  s.release(*holder);
  ASSERT_EQ(s.closing.size(), 1U);
  s.close_finishes();
}

// A close is told with the time at which it was begun, by another thread.
TEST(CoreClose, ACloseToldLateEndsADrainWhoseTimeIsOver) {
  Simulation s(quiet().heartbeat_interval(10s), {"a:1", "b:1"});
  auto holder = s.ask();
  s.connect_succeeds();
  s.slow_closes = true;
  s.release(*holder);
  s.advance(1s);  // the endpoints are watched: a connect is under way that nobody answers
  const auto monitors = s.connecting.size();
  ASSERT_GT(monitors, 0U);
  const auto end = s.now + 30s;
  s.apply([&](PoolCore& core) { core.close(s.now, end); });
  ASSERT_EQ(s.closing.size(), 1U);
  s.advance(30s);
  EXPECT_EQ(s.core.state(), PoolState::draining) << "one is being closed";
  s.now = end - 1ms;
  s.close_finishes();
  EXPECT_EQ(s.core.state(), PoolState::closed);
  EXPECT_EQ(s.drained, 1);
}

TEST(CoreClose, AskedAgainTheEarlierEndCounts) {
  Simulation s(quiet());
  s.ask();
  s.connect_succeeds();
  s.apply([&](PoolCore& core) { core.close(s.now, s.now + 30s); });
  s.apply([&](PoolCore& core) { core.close(s.now, s.now + 1s); });
  s.advance(1s);
  EXPECT_EQ(s.core.state(), PoolState::closed);
  EXPECT_EQ(s.drained, 1);
}

TEST(CoreClose, AConnectUnderWayIsGivenUp) {
  Simulation s(quiet());
  auto waiting = s.ask();
  bool aborted = false;
  s.core.close(s.now, s.now + 30s);
  for (const auto& action : s.core.actions()) aborted = aborted || action.kind == ActionKind::abort;
  EXPECT_TRUE(aborted);
  s.apply([](PoolCore&) {});
  s.connect_fails();
  EXPECT_EQ(s.core.state(), PoolState::closed);
}

TEST(CoreClose, TheEndOfTheLoopForgetsEverythingAndHandsOutTheWaiters) {
  Simulation s(quiet(1));
  s.ask();
  s.connect_succeeds();
  auto a = s.ask(), b = s.ask();
  auto waiters = s.core.abandon();
  EXPECT_EQ(waiters.pop_front(), a.get());
  EXPECT_EQ(waiters.pop_front(), b.get());
  EXPECT_EQ(waiters.pop_front(), nullptr);
  EXPECT_EQ(s.core.state(), PoolState::closed);
  EXPECT_EQ(s.core.due(), detail::never);
  EXPECT_TRUE(s.core.actions().empty());
  EXPECT_EQ(s.stats().used, 0U);
}

}  // namespace
}  // namespace weir::test
