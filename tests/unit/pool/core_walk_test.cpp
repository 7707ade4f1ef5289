// Random walks over everything that can happen to a pool, with the rules checked after every step.
#include "unit/pool/simulation.hpp"

#include <random>
#include <utility>

namespace weir::test {
namespace {

struct Walk {
  const char* name;
  PoolOptions options;
  std::size_t endpoints = 1;
};

std::ostream& operator<<(std::ostream& out, const Walk& walk) { return out << walk.name; }

PoolOptions busy() {
  return PoolOptions{}
      .validate_after(300ms)
      .keepalive_interval(500ms)
      .idle_timeout(2s)
      .max_lifetime(3s)
      .max_uses(40)
      .heartbeat_interval(1s)
      .min_heartbeat(100ms);
}

std::vector<Walk> walks() {
  return {
      {"one", busy().max_size(1)},
      {"some", busy().max_size(4).min_size(1)},
      {"many", busy().max_size(20).max_connecting(5).min_idle(2).max_idle(6)},
      {"pipelined", busy().max_size(3).pipeline_depth(4)},
      {"pipelined_one", busy().max_size(1).pipeline_depth(3)},
      {"fifo", busy().max_size(5).reuse(Reuse::fifo)},
      {"fail_fast", busy().max_size(3).fail_fast(true)},
      {"three_endpoints", busy().max_size(3).max_connecting(2), 3},
      {"few_waiters", busy().max_size(2).max_waiters(3)},
  };
}

class CoreWalk : public testing::TestWithParam<std::tuple<Walk, std::uint64_t>> {
 protected:
  std::size_t pick(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }

  void step(Simulation& s) {
    const auto kind = chance(50) ? LeaseKind::exclusive : LeaseKind::shared;
    switch (pick(16)) {
      case 0:
      case 1:
      case 2: s.ask(kind, std::chrono::milliseconds(1 + pick(3000))); break;
      case 3: s.try_acquire(kind); break;
      case 4:
        if (!s.askers.empty()) s.cancel(*s.askers[pick(s.askers.size())]);
        break;
      case 5:
      case 6:
      case 7:
        if (!s.held.empty()) {
          const auto as = chance(85) ? ReturnAs::ready : chance(50) ? ReturnAs::reset : ReturnAs::close;
          s.release(s.held[pick(s.held.size())], as);
        }
        break;
      case 8:
      case 9:
        if (!s.connecting.empty()) {
          const auto index = pick(s.connecting.size());
          if (chance(70))
            s.connect_succeeds(index);
          else
            s.connect_fails(chance(90) ? refused() : wrong_password(), index);
        }
        break;
      case 10:
        if (!s.pinging.empty()) s.ping_answers(chance(80), pick(s.pinging.size()));
        break;
      case 11:
        if (!s.resetting.empty()) s.reset_answers(chance(80), pick(s.resetting.size()));
        break;
      case 12:
        if (!s.closing.empty()) s.close_finishes(pick(s.closing.size()));
        if (chance(10)) s.slow_closes = !s.slow_closes;
        break;
      case 13: s.advance(std::chrono::milliseconds(pick(200))); break;
      case 14:
        if (chance(20)) s.advance(std::chrono::milliseconds(pick(5000)));
        if (chance(20)) s.apply([&](PoolCore& c) { c.request_result(s.now, pick(c.endpoints().size()), chance(50)); });
        if (chance(5) && !s.held.empty())
          s.apply([&](PoolCore& c) { c.report_error(s.now, *s.held[pick(s.held.size())].slot, refused()); });
        break;
      default:
        if (chance(5)) s.apply([&](PoolCore& c) { c.clear(s.now, refused(), chance(30)); });
        if (chance(50)) s.apply([&](PoolCore& c) { c.ready(s.now); });
        if (chance(5)) {
          const auto max = static_cast<unsigned>(1 + pick(8));
          s.apply([&](PoolCore& c) { c.resize(s.now, static_cast<unsigned>(pick(max + 1)), max); });
        }
        break;
    }
  }

  // The outside is well again, everybody gives back what they have: nobody may be left waiting.
  void recover(Simulation& s) {
    s.slow_closes = false;
    s.apply([&](PoolCore& c) { c.ready(s.now); });
    for (int round = 0; round < 10'000 && (s.waiting() != 0 || !s.held.empty() || !s.connecting.empty() ||
                                           !s.pinging.empty() || !s.resetting.empty() || !s.closing.empty());
         ++round) {
      if (!s.closing.empty()) s.close_finishes();
      if (!s.connecting.empty()) s.connect_succeeds();
      if (!s.pinging.empty()) s.ping_answers(true);
      if (!s.resetting.empty()) s.reset_answers(true);
      if (!s.held.empty()) s.release(s.held.front());
      s.advance(20ms);
    }
    EXPECT_EQ(s.waiting(), 0U);
    EXPECT_TRUE(s.held.empty());
  }

