// One lookup for however many connect at once, whoever of them gives up; and several addresses raced.
#include "net/dial.hpp"

#include "support/outcome.hpp"
#include "support/run.hpp"
#include "support/sanitizers.hpp"

#include <weir/error.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace weir::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;
using Endpoints = std::vector<tcp::endpoint>;

tcp::endpoint at(const char* address, std::uint16_t port) { return {asio::ip::make_address(address), port}; }

// A resolver that answers when the test says so.
struct Resolver {
  std::atomic<int> lookups{0};
  Endpoints answer{at("192.0.2.1", 80), at("192.0.2.2", 80)};
  bool fails = false;
  std::shared_ptr<asio::steady_timer> gate;  ///< none: it answers at once

  static awaitable<Endpoints> look_up(Resolver* self) {
    ++self->lookups;
    boost::system::error_code opened;
    if (const auto gate = self->gate) co_await gate->async_wait(asio::redirect_error(asio::use_awaitable, opened));
    if (self->fails) throw Error(errc::connect_failed, "no such name");
    co_return self->answer;
  }
  AddressCache::Lookup function() {
    return [this](const asio::any_io_executor&) { return look_up(this); };
  }
  void close(asio::io_context& io) {
    gate = std::make_shared<asio::steady_timer>(io, asio::steady_timer::time_point::max());
  }
};

using CachePointer = std::shared_ptr<AddressCache>;

awaitable<Endpoints> get(CachePointer cache, asio::any_io_executor executor) {
  auto found = co_await cache->get(executor);
  co_return found;
}

TEST(AddressCache, ManyAskAndOneLooks) {
  asio::io_context io(1);
  Resolver resolver;
  resolver.close(io);
  const auto cache = std::make_shared<AddressCache>(30s, resolver.function());
  std::deque<test::Completion<Endpoints>> asked(50);
  for (auto& one : asked) test::start(io.get_executor(), get(cache, io.get_executor()), one);
  io.poll();
  EXPECT_EQ(resolver.lookups, 1);
  for (auto& one : asked) EXPECT_FALSE(one.done);
  resolver.gate->cancel();
  io.restart();
  io.run();
  for (auto& one : asked) EXPECT_EQ(one.take().size(), 2U);
  EXPECT_EQ(test::run_on(io, get(cache, io.get_executor())).size(), 2U);
  EXPECT_EQ(resolver.lookups, 1) << "it is kept";
  resolver.gate.reset();
  cache->doubt();
  EXPECT_EQ(test::run_on(io, get(cache, io.get_executor())).size(), 2U);
  EXPECT_EQ(resolver.lookups, 2);
}

TEST(AddressCache, AFailureIsOfAllWhoWaitedAndOfNobodyAfterwards) {
  Resolver resolver;
  resolver.fails = true;
  asio::io_context io(1);
  resolver.close(io);
  const auto cache = std::make_shared<AddressCache>(30s, resolver.function());
  std::deque<test::Completion<Endpoints>> asked(5);
  for (auto& one : asked) test::start(io.get_executor(), get(cache, io.get_executor()), one);
  io.poll();
  resolver.gate->cancel();
  io.restart();
  io.run();
  for (auto& one : asked) EXPECT_THROW(one.take(), Error);
  EXPECT_EQ(resolver.lookups, 1);
  resolver.fails = false;
  resolver.gate.reset();
  EXPECT_EQ(test::run_on(io, get(cache, io.get_executor())).size(), 2U);
  EXPECT_EQ(resolver.lookups, 2);
  // What is known is better than an error.
  resolver.fails = true;
  cache->doubt();
  EXPECT_EQ(test::run_on(io, get(cache, io.get_executor())).size(), 2U);
  EXPECT_EQ(resolver.lookups, 3);
}

TEST(AddressCache, WhoGivesUpEndsAtOnceAndTheLookupGoesOn) {
  for (const std::size_t leaver : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    asio::io_context io(1);
    Resolver resolver;
    resolver.close(io);
    const auto cache = std::make_shared<AddressCache>(30s, resolver.function());
    std::deque<asio::cancellation_signal> signals(3);
    std::vector<int> ends(3);  // 1: an answer, -1: cancelled
    for (std::size_t i = 0; i < 3; ++i)
      asio::co_spawn(io, get(cache, io.get_executor()),
                     asio::bind_cancellation_slot(signals[i].slot(),
                                                  [&ends, i](const std::exception_ptr& error, const Endpoints& found) {
                                                    ends[i] = error ? -1 : static_cast<int>(found.size()) - 1;
                                                  }));
    io.poll();
    signals[leaver].emit(asio::cancellation_type::terminal);
    io.restart();
    io.poll();
    EXPECT_EQ(ends[leaver], -1) << "before the lookup has ended";
    resolver.gate->cancel();
    io.restart();
    io.run();
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(ends[i], i == leaver ? -1 : 1) << leaver;
    EXPECT_EQ(resolver.lookups, 1);
  }
}

TEST(AddressCache, TheLoopMayEndWithinALookup) {
  Resolver resolver;
  CachePointer cache;
  {
    asio::io_context io(1);
    resolver.close(io);
    cache = std::make_shared<AddressCache>(30s, resolver.function());
    for (int i = 0; i < 3; ++i) asio::co_spawn(io, get(cache, io.get_executor()), [](std::exception_ptr, Endpoints) {});
    io.poll();
    resolver.gate.reset();
  }
  EXPECT_EQ(cache.use_count(), 1) << "nothing of the loop holds it any longer";
  asio::io_context another(1);
  EXPECT_EQ(test::run_on(another, get(cache, another.get_executor())).size(), 2U);
  EXPECT_EQ(resolver.lookups, 2);
}

