// total_limit as the state machines of many loops see it, on a clock that only the test moves.
#include "pool/core/permit_ledger.hpp"
#include "unit/pool/simulation.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {
namespace {

using detail::PermitLedger;

/// Loops under one limit. What one has to tell another arrives a turn later, as it does when it is posted.
class Loops {
 public:
  Loops(std::size_t count, std::size_t limit, const PoolOptions& options) : ledger_(limit) {
    for (std::size_t i = 0; i < count; ++i) {
      permits_.push_back(std::make_unique<Permits>(*this, i));
      loops_.push_back(
          std::make_unique<Simulation>(options, std::vector<std::string>{"db:1"}, i + 1, permits_[i].get()));
      loops_[i]->listening = false;
    }
  }

  Simulation& loop(std::size_t i) { return *loops_[i]; }
  std::size_t used() const { return ledger_.used(); }
  std::size_t connections() const {
    std::size_t sum = 0;
    for (const auto& loop : loops_) sum += loop->core.endpoints()[0].total;
    return sum;
  }

  /// A lease of so many turns, once there is a connection for it.
  void ask(std::size_t i, int turns) { asked_.push_back({i, loops_[i]->ask(LeaseKind::exclusive, 5s), turns}); }

  void turn() {
    auto mail = std::exchange(mail_, {});
    for (const auto& letter : mail) letter();
    for (auto& loop : loops_) {
      while (!loop->connecting.empty()) loop->connect_succeeds();
      loop->advance(5ms);
    }
    for (auto& asked : asked_)
      if (asked.asker->grant && asked.turns-- <= 0) loops_[asked.loop]->release(*asked.asker);
    std::erase_if(asked_, [](const auto& asked) { return asked.asker->answered() && !asked.asker->grant; });
    for (auto& loop : loops_)
      std::erase_if(loop->askers, [](const auto& asker) { return asker->answered() && !asker->grant; });
  }

 private:
  class Permits final : public PermitSource {
   public:
    Permits(Loops& loops, std::size_t index) : loops_(loops), index_(index) {}
    bool take(std::size_t, TimePoint wanted_since) override {
      const auto outcome =
          loops_.ledger_.take(index_ + 1, now(), wanted_since != detail::never, [this](PermitLedger::Id id) {
            return static_cast<std::size_t>(loops_.loop(id - 1).core.counters().idle.load());
          });
      loops_.deliver(outcome);
      return outcome.taken;
    }
    void give_back(std::size_t) override { loops_.deliver(loops_.ledger_.give_back(index_ + 1, now())); }
    bool wanted_elsewhere(std::size_t) override { return loops_.ledger_.has_idle(index_ + 1); }
    void no_longer_wanted(std::size_t) override { loops_.deliver(loops_.ledger_.no_longer_wanted(index_ + 1, now())); }

   private:
    TimePoint now() const { return loops_.loop(index_).now; }
    Loops& loops_;
    const std::size_t index_;
  };
  struct Asked {
    std::size_t loop;
    std::shared_ptr<Simulation::Asker> asker;
    int turns;
  };

  void deliver(const PermitLedger::Outcome& outcome) {
    const auto send = [this](std::optional<PermitLedger::Id> id, auto event) {
      if (!id) return;
      mail_.push_back([this, i = *id - 1, event] {
        auto& there = *loops_[i];
        there.apply([&](PoolCore& core) { event(core, there.now); });
      });
    };
    send(outcome.offer, [](PoolCore& core, TimePoint now) { core.permit_available(now, 0); });
    send(outcome.yield, [](PoolCore& core, TimePoint now) { core.yield_permit(now, 0); });
    send(outcome.withdraw, [](PoolCore& core, TimePoint) { core.keep_permit(0); });
  }

  PermitLedger ledger_;
  std::vector<std::unique_ptr<Permits>> permits_;
  std::vector<std::unique_ptr<Simulation>> loops_;
  std::vector<Asked> asked_;
  std::vector<std::function<void()>> mail_;
};

// A source of permits that has none left and notes what it is told.
class NoMore final : public PermitSource {
 public:
  bool take(std::size_t, TimePoint) override { return given_++ < most; }
  void give_back(std::size_t) override {}
  bool wanted_elsewhere(std::size_t) override { return false; }
  void no_longer_wanted(std::size_t) override { ++withdrawn; }
  int most = 1;
  int withdrawn = 0;

