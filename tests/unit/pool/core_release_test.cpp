#include "unit/pool/simulation.hpp"

namespace weir::test {
namespace {

struct Returned {
  const char* name;
  PoolOptions options;
  ReturnAs as;
  CloseReason reason;
  void (*before)(Simulation&);
};

class CoreReturn : public testing::TestWithParam<Returned> {};

TEST_P(CoreReturn, ClosesWhatMayNotBeUsedAgain) {
  const auto& c = GetParam();
  Simulation s(c.options);
  auto asker = s.ask();
  s.connect_succeeds();
  c.before(s);
  s.release(*asker, c.as);
  EXPECT_EQ(s.stats().closed_by(c.reason), 1U);
  EXPECT_EQ(s.stats().idle, 0U);
}

void nothing(Simulation&) {}

INSTANTIATE_TEST_SUITE_P(
    Reasons, CoreReturn,
    testing::Values(Returned{"broken", quiet(), ReturnAs::close, CloseReason::error, nothing},
                    Returned{"uses", quiet().max_uses(1), ReturnAs::ready, CloseReason::uses, nothing},
                    Returned{"stale", quiet(), ReturnAs::ready, CloseReason::stale,
                             [](Simulation& s) { s.apply([&](PoolCore& core) { core.clear(s.now, std::nullopt); }); }},
                    // At the limit there is no room to open another first.
                    Returned{"lifetime", quiet(1).max_lifetime(1min), ReturnAs::ready, CloseReason::lifetime,
                             [](Simulation& s) { s.advance(61s); }},
                    Returned{"no_idle", quiet().max_idle(0), ReturnAs::ready, CloseReason::surplus, nothing},
                    Returned{"draining", quiet(), ReturnAs::ready, CloseReason::pool_closed,
                             [](Simulation& s) { s.apply([&](PoolCore& core) { core.close(s.now, s.now + 1min); }); }},
                    Returned{"yielded", quiet(), ReturnAs::ready, CloseReason::surplus,
                             [](Simulation& s) { s.apply([&](PoolCore& core) { core.yield_permit(s.now, 0); }); }}),
    [](const auto& parameters) { return std::string(parameters.param.name); });

TEST(CoreRelease, AChangedSessionIsResetBeforeTheNextOneHasIt) {
  Simulation s(quiet(1));
  auto first = s.ask();
  s.connect_succeeds();
  auto second = s.ask();
  s.release(*first, ReturnAs::reset);
  EXPECT_FALSE(second->answered());
  ASSERT_EQ(s.resetting.size(), 1U);
  s.reset_answers(true);
  EXPECT_TRUE(second->grant);
  EXPECT_EQ(s.stats().resets, 1U);
}

TEST(CoreRelease, AFailedResetClosesAndTheWaiterGetsAnother) {
  Simulation s(quiet(1));
  auto first = s.ask();
  s.connect_succeeds();
  auto second = s.ask();
  s.release(*first, ReturnAs::reset);
  s.reset_answers(false);
  EXPECT_EQ(s.stats().closed_by(CloseReason::reset), 1U);
  ASSERT_EQ(s.connecting.size(), 1U);
  s.connect_succeeds();
  EXPECT_TRUE(second->grant);
}

TEST(CoreRelease, ABrokenSharedConnectionFailsOnlyItsOwnLease) {
  Simulation s(quiet(1).pipeline_depth(3));
  auto first = s.ask(LeaseKind::shared);
  s.connect_succeeds();
  const auto second = s.try_acquire(LeaseKind::shared);
  s.release(*first, ReturnAs::close);
  EXPECT_EQ(s.stats().closed_total(), 0U) << "the other lease is still using it";
  EXPECT_FALSE(s.try_acquire(LeaseKind::shared)) << "but it takes no more";
  s.release(second);
  EXPECT_EQ(s.stats().closed_by(CloseReason::error), 1U);
}

TEST(CoreRelease, ASlotIsCountedUntilItsCloseHasFinished) {
  Simulation s(quiet(1));
  s.slow_closes = true;
  auto first = s.ask();
  s.connect_succeeds();
  auto second = s.ask();
  s.release(*first, ReturnAs::close);
  EXPECT_TRUE(s.connecting.empty()) << "the old one is still open";
  s.close_finishes();
  EXPECT_EQ(s.connecting.size(), 1U);
}

TEST(CoreRelease, MakesTheNewOneBeforeItBreaksTheOld) {
  Simulation s(quiet(2).max_lifetime(1min));
  auto first = s.ask();
  s.connect_succeeds();
  s.advance(61s);
  s.release(*first);
  EXPECT_EQ(s.stats().idle, 1U) << "it would be missed";
  ASSERT_EQ(s.connecting.size(), 1U);
  s.connect_succeeds();
  EXPECT_EQ(s.stats().closed_by(CloseReason::lifetime), 1U);
  EXPECT_EQ(s.try_acquire().slot->id, 2U);
}

TEST(CoreRelease, WhenTheNewOneFailsTheOldOneGoesOn) {
  Simulation s(quiet(2).max_lifetime(1min));
  auto first = s.ask();
  s.connect_succeeds();
  s.advance(61s);
  s.release(*first);
  s.connect_fails();
  EXPECT_EQ(s.stats().idle, 1U);
  EXPECT_EQ(s.stats().closed_total(), 0U);
  EXPECT_TRUE(s.try_acquire());
}

TEST(CoreRelease, AtMostATenthIsRetiredInASecond) {
  Simulation s(quiet(40).max_lifetime(1min).max_connecting(40));
  std::vector<std::shared_ptr<Simulation::Asker>> all;
  for (int i = 0; i < 40; ++i) all.push_back(s.ask());
  for (int i = 0; i < 40; ++i) s.connect_succeeds();
  for (auto& asker : all) s.release(*asker);
  std::uint64_t before = 0;
  for (int second = 0; second < 120; ++second) {
    s.advance(1s);
    while (!s.connecting.empty()) s.connect_succeeds();
    const auto closed = s.stats().closed_by(CloseReason::lifetime);
    EXPECT_LE(closed - before, 8U);  // a window of one second may straddle two of the pool's
    before = closed;
  }
  EXPECT_GE(before, 39U);
}

// What the driver does with a clock that stands still for a tick.
void lease_of(PoolCore& core, TimePoint begin, TimePoint end) {
  const auto grant = core.try_acquire_warm(begin, std::source_location::current());
  ASSERT_TRUE(grant);
  const auto weight = core.weight_of_time(grant);
  ASSERT_TRUE(core.release_warm(weight == 0 ? core.latest() : end, grant, weight));
}

TEST(CoreRelease, EveryShortLeaseIsCountedAndTheClockIsReadForFewOfThem) {
  Simulation s(quiet(1));
  s.listening = false;
  auto asker = s.ask();
  s.connect_succeeds();
  s.release(*asker);
  const auto before = s.stats().use_time.count();
  int read = 0;
  for (int i = 0; i < 1600; ++i) {
    const auto grant = s.core.try_acquire_warm(s.now, std::source_location::current());
    const auto weight = s.core.weight_of_time(grant);
    if (weight != 0) ++read;
    ASSERT_TRUE(s.core.release_warm(s.now, grant, weight));
  }
  EXPECT_EQ(s.stats().use_time.count(), before + 1600);
  EXPECT_EQ(s.stats().use_time.sum, 0ns);
  EXPECT_LE(read, 16 + 1600 / 16);
  EXPECT_GE(read, 16 + 1500 / 16);
}

TEST(CoreRelease, SampledUseTimesAddUpToWhatWasUsed) {
  Simulation s(quiet(1));
  s.listening = false;
  auto asker = s.ask();
  s.connect_succeeds();
  s.release(*asker);
  // Leases of 0.1 ms on a clock that ticks every 4 ms: one in forty sees a tick go by.
  constexpr auto tick = 4ms;
  const auto ticked = [&](Duration true_time) { return TimePoint{true_time / Duration{tick} * Duration{tick}} + 1h; };
  Duration time{};
  constexpr int leases = 200'000;
  for (int i = 0; i < leases; ++i) {
    const auto begin = ticked(time);
    time += 100us;
    lease_of(s.core, begin, ticked(time));
    time += 7us;
  }
  const auto stats = s.stats();
  EXPECT_EQ(stats.use_time.count(), std::uint64_t{leases} + 1);
  const auto sum = std::chrono::duration<double>(stats.use_time.sum).count();
  EXPECT_NEAR(sum, leases * 100e-6, 0.25 * leases * 100e-6);
}

TEST(CoreRelease, ALeaseKnownToBeLongIsTimedByItself) {
  Simulation s(quiet(2));
  s.listening = false;
  auto a = s.ask(), b = s.ask();
  s.connect_succeeds();
  s.connect_succeeds();
  s.release(*a);
  s.release(*b);
  for (int i = 0; i < 100; ++i) lease_of(s.core, s.now, s.now);
  const auto held = s.core.try_acquire_warm(s.now, std::source_location::current());
  s.now += 2s;
  lease_of(s.core, s.now, s.now);  // by this the pool learns that time has gone by
  const auto before = s.stats().use_time.sum;
  EXPECT_EQ(s.core.weight_of_time(held), 1U);
  ASSERT_TRUE(s.core.release_warm(s.now, held, 1));
  EXPECT_EQ(s.stats().use_time.sum - before, 2s);
}

}  // namespace
}  // namespace weir::test