awaitable<void> ask_often(CachePointer cache, asio::any_io_executor executor, int times, std::atomic<int>* answers) {
  for (int i = 0; i < times; ++i) {
    const auto found = co_await cache->get(executor);
    if (found.size() == 2) ++*answers;
    if (i % 4 == 0) cache->doubt();
  }
}

TEST(AddressCache, ALoopThatManyThreadsRun) {
  Resolver resolver;
  asio::io_context io(4);
  const auto cache = std::make_shared<AddressCache>(30s, resolver.function());
  std::atomic<int> answers{0};
  const int times = test::rounds(400);
  for (int i = 0; i < 8; ++i)
    asio::co_spawn(io, ask_often(cache, io.get_executor(), times, &answers), [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&io] { io.run(); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(answers, 8 * times);
  EXPECT_LE(resolver.lookups, 8 * times);
}

// --- several addresses
// ------------------------------------------------------------------------------------------------

// A port where connections are accepted, never read.
class Listener {
 public:
  explicit Listener(const char* address, std::uint16_t port = 0) : acceptor_(io_) {
    const auto endpoint = at(address, port);
    acceptor_.open(endpoint.protocol());
    if (endpoint.protocol() == tcp::v6()) acceptor_.set_option(asio::ip::v6_only(true));
    acceptor_.bind(endpoint);
    acceptor_.listen(0);
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  /// From here on whoever connects gets no answer at all: the queue of those that nobody accepts is full.
  void fill() {
    for (int i = 0; i < 64; ++i) {
      auto& socket = waiting_.emplace_back(io_);
      socket.async_connect(acceptor_.local_endpoint(), [this](const boost::system::error_code& failed) {
        if (!failed) ++connected_;
      });
    }
    const int before = connected_;
    io_.restart();
    io_.run_for(200ms);  // there is no event that says that a connection is not answered
    ASSERT_LT(connected_ - before, 64);
  }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::deque<tcp::socket> waiting_;
  int connected_ = 0;
};

bool has_ipv6() {
  asio::io_context io;
  boost::system::error_code failed;
  tcp::acceptor acceptor(io);
  acceptor.open(tcp::v6(), failed);
  if (!failed) acceptor.bind(at("::1", 0), failed);
  return !failed;
}

// To whom it is connected in the end; none: `error`.
struct Reached {
  std::optional<tcp::endpoint> peer;
  test::Outcome outcome;
};

awaitable<void> dial(Dialer* dialer, asio::any_io_executor executor, Reached* reached) {
  try {
    const auto socket = co_await dialer->dial(executor);
    reached->peer = socket.remote_endpoint();
  } catch (...) {
    reached->outcome = test::Outcome::from(std::current_exception());
  }
}

Reached reach(Endpoints addresses, std::chrono::milliseconds head_start) {
  Resolver resolver;
  resolver.answer = std::move(addresses);
  Dialer dialer("some.name", 80, 30s, PoolOptions{}.attempt_delay(head_start), resolver.function());
  asio::io_context io(1);
  Reached out;
  test::run_on(io, dial(&dialer, io.get_executor(), &out));
  return out;
}

TEST(Dialer, TheFirstAddressWhenItAnswers) {
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
  Listener six("::1");
  Listener four("127.0.0.1");
  EXPECT_EQ(reach({at("::1", six.port()), at("127.0.0.1", four.port())}, 20s).peer, at("::1", six.port()));
  EXPECT_EQ(reach({at("127.0.0.1", four.port()), at("::1", six.port())}, 20s).peer, at("127.0.0.1", four.port()));
}

TEST(Dialer, TheNextAtOnceWhenItRefuses) {
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
  std::uint16_t nobody = 0;
  {
    Listener gone("::1");
    nobody = gone.port();
  }
  Listener four("127.0.0.1");
  // With a head start of an hour, which the test would notice.
  EXPECT_EQ(reach({at("::1", nobody), at("127.0.0.1", four.port())}, 1h).peer, at("127.0.0.1", four.port()));
}

TEST(Dialer, TheNextAfterItsHeadStartWhenItIsSilent) {
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
  Listener silent("::1");
  silent.fill();
  Listener four("127.0.0.1");
  EXPECT_EQ(reach({at("::1", silent.port()), at("127.0.0.1", four.port())}, 20ms).peer, at("127.0.0.1", four.port()));
}

TEST(Dialer, AllRefuse) {
  std::uint16_t nobody = 0;
  {
    Listener gone("127.0.0.1");
    nobody = gone.port();
  }
  const auto reached = reach({at("127.0.0.1", nobody), at("127.0.0.1", nobody)}, 20s);
  EXPECT_FALSE(reached.peer);
  EXPECT_TRUE(test::fails_with(reached.outcome, errc::connect_failed));
  EXPECT_NE(reached.outcome.text().find("some.name:80"), std::string::npos) << reached.outcome.text();
  EXPECT_NE(reached.outcome.text().find("2 addresses"), std::string::npos) << reached.outcome.text();
}

TEST(Dialer, AnAddressIsNotLookedUp) {
  Resolver resolver;
  Listener four("127.0.0.1");
  Dialer dialer("127.0.0.1", four.port(), 30s, PoolOptions{}, resolver.function());
  asio::io_context io(1);
  Reached reached;
  test::run_on(io, dial(&dialer, io.get_executor(), &reached));
  EXPECT_EQ(reached.peer, at("127.0.0.1", four.port()));
  EXPECT_EQ(resolver.lookups, 0);
}

}  // namespace
}  // namespace weir::net
