// The monitor of several endpoints, against real sockets: what it finds out, and what callers notice of it.
#include "stress/pool/tcp_line.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace weir::test {
namespace {

using Clock = std::chrono::steady_clock;

struct Told : PoolListener {
  void on_event(const PoolEvent& event) override {
    if (event.kind == PoolEventKind::endpoint_ejected) ++ejected[event.endpoint];
    if (event.kind == PoolEventKind::endpoint_restored) ++restored[event.endpoint];
  }
  std::map<std::string, int> ejected, restored;  // on the one loop there is
};

/// Hears of one test's pools.
class Listening {
 public:
  Listening() { add_pool_listener(told); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening() { remove_pool_listener(told); }
  std::shared_ptr<Told> told = std::make_shared<Told>();
};

PoolOptions watched() {
  return PoolOptions{}
      .max_size(4)
      .heartbeat_interval(50ms)
      .min_heartbeat(10ms)
      .ping_timeout(1s)
      .connect_timeout(1s)
      .keepalive_interval(0ms)
      .validate_after(0ms)
      .reconnect_min(5ms)
      .reconnect_max(20ms)
      .eject_base(20ms)
      .eject_max(50ms);
}

/// Lets the loop run until something is so; a test that hangs is ended by its own limit.
awaitable<void> until(std::function<bool()> so) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  while (!so()) {
    pause.expires_after(2ms);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

awaitable<void> ask_once(std::shared_ptr<TcpPool> pool, std::map<std::size_t, int>& answered) {
  auto lease = co_await pool->acquire();
  co_await talk(*lease);
  ++answered[lease.endpoint()];
}

/// Several at a time, so that a connection is needed to wherever there are fewest.
awaitable<void> ask_many(std::shared_ptr<TcpPool> pool, std::map<std::size_t, int>& answered) {
  std::vector<Lease<TcpLine>> leases;
  for (int i = 0; i < 4; ++i) leases.push_back(co_await pool->acquire());
  for (auto& lease : leases) {
    co_await talk(*lease);
    ++answered[lease.endpoint()];
  }
}

struct TwoServers {
  TwoServers() : lines(std::make_shared<TcpLines>(std::vector<std::uint16_t>{a.port(), b.port()})) {
    a.come();
    b.come();
  }
  std::string name_of_a() const { return std::to_string(a.port()); }
  TcpServer a, b;
  std::shared_ptr<TcpLines> lines;
  asio::io_context loop{1};
};

awaitable<void> one_falls_silent(TwoServers& servers, std::shared_ptr<TcpPool> pool, Told& told) {
  std::map<std::size_t, int> answered;
  co_await ask_many(pool, answered);
  EXPECT_EQ(answered[0], 2);
  EXPECT_EQ(answered[1], 2) << "both are asked while both are well";
  // Half-open: the kernel goes on accepting and acknowledging, nobody answers. No caller is there to find out.
  servers.a.silent = true;
  const auto name = servers.name_of_a();
  const auto wanted = [&told, name] { return told.ejected[name] > 0; };
  co_await until(wanted);
  answered.clear();
  const auto begin = Clock::now();
  for (int i = 0; i < 50; ++i) co_await ask_once(pool, answered);
  EXPECT_EQ(answered[0], 0) << "nobody is sent to the silent one";
  EXPECT_EQ(answered[1], 50);
  EXPECT_LT(Clock::now() - begin, 5s);
  servers.a.silent = false;
  told.restored.clear();
  const auto back = [&told, name] { return told.restored[name] > 0; };
  co_await until(back);
  answered.clear();
  co_await ask_many(pool, answered);
  EXPECT_GT(answered[0], 0);
}

TEST(Heartbeat, ASilentEndpointIsLeftAloneBeforeACallerMeetsItAndFoundAgain) {
  TwoServers servers;
  Listening listening;
  auto pool = tcp_pool(servers.loop, servers.lines, watched());
  run_on(servers.loop, one_falls_silent(servers, pool, *listening.told));
  run_on(servers.loop, pool->close());
  EXPECT_EQ(pool->stats().state, PoolState::closed);
}

awaitable<void> one_is_gone(TwoServers& servers, std::shared_ptr<TcpPool> pool, Told& told) {
  std::map<std::size_t, int> answered;
  co_await ask_many(pool, answered);
  servers.a.go();
  const auto name = servers.name_of_a();
  const auto wanted = [&told, name] { return told.ejected[name] > 0; };
  co_await until(wanted);
  answered.clear();
  for (int i = 0; i < 50; ++i) co_await ask_once(pool, answered);
  EXPECT_EQ(answered[1], 50);
  told.restored.clear();
  servers.a.come();
  const auto back = [&told, name] { return told.restored[name] > 0; };
  co_await until(back);
  answered.clear();
  co_await ask_many(pool, answered);
  EXPECT_GT(answered[0], 0);
}

TEST(Heartbeat, AnEndpointThatIsGoneIsFoundAgainWithoutACaller) {
  TwoServers servers;
  Listening listening;
  auto pool = tcp_pool(servers.loop, servers.lines, watched());
  run_on(servers.loop, one_is_gone(servers, pool, *listening.told));
}

awaitable<void> both_go(TwoServers& servers, std::shared_ptr<TcpPool> pool) {
  std::map<std::size_t, int> answered;
  co_await ask_once(pool, answered);
  servers.a.go();
  servers.b.go();
  AcquireOptions brief;
  brief.timeout(200ms);
  // What is still open in the pool is found closed, and then nobody is there.
  std::exception_ptr failure;
  while (!failure) failure = co_await failure_of(pool->acquire(brief));
  EXPECT_EQ(as_error(failure).kind(), errc::pool_timeout);
  EXPECT_NE(std::string(as_error(failure).what()).find("Connection refused"), std::string::npos)
      << as_error(failure).what();
  servers.b.come();
  // Both are left alone, and yet the one that is back is tried.
  answered.clear();
  co_await ask_once(pool, answered);
  EXPECT_EQ(answered[1], 1);
}

TEST(Heartbeat, WhenAllAreLeftAloneTheOneThatIsBackIsUsed) {
  TwoServers servers;
  auto pool = tcp_pool(servers.loop, servers.lines, watched());
  run_on(servers.loop, both_go(servers, pool));
}

awaitable<void> pass_time(Clock::duration time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

awaitable<void> until_made(std::shared_ptr<TcpLines> lines, int count) {
  while (lines->made < count) co_await pass_time(1ms);
}

TEST(Heartbeat, CanBeTurnedOffAndKeepsNoLoopAlive) {
  for (const auto interval : {0ms, 5ms}) {
    TwoServers servers;
    auto pool = tcp_pool(servers.loop, servers.lines, watched().heartbeat_interval(interval).min_heartbeat(1ms));
    std::map<std::size_t, int> answered;
    run_on(servers.loop, ask_once(pool, answered));  // returns: nothing waits for the monitor
    const int expected = interval == 0ms ? 1 : 3;    // one for the caller, and one to watch each endpoint
    run_on(servers.loop, until_made(servers.lines, expected));
    run_on(servers.loop, pass_time(100ms));
    EXPECT_EQ(servers.lines->made, expected);
  }
}

}  // namespace
}  // namespace weir::test
