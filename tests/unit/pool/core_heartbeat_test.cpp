#include "unit/pool/simulation.hpp"

#include <algorithm>

namespace weir::test {
namespace {

PoolOptions watched(unsigned max = 2) { return quiet(max).heartbeat_interval(10s).min_heartbeat(500ms).eject_base(1s); }

const std::vector<std::string> two{"db:1", "db:2"};

std::size_t monitors(const std::vector<Slot*>& slots) {
  return static_cast<std::size_t>(std::count_if(slots.begin(), slots.end(), [](const Slot* s) { return s->monitor; }));
}

std::size_t monitor_of(const std::vector<Slot*>& slots, std::uint32_t endpoint) {
  const auto found =
      std::find_if(slots.begin(), slots.end(), [=](const Slot* s) { return s->monitor && s->endpoint == endpoint; });
  EXPECT_NE(found, slots.end());
  return static_cast<std::size_t>(found - slots.begin());
}

void connect_everything(Simulation& s) {
  while (!s.connecting.empty()) s.connect_succeeds();
}

TEST(CoreHeartbeat, OneEndpointHasNoneAndZeroTurnsItOff) {
  Simulation one(watched());
  one.ask();
  EXPECT_EQ(one.connecting.size(), 1U);
  Simulation off(watched().heartbeat_interval(0ms), two);
  off.ask();
  EXPECT_EQ(off.connecting.size(), 1U);
}

TEST(CoreHeartbeat, BeginsWithTheFirstUseOnConnectionsOfItsOwn) {
  Simulation s(watched(1), two);
  EXPECT_EQ(s.core.due(), detail::never) << "nothing before the first use";
  const auto asker = s.ask();
  EXPECT_EQ(monitors(s.connecting), 2U);
  EXPECT_EQ(s.stats().pending, 1U) << "they do not count";
  connect_everything(s);
  EXPECT_TRUE(asker->grant);
  EXPECT_EQ(s.stats().connects, 1U);
  EXPECT_EQ(s.stats().idle, 0U) << "and are never handed out";
  s.advance(9s);
  EXPECT_TRUE(s.pinging.empty());
  s.advance(1s);
  EXPECT_EQ(monitors(s.pinging), 2U);
  s.now += 3ms;
  s.ping_answers(true);
  EXPECT_EQ(s.stats().round_trip, 3ms);
  s.advance(30s);
  EXPECT_EQ(s.pinging.size(), 2U) << "an unanswered one is not asked twice";
}

TEST(CoreHeartbeat, AnEndpointThatFellSilentIsLeftAloneAndItsConnectionsAreClosed) {
  Simulation s(watched(4), two);
  std::vector<std::shared_ptr<Simulation::Asker>> all;
  for (int i = 0; i < 4; ++i) all.push_back(s.ask());
  connect_everything(s);
  for (std::size_t i = 1; i < 4; ++i) s.release(*all[i]);
  const auto dead = all[0]->grant.slot->endpoint;
  s.advance(10s);
  s.ping_answers(false, monitor_of(s.pinging, dead));
  EXPECT_EQ(s.core.health(dead, s.now), detail::HealthState::ejected);
  EXPECT_EQ(s.count(PoolEventKind::endpoint_ejected), 1U);
  s.core.each_slot([&](const Slot& slot) {
    if (slot.endpoint == dead) {
      EXPECT_NE(slot.state, SlotState::idle);
    }
  });
  s.release(*all[0]);
  EXPECT_GE(s.stats().closed_by(CloseReason::stale), 1U);
  for (int i = 0; i < 2; ++i) {
    const auto grant = s.try_acquire();
    if (!grant) continue;
    EXPECT_NE(grant.slot->endpoint, dead);
    s.release(grant);
  }
  // Asked again after min_heartbeat, then ever more seldom; when it answers it is used again at once.
  s.advance(499ms);
  EXPECT_EQ(monitors(s.connecting), 0U);
  s.advance(1ms);
  ASSERT_EQ(monitors(s.connecting), 1U);
  s.connect_fails(refused(), monitor_of(s.connecting, dead));
  s.advance(999ms);
  EXPECT_EQ(monitors(s.connecting), 0U);
  s.advance(1ms);
  s.connect_succeeds(monitor_of(s.connecting, dead));
  EXPECT_EQ(s.core.health(dead, s.now), detail::HealthState::up);
  EXPECT_EQ(s.count(PoolEventKind::endpoint_restored), 1U);
}

/// One permit for each endpoint.
class Scarce final : public PermitSource {
 public:
  bool take(std::size_t endpoint, TimePoint) override { return endpoint < 2 && !std::exchange(taken_[endpoint], true); }
  void give_back(std::size_t endpoint) override { taken_[endpoint] = false; }
  void no_longer_wanted(std::size_t) override {}
  bool wanted_elsewhere(std::size_t) override { return false; }

 private:
  bool taken_[2]{};
};

TEST(CoreHeartbeat, GivesItsPermitToThoseWhoWork) {
  Scarce permits;
  Simulation s(watched(1).total_limit(1), two, 1, &permits);
  const auto first = s.ask();
  EXPECT_EQ(monitors(s.connecting), 1U) << "the work came first, the other endpoint has one to spare";
  connect_everything(s);
  EXPECT_TRUE(first->grant);
  const auto second = s.ask();
  connect_everything(s);
  EXPECT_TRUE(second->grant) << "the monitor's permit";
}

TEST(CoreHeartbeat, EndsWithThePool) {
  Simulation s(watched(1), two);
  const auto asker = s.ask();
  connect_everything(s);
  s.release(*asker);
  s.slow_closes = true;
  s.apply([&](PoolCore& c) { c.close(s.now, s.now + 1s); });
  EXPECT_EQ(monitors(s.closing), 2U);
  EXPECT_EQ(s.drained, 0);
  while (!s.closing.empty()) s.close_finishes();
  EXPECT_EQ(s.drained, 1);
  s.advance(60s);
  EXPECT_TRUE(s.connecting.empty());
  const auto stats = s.stats();
  EXPECT_EQ(stats.connects, stats.closed_total());
}

TEST(CoreHeartbeat, AfterTheMachineSleptIdleOnesArePingedFirst) {
  Simulation s(quiet(1).validate_after(30s));
  const auto asker = s.ask();
  s.connect_succeeds();
  s.release(*asker);
  s.apply([&](PoolCore& c) { c.slept(s.now); });
  EXPECT_FALSE(s.try_acquire());
  const auto next = s.ask();
  ASSERT_EQ(s.pinging.size(), 1U);
  s.ping_answers(true);
  EXPECT_TRUE(next->grant);
}

}  // namespace
}  // namespace weir::test
