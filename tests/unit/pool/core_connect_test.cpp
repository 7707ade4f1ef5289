#include "unit/pool/simulation.hpp"

namespace weir::test {
namespace {

TEST(CoreConnect, OpensAtMostMaxConnectingAtOnceAndNoMoreThanNeeded) {
  Simulation s(quiet(10).max_connecting(2));
  for (int i = 0; i < 5; ++i) s.ask();
  EXPECT_EQ(s.connecting.size(), 2U);
  s.connect_succeeds();
  EXPECT_EQ(s.connecting.size(), 2U);
  s.connect_succeeds();
  s.connect_succeeds();
  s.connect_succeeds();
  s.connect_succeeds();
  EXPECT_TRUE(s.connecting.empty());
  EXPECT_EQ(s.stats().connects, 5U);
}

TEST(CoreConnect, BacksOffWithOneProbeAtATimeThenRampsUp) {
  Simulation s(quiet(10).max_connecting(3).reconnect_min(100ms).reconnect_max(400ms));
  for (int i = 0; i < 8; ++i) s.ask(LeaseKind::exclusive, 1min);
  ASSERT_EQ(s.connecting.size(), 3U);
  s.connect_fails();
  s.connect_fails();
  s.connect_fails();
  EXPECT_EQ(s.core.endpoints()[0].failures, 1U) << "one round of failures is one";
  EXPECT_TRUE(s.connecting.empty());
  s.advance(100ms);
  EXPECT_EQ(s.connecting.size(), 1U);
  s.connect_fails();
  s.advance(200ms);
  EXPECT_EQ(s.connecting.size(), 1U);
  s.connect_fails();
  s.advance(400ms);
  ASSERT_EQ(s.connecting.size(), 1U);
  s.connect_succeeds();
  EXPECT_EQ(s.connecting.size(), 1U);
  s.connect_succeeds();
  EXPECT_EQ(s.connecting.size(), 2U);
  s.connect_succeeds();
  EXPECT_EQ(s.connecting.size(), 3U);
}

TEST(CoreConnect, TheDelayIsDrawnFromTheWholeRange) {
  // Full jitter: over many pools the delays of the first failure fill [0, reconnect_min].
  double least = 1, most = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Simulation s(quiet().reconnect_min(1000ms).reconnect_max(1000ms), {"db:1"}, seed);
    s.ask();
    s.connect_fails();
    const auto delay = s.core.endpoints()[0].backoff_until - s.now;
    EXPECT_GE(delay, 0s);
    EXPECT_LE(delay, 1s);
    least = std::min(least, std::chrono::duration<double>(delay).count());
    most = std::max(most, std::chrono::duration<double>(delay).count());
  }
  EXPECT_LT(least, 0.05);
  EXPECT_GT(most, 0.95);
}

TEST(CoreConnect, AFailureThatDoesNotPassFailsEverybodyAtOnce) {
  Simulation s(quiet());
  auto first = s.ask(), second = s.ask(), third = s.ask();
  s.connect_fails(wrong_password());
  for (const auto& asker : {first, second, third}) {
    ASSERT_TRUE(asker->error);
    EXPECT_EQ(asker->error->kind(), errc::authentication_failed);
  }
  EXPECT_EQ(s.stats().failed, 3U);
  auto later = s.ask();
  EXPECT_EQ(s.connecting.size(), 1U) << "the other connect of the first round; no tight loop";
}

TEST(CoreConnect, AFailureThatMayPassKeepsThemWaitingUnlessAskedToFailFast) {
  for (const bool fail_fast : {false, true}) {
    Simulation s(quiet(1).fail_fast(fail_fast));
    auto asker = s.ask();
    s.connect_fails();
    EXPECT_FALSE(asker->answered());
    s.advance(50ms);
    s.connect_fails();
    EXPECT_EQ(asker->answered(), fail_fast);
  }
}

TEST(CoreConnect, TooManyConnectionsBacksOffAndLetsTheLiveOnesServe) {
  Simulation s(quiet(5));
  auto first = s.ask();
  s.connect_succeeds();
  auto second = s.ask();
  s.connect_fails(Error(errc::unavailable, "too many connections"));
  EXPECT_EQ(s.stats().generation, 0U) << "not cleared";
  s.release(*first);
  EXPECT_TRUE(second->grant);
}

TEST(CoreConnect, KeepsMinSizeOpenOnceItWasUsed) {
  Simulation s(quiet(5).min_size(3).max_connecting(1));
  s.advance(1min);
  EXPECT_TRUE(s.connecting.empty()) << "not before the first use";
  auto asker = s.ask();
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(s.connecting.size(), 1U);
    s.connect_succeeds();
  }
  EXPECT_TRUE(s.connecting.empty());
  s.release(*asker, ReturnAs::close);
  EXPECT_EQ(s.connecting.size(), 1U) << "what was closed is opened again";
}