  std::mt19937_64 random_;
};

TEST_P(CoreWalk, KeepsTheRules) {
  const auto& [walk, seed] = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  random_.seed(seed);
  std::vector<std::string> endpoints;
  for (std::size_t i = 0; i < walk.endpoints; ++i) endpoints.push_back("db:" + std::to_string(i));
  Simulation s(walk.options, endpoints, seed);
  for (int i = 0; i < 3'000 && !HasFailure(); ++i) {
    s.listening = chance(50);
    step(s);
    if (i % 256 == 0) std::erase_if(s.askers, [](const auto& asker) { return asker->answered(); });
  }
  if (chance(50)) recover(s);
  // The end, in the middle of whatever is going on: some leases come back in time, some do not.
  s.apply([&](PoolCore& c) { c.close(s.now, s.now + 1s); });
  for (const auto& asker : s.askers) EXPECT_TRUE(asker->answered());
  while (!s.held.empty() && chance(70)) s.release(s.held.front());
  if (chance(50))
    while (!s.connecting.empty()) s.connect_fails();
  s.advance(2s);
  while (!s.closing.empty()) s.close_finishes();
  EXPECT_EQ(s.core.state(), PoolState::closed);
  EXPECT_EQ(s.drained, 1);
  // What is still outside comes home, and is closed.
  while (!s.held.empty()) s.release(s.held.front());
  while (!s.connecting.empty()) s.connect_succeeds();
  while (!s.pinging.empty()) s.ping_answers(true);
  while (!s.resetting.empty()) s.reset_answers(true);
  while (!s.closing.empty()) s.close_finishes();
  s.core.each_connection([](const Slot& slot) { EXPECT_EQ(slot.state, SlotState::vacant); });
  const auto stats = s.stats();
  EXPECT_EQ(stats.connects, stats.closed_total());
}

// The warm path is a short cut through the same machine: with it and without it, everything is as it was.
TEST_P(CoreWalk, TheWarmPathChangesNothing) {
  const auto& [walk, seed] = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  random_.seed(seed);
  std::vector<std::string> endpoints;
  for (std::size_t i = 0; i < walk.endpoints; ++i) endpoints.push_back("db:" + std::to_string(i));
  Simulation with(walk.options, endpoints, seed), without(walk.options, endpoints, seed);
  without.warm = false;
  std::uint64_t immediate = 0;
  for (int i = 0; i < 2'000 && !HasFailure(); ++i) {
    with.listening = without.listening = chance(10);
    const auto drawn = random_;
    step(with);
    const auto next = std::exchange(random_, drawn);
    step(without);
    EXPECT_EQ(random_, next);
    const auto a = with.stats(), b = without.stats();
    EXPECT_EQ(a.idle, b.idle);
    EXPECT_EQ(a.used, b.used);
    EXPECT_EQ(a.pending, b.pending);
    EXPECT_EQ(a.acquires, b.acquires);
    EXPECT_EQ(a.connects, b.connects);
    EXPECT_EQ(a.closed, b.closed);
    EXPECT_EQ(a.use_time.counts, b.use_time.counts);
    EXPECT_EQ(a.use_time.sum, b.use_time.sum);
    EXPECT_EQ(a.recommended_max, b.recommended_max);
    EXPECT_EQ(with.core.due(), without.core.due());
    EXPECT_EQ(with.core.oldest_lease(with.now), without.core.oldest_lease(without.now));
    EXPECT_EQ(with.events.size(), without.events.size());
    EXPECT_EQ(with.held.size(), without.held.size());
    for (std::size_t h = 0; h < with.held.size() && !HasFailure(); ++h) {
      EXPECT_EQ(with.held[h].slot->id, without.held[h].slot->id) << "another connection was handed out";
    }
    immediate = a.acquires_immediate;
    for (auto* const s : {&with, &without})
      if (i % 256 == 0) std::erase_if(s->askers, [](const auto& asker) { return asker->answered(); });
  }
  EXPECT_GT(immediate, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CoreWalk,
                         testing::Combine(testing::ValuesIn(walks()), testing::Range<std::uint64_t>(1, 13)),
                         [](const auto& parameters) {
                           return std::string(std::get<0>(parameters.param).name) + "_" +
                                  std::to_string(std::get<1>(parameters.param));
                         });

}  // namespace
}  // namespace weir::test
