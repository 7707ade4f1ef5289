#include "unit/pool/simulation.hpp"

namespace weir::test {
namespace {

std::shared_ptr<Simulation::Asker> open_one(Simulation& s) {
  auto asker = s.ask();
  while (!s.connecting.empty()) s.connect_succeeds();
  return asker;
}

TEST(CoreHousekeeping, NothingIsDueInAnEmptyPool) {
  Simulation s(PoolOptions{});
  EXPECT_EQ(s.core.due(), detail::never);
}

TEST(CoreHousekeeping, ClosesWhatIsIdleTooLongButKeepsMinSize) {
  Simulation s(quiet(3).min_size(1).idle_timeout(10s));
  auto a = s.ask(), b = s.ask();
  while (!s.connecting.empty()) s.connect_succeeds();
  s.release(*a);
  s.advance(5s);
  s.release(*b);
  s.advance(4900ms);
  EXPECT_EQ(s.stats().idle, 2U);
  s.advance(200ms);
  EXPECT_EQ(s.stats().idle, 1U);
  EXPECT_EQ(s.stats().closed_by(CloseReason::idle), 1U);
  s.advance(1h);
  EXPECT_EQ(s.stats().idle, 1U);
}

TEST(CoreHousekeeping, PingsIdleOnesWithoutMakingThemYounger) {
  Simulation s(quiet(1).keepalive_interval(30s).idle_timeout(100s));
  auto asker = open_one(s);
  s.release(*asker);
  int pings = 0;
  for (int i = 0; i < 1000; ++i) {
    s.advance(100ms);
    while (!s.pinging.empty()) {
      s.ping_answers(true);
      ++pings;
    }
  }
  EXPECT_GE(pings, 2);
  EXPECT_LE(pings, 4);
  s.advance(200ms);
  EXPECT_EQ(s.stats().closed_by(CloseReason::idle), 1U) << "a ping is no use";
}

TEST(CoreHousekeeping, LooksNotMoreOftenThanAskedFor) {
  for (const auto interval : {0s, 10s}) {
    Simulation s(quiet(1).keepalive_interval(1s).housekeeping(interval));
    auto asker = open_one(s);
    s.release(*asker);
    int pings = 0;
    for (int i = 0; i < 1000; ++i) {
      s.advance(100ms);
      for (; !s.pinging.empty(); ++pings) s.ping_answers(true);
    }
    EXPECT_GE(pings, interval == 0s ? 80 : 8);
    EXPECT_LE(pings, interval == 0s ? 120 : 10);
  }
}

TEST(CoreHousekeeping, APingThatFailsClosesThatOneAlone) {
  Simulation s(quiet(2).keepalive_interval(30s));
  auto a = s.ask(), b = s.ask();
  while (!s.connecting.empty()) s.connect_succeeds();
  s.release(*a);
  s.release(*b);
  while (s.pinging.empty()) s.advance(1s);
  EXPECT_EQ(s.pinging.size(), 1U) << "not all at once";
  s.ping_answers(false);
  EXPECT_EQ(s.stats().closed_by(CloseReason::validation), 1U);
  EXPECT_EQ(s.stats().idle, 1U);
}

TEST(CoreHousekeeping, LifetimesAreShortenedByUpToATenth) {
  Duration shortest = 1h, longest = 0s;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Simulation s(quiet().max_lifetime(1000s), {"db:1"}, seed);
    auto asker = open_one(s);
    const auto life = asker->grant.slot->expires - s.now;
    shortest = std::min<Duration>(shortest, life);
    longest = std::max<Duration>(longest, life);
  }
  EXPECT_GE(shortest, 900s);
  EXPECT_LT(shortest, 910s);
  EXPECT_LE(longest, 1000s);
  EXPECT_GT(longest, 990s);
}

TEST(CoreHousekeeping, ALeaseHeldLongIsReportedOnceAndAgainWhenItComesBack) {
  Simulation s(quiet().lease_warning(60s));
  auto asker = s.ask(LeaseKind::exclusive, 5s, "report of the year");
  s.connect_succeeds();
  s.advance(59s);
  EXPECT_EQ(s.count(PoolEventKind::lease_warning), 0U);
  s.advance(10min);
  ASSERT_EQ(s.count(PoolEventKind::lease_warning), 1U);
  EXPECT_EQ(s.core.oldest_lease(s.now), 659s);
  s.release(*asker);
  EXPECT_EQ(s.count(PoolEventKind::lease_warning), 2U);
  for (const auto& event : s.events) {
    if (event.kind == PoolEventKind::lease_warning) {
      EXPECT_EQ(event.operation, "report of the year");
    }
  }
  EXPECT_EQ(s.core.oldest_lease(s.now), 0s);
}

TEST(CoreHousekeeping, AnErrorOfAnOlderGenerationClearsNothing) {
  Simulation s(quiet(3).max_connecting(3));
  auto a = s.ask(), b = s.ask();
  while (!s.connecting.empty()) s.connect_succeeds();
  s.apply([&](PoolCore& core) { core.report_error(s.now, *a->grant.slot, refused()); });
  EXPECT_EQ(s.stats().generation, 1U);
  s.apply([&](PoolCore& core) { core.report_error(s.now, *b->grant.slot, refused()); });
  EXPECT_EQ(s.stats().generation, 1U);
  s.release(*a);
  s.release(*b);
  EXPECT_EQ(s.stats().closed_by(CloseReason::stale), 2U);
}

TEST(CoreHousekeeping, AClearWithPauseFailsThoseWhoWaitUntilItIsReady) {
  Simulation s(quiet(1));
  auto waiting = s.ask();
  s.apply([&](PoolCore& core) { core.clear(s.now, Error(errc::connection_lost, "not primary"), true); });
  ASSERT_TRUE(waiting->error);
  EXPECT_EQ(waiting->error->kind(), errc::unavailable);
  EXPECT_TRUE(waiting->error->transient());
  EXPECT_NE(waiting->error->message().find("not primary"), std::string_view::npos);
  EXPECT_EQ(s.ask()->error->kind(), errc::unavailable);
  EXPECT_FALSE(s.try_acquire());
  s.apply([&](PoolCore& core) { core.ready(s.now); });
  EXPECT_FALSE(s.ask()->error);
}

TEST(CoreHousekeeping, StartsPausedWhenTold) {
  Simulation s(quiet().start_paused(true));
  EXPECT_EQ(s.ask()->error->kind(), errc::unavailable);
}

TEST(CoreHousekeeping, ShrinkingClosesIdleNowAndInUseOnReturn) {
  Simulation s(quiet(4).max_connecting(4));
  std::vector<std::shared_ptr<Simulation::Asker>> all;
  for (int i = 0; i < 4; ++i) all.push_back(s.ask());
  while (!s.connecting.empty()) s.connect_succeeds();
  s.release(*all[0]);
  s.apply([&](PoolCore& core) { core.resize(s.now, 0, 2); });
  EXPECT_EQ(s.stats().idle, 0U);
  EXPECT_EQ(s.stats().used, 3U);
  s.release(*all[1]);
  EXPECT_EQ(s.stats().closed_by(CloseReason::surplus), 2U);
  s.release(*all[2]);
  EXPECT_EQ(s.stats().idle, 1U);
}

TEST(CoreHousekeeping, GrowingServesThoseWhoWait) {
  Simulation s(quiet(1));
  s.ask();
  s.connect_succeeds();
  auto waiting = s.ask();
  s.apply([&](PoolCore& core) { core.resize(s.now, 0, 2); });
  ASSERT_EQ(s.connecting.size(), 1U);
  s.connect_succeeds();
  EXPECT_TRUE(waiting->grant);
}

TEST(CoreHousekeeping, ATimeThatLagsIsNoNegativeDuration) {
  Simulation s(quiet());
  auto asker = open_one(s);
  s.now -= 4ms;
  s.release(*asker);
  EXPECT_EQ(s.stats().use_time.sum, 0ns);
  EXPECT_EQ(s.stats().use_time.count(), 1U);
}

}  // namespace
}  // namespace weir::test