TEST(CoreConnect, KeepsSpareOnesAboveThoseInUse) {
  Simulation s(quiet(5).min_idle(2).max_connecting(5));
  auto asker = s.ask();
  while (!s.connecting.empty()) s.connect_succeeds();
  EXPECT_EQ(s.stats().idle, 2U);
  EXPECT_TRUE(s.try_acquire());
  EXPECT_EQ(s.connecting.size(), 1U);
}

TEST(CoreConnect, AConnectBegunBeforeAClearIsNotHandedOut) {
  Simulation s(quiet(1));
  auto asker = s.ask();
  s.apply([&](PoolCore& core) { core.clear(s.now, std::nullopt); });
  s.connect_succeeds();
  EXPECT_FALSE(asker->answered());
  ASSERT_EQ(s.connecting.size(), 1U);
  s.connect_succeeds();
  EXPECT_TRUE(asker->grant);
}

TEST(CoreConnect, IdleForLongIsPingedFirstAndTheDeadCostOnePing) {
  Simulation s(quiet(3).validate_after(30s));
  auto a = s.ask(), b = s.ask(), c = s.ask();
  while (!s.connecting.empty()) s.connect_succeeds();
  for (auto& asker : {a, b, c}) s.release(*asker);
  s.advance(31s);
  EXPECT_FALSE(s.try_acquire());
  auto asker = s.ask();
  ASSERT_EQ(s.pinging.size(), 1U);
  s.ping_answers(false);
  EXPECT_EQ(s.stats().closed_by(CloseReason::validation), 3U) << "its neighbours died with it";
  ASSERT_EQ(s.connecting.size(), 1U);
  s.connect_succeeds();
  EXPECT_TRUE(asker->grant);
}

TEST(CoreConnect, APingThatIsAnsweredServesTheWaiter) {
  Simulation s(quiet(1).validate_after(30s));
  auto first = s.ask();
  s.connect_succeeds();
  s.release(*first);
  s.advance(31s);
  auto second = s.ask();
  ASSERT_EQ(s.pinging.size(), 1U);
  s.ping_answers(true);
  EXPECT_TRUE(second->grant);
  EXPECT_EQ(s.stats().pings, 1U);
}

TEST(CoreEndpoints, SpreadOverAllAndOneBadOneIsLeftAlone) {
  Simulation s(quiet(2).max_connecting(2).eject_base(1s), {"a", "b", "c"});
  std::vector<std::shared_ptr<Simulation::Asker>> all;
  for (int i = 0; i < 3; ++i) all.push_back(s.ask());
  ASSERT_EQ(s.connecting.size(), 3U);
  std::set<std::uint32_t> used;
  for (const auto* const slot : s.connecting) used.insert(slot->endpoint);
  EXPECT_EQ(used.size(), 3U);
  const auto bad = s.connecting[0]->endpoint;
  s.connect_fails();
  EXPECT_EQ(s.core.health(bad, s.now), detail::HealthState::ejected);
  EXPECT_EQ(s.count(PoolEventKind::endpoint_ejected), 1U);
  ASSERT_EQ(s.connecting.size(), 3U) << "another takes over at once";
  for (const auto* const slot : s.connecting) EXPECT_NE(slot->endpoint, bad);
  while (!s.connecting.empty()) s.connect_succeeds();
  for (const auto& asker : all) EXPECT_TRUE(asker->grant);
}

TEST(CoreEndpoints, FiveFailedRequestsInARowEjectAndOneSuccessRestores) {
  Simulation s(quiet(2), {"a", "b"});
  const auto report = [&](bool success) { s.apply([&](PoolCore& core) { core.request_result(s.now, 0, success); }); };
  for (int i = 0; i < 4; ++i) report(false);
  report(true);
  for (int i = 0; i < 4; ++i) report(false);
  EXPECT_EQ(s.core.health(0, s.now), detail::HealthState::up);
  report(false);
  EXPECT_EQ(s.core.health(0, s.now), detail::HealthState::ejected);
  s.advance(2s);
  EXPECT_EQ(s.core.health(0, s.now), detail::HealthState::up);
  report(false);
  EXPECT_EQ(s.core.health(0, s.now), detail::HealthState::ejected) << "the probe failed";
  s.advance(1min);
  report(true);
  EXPECT_EQ(s.count(PoolEventKind::endpoint_restored), 1U);
}

TEST(CoreEndpoints, NeverAllOfThem) {
  Simulation s(quiet(2).reconnect_min(0ms).reconnect_max(0ms), {"a", "b"});
  auto asker = s.ask(LeaseKind::exclusive, 1min);
  for (int i = 0; i < 6; ++i) {
    ASSERT_FALSE(s.connecting.empty()) << "round " << i;
    s.connect_fails();
    s.advance(1ms);
  }
  ASSERT_FALSE(s.connecting.empty());
  s.connect_succeeds();
  EXPECT_TRUE(asker->grant);
}

}  // namespace
}  // namespace weir::test
