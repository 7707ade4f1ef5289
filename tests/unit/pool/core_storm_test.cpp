// Failure storms on a clock that only the test moves.
#include "unit/pool/simulation.hpp"

namespace weir::test {
namespace {

// A server that can be gone. Connects take 5 ms.
class Server {
 public:
  explicit Server(Simulation& simulation) : s_(simulation) {}
  void run(Duration time) {
    for (const auto end = s_.now + time; s_.now < end;) {
      std::vector<Slot*> begun = s_.connecting;
      most_ = std::max(most_, begun.size());
      s_.advance(5ms);
      for (std::size_t i = 0; i < begun.size(); ++i) {
        ++attempts_;
        if (up)
          s_.connect_succeeds();
        else
          s_.connect_fails();
      }
      if (up && !first_ && s_.stats().idle + s_.stats().used > 0) first_ = s_.now;
    }
  }
  bool up = true;
  std::size_t attempts() const { return attempts_; }
  std::size_t most_at_once() const { return most_; }
  void forget() { attempts_ = most_ = 0, first_.reset(); }
  std::optional<TimePoint> first_success() const { return first_; }

 private:
  Simulation& s_;
  std::size_t attempts_ = 0, most_ = 0;
  std::optional<TimePoint> first_;
};

TEST(Storm, AServerGoneForThirtySecondsWithAThousandWaiters) {
  Simulation s(quiet(10));
  s.listening = false;
  Server server(s);
  server.up = false;
  std::vector<std::shared_ptr<Simulation::Asker>> all;
  for (int i = 0; i < 1000; ++i) all.push_back(s.ask(LeaseKind::exclusive, 5s));
  server.run(10ms);
  server.forget();
  server.run(29s);
  EXPECT_LE(server.most_at_once(), 1U) << "one probe at a time";
  // On average every 2.5 s once the back-off is at its 5 s; a herd would have made thousands.
  EXPECT_LE(server.attempts(), 60U);
  EXPECT_GE(server.attempts(), 5U);
  for (const auto& asker : all) {
    ASSERT_TRUE(asker->error);
    EXPECT_EQ(asker->error->kind(), errc::pool_timeout);
    EXPECT_NE(asker->error->message().find("connection refused"), std::string_view::npos);
  }
  // It comes back: within one step of the back-off, and everybody who waits then is served.
  all.clear();
  s.askers.clear();
  for (int i = 0; i < 10; ++i) all.push_back(s.ask(LeaseKind::exclusive, 30s));
  server.up = true;
  server.forget();
  const auto back = s.now;
  server.run(6s);
  ASSERT_TRUE(server.first_success());
  EXPECT_LE(*server.first_success() - back, 5s + 10ms);
  for (const auto& asker : all) EXPECT_TRUE(asker->grant);
  EXPECT_EQ(s.stats().last_connect_error, "");
}

TEST(Storm, CancellingLosesNoSlotAndThePoolGoesOnGrowing) {
  Simulation s(quiet(4).max_connecting(2));
  s.listening = false;
  Server server(s);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::shared_ptr<Simulation::Asker>> all;
    for (int i = 0; i < 20; ++i) all.push_back(s.ask(LeaseKind::exclusive, 20ms));
    server.run(5ms);
    for (const auto& asker : all) {
      s.cancel(*asker);
      if (asker->grant) s.release(*asker);
    }
    s.askers.clear();
  }
  const auto stats = s.stats();
  EXPECT_EQ(stats.idle, 4U) << "connects belong to the pool, not to who gave up";
  EXPECT_EQ(stats.connects, 4U);
  EXPECT_EQ(stats.used + stats.pending + stats.waiters, 0U);
}

TEST(Storm, ASlowServerBoundsTheQueueAndNamesTheHolder) {
  Simulation s(quiet(2).max_waiters(10));
  Server server(s);
  s.ask(LeaseKind::exclusive, 5s, "slow report");
  s.ask(LeaseKind::exclusive, 5s, "slow report");
  server.run(10ms);
  std::size_t full = 0;
  std::vector<std::shared_ptr<Simulation::Asker>> all;
  for (int i = 0; i < 50; ++i) {
    all.push_back(s.ask(LeaseKind::exclusive, 1s));
    if (all.back()->error && all.back()->error->kind() == errc::pool_full) ++full;
  }
  EXPECT_EQ(full, 40U);
  s.advance(2s);
  for (int i = 0; i < 10; ++i) {
    EXPECT_NE(std::string(all[static_cast<std::size_t>(i)]->error->what()).find("slow report"), std::string::npos);
  }
}

TEST(Storm, AFailoverClearsOnceAndTheOldOnesAreNeverUsedAgain) {
  Simulation s(quiet(4).max_connecting(4));
  Server server(s);
  std::vector<std::shared_ptr<Simulation::Asker>> all;
  for (int i = 0; i < 4; ++i) all.push_back(s.ask());
  server.run(10ms);
  for (const auto& asker : all) {
    s.apply(
        [&](PoolCore& core) { core.report_error(s.now, *asker->grant.slot, Error(errc::unavailable, "read only")); });
    s.release(*asker, ReturnAs::close);
  }
  EXPECT_EQ(s.stats().generation, 1U) << "the first error of a generation clears, the others are old news";
  auto next = s.ask();
  server.run(10ms);
  ASSERT_TRUE(next->grant);
  EXPECT_GT(next->grant.slot->id, 4U);
}

TEST(Storm, EverybodyExpiringTogetherIsNotNoticedByUsers) {
  Simulation s(quiet(10).max_lifetime(60s).max_connecting(10));
  s.listening = false;
  Server server(s);
  std::vector<std::shared_ptr<Simulation::Asker>> all;
  for (int i = 0; i < 10; ++i) all.push_back(s.ask());
  server.run(10ms);
  for (const auto& asker : all) s.release(*asker);
  s.askers.clear();
  std::size_t asked = 0, waited = 0;
  for (int i = 0; i < 120 * 20; ++i) {  // five at a time, twenty times a second, for two lifetimes
    std::vector<std::shared_ptr<Simulation::Asker>> users;
    for (int k = 0; k < 5; ++k, ++asked) {
      users.push_back(s.ask());
      if (!users.back()->grant) ++waited;
    }
    server.run(50ms);
    for (const auto& user : users) {
      ASSERT_TRUE(user->grant);
      s.release(*user);
    }
    s.askers.clear();
  }
  EXPECT_GE(s.stats().closed_by(CloseReason::lifetime), 10U);
  EXPECT_LE(waited * 100, asked) << "not even one of a hundred";
}

TEST(Storm, ARotatedPasswordFailsThoseWhoWaitAtOnceAndLeavesTheLiveConnectionsAlone) {
  Simulation s(quiet(4).max_connecting(2).reconnect_min(50ms).reconnect_max(5s));
  auto first = s.ask(), second = s.ask();
  s.connect_succeeds();
  s.connect_succeeds();
  std::size_t attempts = 0;
  // For a minute somebody asks every 10 ms; the connections that are open go round among two more users.
  for (int i = 0; i < 6'000; ++i) {
    auto asker = s.ask(LeaseKind::exclusive, 5s);
    while (!s.connecting.empty()) {
      ++attempts;
      s.connect_fails(wrong_password());
    }
    if (asker->error) {
      EXPECT_EQ(asker->error->kind(), errc::authentication_failed);
    }
    if (i % 10 == 0) {
      s.release(*first);
      if (!asker->grant && !asker->answered()) s.cancel(*asker);
      while (!s.held.empty() && s.held.size() > 1) s.release(s.held.back());
      first = s.ask();
      ASSERT_TRUE(first->grant) << "a live connection goes on";
    }
    s.advance(10ms);
    std::erase_if(s.askers, [](const auto& a) { return a->answered(); });
  }
  EXPECT_LE(attempts, 100U) << "no tight loop";
  EXPECT_EQ(s.stats().generation, 0U) << "nothing was cleared";
  EXPECT_EQ(s.stats().closed_total(), 0U);
  EXPECT_EQ(s.stats().connects, 2U);
}

}  // namespace
}  // namespace weir::test