 private:
  int given_ = 0;
};

TEST(CoreLimit, APermitThatCameTooLateIsLeftToOthers) {
  NoMore permits;
  Simulation s(quiet(5), {"db:1"}, 1, &permits);
  auto first = s.ask();  // has the only permit, and connects
  auto second = s.ask();
  s.cancel(*second);
  EXPECT_EQ(permits.withdrawn, 0);
  s.apply([&](PoolCore& core) { core.permit_available(s.now, 0); });
  EXPECT_EQ(permits.withdrawn, 1) << "the connect under way is enough: another loop may have it";
  s.connect_succeeds();
  EXPECT_TRUE(first->grant);
}

TEST(TotalLimit, SixtyFourLoopsNeverPassItAndNoneStarves) {
  constexpr std::size_t count = 64, limit = 40;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Loops loops(count, limit, quiet(4));
    for (int turn = 0; turn < 1'500 && !testing::Test::HasFailure(); ++turn) {
      for (std::size_t i = 0; i < count; ++i)
        if (random() % 100 < 8 && loops.loop(i).waiting() < 4) loops.ask(i, static_cast<int>(random() % 8));
      loops.turn();
      ASSERT_LE(loops.used(), limit);
      ASSERT_LE(loops.connections(), limit);
    }
    std::uint64_t fewest = std::numeric_limits<std::uint64_t>::max();
    for (std::size_t i = 0; i < count; ++i) {
      const auto stats = loops.loop(i).stats();
      EXPECT_EQ(stats.timeouts, 0U) << "loop " << i << " starved";
      fewest = std::min(fewest, stats.acquires_immediate + stats.acquires_waited);
    }
    EXPECT_GT(fewest, 50U) << "each had its turn";
  }
}

// Seven loops that are never without a waiter, and one with a single request now and then.
TEST(TotalLimit, OneRequestAgainstSevenSaturatedLoopsIsServedWithinTwoLeases) {
  constexpr int lease = 20;  // turns
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Loops loops(8, 14, quiet(6));
    const auto saturate = [&] {
      for (std::size_t i = 0; i < 7; ++i)
        while (loops.loop(i).waiting() < 3) loops.ask(i, static_cast<int>(random() % (2 * lease)));
    };
    for (int turn = 0; turn < 10 * lease; ++turn) {
      saturate();
      loops.turn();
    }
    loops.ask(7, 1);
    int waited = 0;
    for (; loops.loop(7).waiting() != 0 && waited < 100 * lease; ++waited) {
      saturate();
      loops.turn();
      ASSERT_LE(loops.used(), 14U);
    }
    EXPECT_LE(waited, 2 * lease + 6) << "two leases, and the turns in which one tells the other";
  }
}

// Loops that are never without a waiter share what there is and then leave it where it is: to take a busy connection
// from another loop costs a close and a connect.
TEST(TotalLimit, SaturatedLoopsDoNotTakeTheSameConnectionFromOneAnotherForEver) {
  for (const std::size_t limit : {10U, 14U, 16U}) {
    SCOPED_TRACE(limit);
    std::mt19937_64 random(limit);
    constexpr std::size_t count = 8;
    Loops loops(count, limit, quiet(6));
    std::uint64_t at_first = 0, at_last = 0, fewest = std::numeric_limits<std::uint64_t>::max();
    const auto connects = [&] {
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < count; ++i) sum += loops.loop(i).stats().connects;
      return sum;
    };
    for (int turn = 0; turn < 2'000; ++turn) {
      for (std::size_t i = 0; i < count; ++i)
        while (loops.loop(i).waiting() < 3) loops.ask(i, static_cast<int>(random() % 10));
      loops.turn();
      if (turn == 200) at_first = connects();
    }
    at_last = connects();
    for (std::size_t i = 0; i < count; ++i)
      fewest = std::min<std::uint64_t>(fewest, loops.loop(i).core.endpoints()[0].total);
    // A loop that has nobody waiting for a moment gives what is idle; that is one lease in a hundred.
    EXPECT_LE(at_last - at_first, 60U) << "connections are opened again and again";
    EXPECT_GE(fewest, limit / count) << "each has its share";
    EXPECT_EQ(loops.used(), limit);
  }
}

// It asked when all were busy, and nothing happens on its own loop any more: whoever has nothing left to do helps.
TEST(TotalLimit, AConnectionThatBecomesIdleGoesToALoopThatStarves) {
  Loops loops(3, 2, quiet(2));
  loops.ask(0, 10);
  loops.ask(1, 10);
  loops.turn();
  loops.ask(2, 1);
  EXPECT_EQ(loops.loop(2).waiting(), 1U);
  for (int turn = 0; turn < 20; ++turn) loops.turn();
  EXPECT_EQ(loops.loop(2).waiting(), 0U);
  EXPECT_EQ(loops.loop(2).stats().acquires_waited, 1U);
  EXPECT_EQ(loops.loop(0).stats().closed_total() + loops.loop(1).stats().closed_total(), 1U) << "and only one of them";
}

}  // namespace
}  // namespace weir::test
