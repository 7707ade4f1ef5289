// The client against servers that behave: reuse, bodies both ways, deadlines, streams, cancellation, many threads.
#include "support/outcome.hpp"
#include "support/run.hpp"
#include "support/steps.hpp"
#include "wire/http/peer.hpp"

#include <weir/http.hpp>
#include <weir/registry.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace weir::http {
namespace {

using namespace std::chrono_literals;
using test::fails_with;
using test::outcome_of;
using test::Peer;
using test::ScriptedServer;

ClientOptions plain() { return ClientOptions{}.proxy("off"); }

// Answers every request with its own body, until the client goes.
void echo(Peer& peer) {
  while (auto request = peer.read_request()) {
    if (!request->complete) return;
    if (!peer.answer(200, request->body,
                     "X-Method: " + request->method() + "\r\nX-Target: " + request->target() + "\r\n"))
      return;
  }
}

awaitable<void> ask_often(Client client, int times) {
  for (int i = 0; i < times; ++i) {
    auto answer = co_await client.send(Request("POST", "/a?i=" + std::to_string(i)).body("body " + std::to_string(i)));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body.view(), "body " + std::to_string(i));
    EXPECT_EQ(answer.headers.find("x-target"), "/a?i=" + std::to_string(i));
    EXPECT_FALSE(answer.repeated);
  }
}

TEST(HttpClient, OneConnectionCarriesManyRequests) {
  ScriptedServer server(echo);
  Client client(server.origin(), plain());
  test::run(ask_often(client, 20));
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, FieldsThatItWritesItselfCannotBeItsOptions) {
  for (const char* name : {"Content-Length", "transfer-encoding", "Connection", "Expect"}) {
    const auto outcome =
        test::outcome_now([&] { Client("http://localhost", plain().headers(Headers{}.add(name, "1"))); });
    EXPECT_TRUE(fails_with(outcome, errc::invalid_argument)) << name;
  }
}

TEST(HttpClient, TheLoopEndsWithItsUsersWork) {
  ScriptedServer server(echo);
  Client client(server.origin(), plain().timeout(1h));
  const auto start = std::chrono::steady_clock::now();
  test::run(ask_often(client, 2));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

awaitable<void> no_body(Client client) {
  auto head = co_await client.send(Request("HEAD", "/"));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.find("Content-Length"), "5");
  EXPECT_TRUE(head.body.empty());
  auto again = co_await client.send(Request("GET", "/"));
  EXPECT_EQ(again.body.view(), "hello");
}

TEST(HttpClient, HeadHasNoBodyAndKeepsTheConnection) {
  ScriptedServer server([](Peer& peer) {
    while (auto request = peer.read_request())
      peer.send(request->method() == "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
                                            : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  });
  test::run(no_body(Client(server.origin(), plain())));
  EXPECT_EQ(server.connections(), 1);
}

class Pieces final : public BodySource {
 public:
  Pieces(std::vector<std::string> pieces, std::optional<std::uint64_t> size)
      : pieces_(std::move(pieces)), size_(size) {}
  awaitable<std::span<const char>> next() override {
    if (at_ == pieces_.size()) co_return std::span<const char>{};
    co_return std::span<const char>(pieces_[at_++]);
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  bool rewind() override {
    at_ = 0;
    return true;
  }

 private:
  std::vector<std::string> pieces_;
  std::optional<std::uint64_t> size_;
  std::size_t at_ = 0;
};

awaitable<void> put_source(Client client, std::shared_ptr<BodySource> source, std::string expected) {
  auto answer = co_await client.send(Request("PUT", "/").body_source(std::move(source)));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.view(), expected);
}

TEST(HttpClient, BodiesFromASource) {
  ScriptedServer server(echo);
  Client client(server.origin(), plain());
  const std::string large(3 << 20, 'x');
  test::run(put_source(client, std::make_shared<Pieces>(std::vector<std::string>{"a", large, "b"}, std::nullopt),
                       "a" + large + "b"));
  test::run(put_source(client, std::make_shared<Pieces>(std::vector<std::string>{"a", large, "b"}, large.size() + 2),
                       "a" + large + "b"));
  test::run(put_source(client, std::make_shared<Pieces>(std::vector<std::string>{}, std::nullopt), ""));
}

awaitable<void> wrong_sources(Client client) {
  const auto too_short = std::make_shared<Pieces>(std::vector<std::string>{"abc"}, 5);
  EXPECT_FAILS(client.send(Request("PUT", "/").body_source(too_short)), invalid_argument);
  const auto too_long = std::make_shared<Pieces>(std::vector<std::string>{"abc", "def"}, 5);
  EXPECT_FAILS(client.send(Request("PUT", "/").body_source(too_long)), invalid_argument);
  auto well = co_await client.send(Request("PUT", "/").body("x"));
  EXPECT_EQ(well.body.view(), "x");
}

TEST(HttpClient, ASourceThatBreaksItsWordEndsTheRequest) {
  ScriptedServer server(echo);
  test::run(wrong_sources(Client(server.origin(), plain())));
}

awaitable<void> large_bodies(Client client, std::string_view memory) {
  std::vector<char> room(memory.size());
  auto answer = co_await client.send(Request("PUT", "/").body_view(memory).into(room));
  EXPECT_EQ(answer.body_size, memory.size());
  EXPECT_TRUE(std::equal(memory.begin(), memory.end(), room.begin()));
  EXPECT_FAILS(client.send(Request("PUT", "/").body("123456").into(std::span<char>(room).first(5))), too_large);
  auto exact = co_await client.send(Request("PUT", "/").body("12345").into(std::span<char>(room).first(5)));
  EXPECT_EQ(exact.body_size, 5U);
}

TEST(HttpClient, LargeBodiesWithoutACopy) {
  ScriptedServer server(echo);
  std::string memory(20 << 20, '\0');
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<char>(i * 7 % 251);
  test::run(large_bodies(Client(server.origin(), plain()), memory));
}

awaitable<void> compressed(Client client) {
  const std::string text(100'000, 'z');
  auto answer = co_await client.send(Request("POST", "/").body(text));
  EXPECT_EQ(answer.headers.find("X-Coding"), "gzip");
  EXPECT_EQ(answer.body.view(), text);  // the echo of the compressed body, decompressed
  EXPECT_EQ(answer.body_size, text.size());
}

TEST(HttpClient, CompressionBothWays) {
  std::atomic<std::size_t> sent{0};
  ScriptedServer server([&](Peer& peer) {
    while (auto request = peer.read_request()) {
      sent = request->body.size();
      EXPECT_EQ(request->field("Accept-Encoding"), "gzip");
      peer.answer(200, request->body,
                  "Content-Encoding: gzip\r\nX-Coding: " + request->field("Content-Encoding") + "\r\n");
    }
  });
  test::run(compressed(Client(server.origin(), plain().gzip(true).gzip_requests_from(1000))));
  EXPECT_LT(sent, 10'000U);
}

awaitable<void> read_in_portions(Client client) {
  auto stream = co_await client.open(Request("GET", "/"));
  EXPECT_EQ(stream.head().status, 200);
  EXPECT_EQ(stream.content_length(), std::nullopt);
  std::string all;
  std::vector<char> room(7);
  while (const auto count = co_await stream.read_some(room)) all.append(room.data(), count);
  EXPECT_EQ(all, "hello, world, and so on");
  const auto at_the_end = co_await stream.read_some(room);
  EXPECT_EQ(at_the_end, 0U);
  auto next = co_await client.open(Request("GET", "/"));  // on the same connection
  co_await next.read_some(room);
}

TEST(HttpClient, AStreamedAnswer) {
  ScriptedServer server([](Peer& peer) {
    while (peer.read_request())
      peer.send(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nhello, \r\n10\r\nworld, and so on\r\n0\r\n\r\n");
  });
  Client client(server.origin(), plain());
  test::run(read_in_portions(client));
  EXPECT_EQ(server.connections(), 1);
  boost::asio::io_context any;  // which several threads may run: the connection is used on a strand of its own
  test::run_on(any, read_in_portions(client));
}

awaitable<void> drop_half_way(Client client) {
  {
    auto stream = co_await client.open(Request("GET", "/"));
    std::vector<char> room(10);
    const auto count = co_await stream.read_some(room);
    EXPECT_GT(count, 0U);
  }
  auto answer = co_await client.send(Request("GET", "/"));
  EXPECT_EQ(answer.body_size, 100'000U);
}

TEST(HttpClient, AStreamDroppedHalfWayClosesItsConnection) {
  ScriptedServer server([](Peer& peer) {
    while (peer.read_request())
      if (!peer.answer(200, std::string(100'000, 'x'))) return;
  });
  Client client(server.origin(), plain());
  test::run(drop_half_way(client));
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(client.stats().used, 0U);
}

TEST(HttpClient, AStreamMayOutliveItsLoop) {
  ScriptedServer server([](Peer& peer) {
    while (peer.read_request())
      if (!peer.answer(200, std::string(100'000, 'x'))) return;
  });
  Client client(server.origin(), plain());
  std::optional<ResponseStream> kept;
  {
    boost::asio::io_context io(1);
    kept = test::run_on(io, client.open(Request("GET", "/")));
  }
  std::thread([&] { kept.reset(); }).join();
}

awaitable<void> continued(Client client) {
  const std::string body(200'000, 'b');
  auto answer = co_await client.send(Request("PUT", "/").body(body).expect_continue(true));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body_size, body.size());
}

TEST(HttpClient, ExpectContinue) {
  ScriptedServer server([](Peer& peer) {
    while (auto head = peer.read_head()) {
      test::Received request;
      request.head = *head;
      EXPECT_EQ(request.field("Expect"), "100-continue");
      EXPECT_FALSE(peer.wait_for_close(20ms));
      peer.send("HTTP/1.1 100 Continue\r\n\r\n");
      if (!peer.read_body(request)) return;
      peer.answer(200, request.body);
    }
  });
  Client client(server.origin(), plain().continue_timeout(30s));
  test::run(continued(client));
  test::run(continued(client));
}

TEST(HttpClient, AServerThatDoesNotKnowTheExpectationGetsTheBodyAfterAWhile) {
  ScriptedServer server(echo);
  test::run(continued(Client(server.origin(), plain().continue_timeout(20ms))));
  EXPECT_EQ(server.connections(), 1);
}

awaitable<void> through_proxy(Client client) {
  auto answer = co_await client.send(Request("GET", "/a?b"));
  EXPECT_EQ(answer.body.view(), "http://far.example:81/a?b Basic bWU6czNjcmV0");
}

TEST(HttpClient, ThroughAProxyInPlainText) {
  ScriptedServer proxy([](Peer& peer) {
    while (auto request = peer.read_request())
      peer.answer(200, request->target() + " " + request->field("Proxy-Authorization"));
  });
  Client client("http://far.example:81",
                ClientOptions{}.proxy("http://me:s3cret@127.0.0.1:" + std::to_string(proxy.port())));
  test::run(through_proxy(client));
}

// --- cancelled, and the loop destroyed, at every step
// -------------------------------------------------------------------

awaitable<void> a_bit_of_everything(Client client) {
  std::string body(300'000, 'b');
  co_await client.send(Request("PUT", "/").body_view(body));
  co_await client.send(Request("PUT", "/").body("x").expect_continue(true));
  const auto source = std::make_shared<Pieces>(std::vector<std::string>{"a", "b"}, std::nullopt);
  co_await client.send(Request("PUT", "/").body_source(source));
  auto stream = co_await client.open(Request("PUT", "/").body("123456"));
  std::vector<char> room(3);
  co_await stream.read_some(room);
}

TEST(HttpClient, CancelledAtEveryStep) {
  ScriptedServer server(echo);
  const auto options = plain().continue_timeout(1ms);
  for (std::size_t step = 0;; ++step) {
    Client client(server.origin(), options);
    const auto ended =
        test::cancelled_after(step, a_bit_of_everything(client), boost::asio::cancellation_type::terminal);
    ASSERT_TRUE(ended.ended) << "step " << step;
    if (!ended.cancelled) {
      EXPECT_TRUE(ended.outcome.ok()) << ended.outcome;
      EXPECT_GT(step, 10U);
      break;
    }
    EXPECT_TRUE(ended.outcome.cancelled() || ended.outcome.ok()) << "step " << step << ": " << ended.outcome;
    ASSERT_LT(step, 2000U);
  }
}

TEST(HttpClient, TheLoopDestroyedAtEveryStep) {
  ScriptedServer server(echo);
  const auto options = plain().continue_timeout(1ms);
  for (std::size_t step = 0; step < 2000; ++step) {
    Client client(server.origin(), options);
    test::StepLoop loop(a_bit_of_everything(client));
    loop.steps(step);
    const bool ended = loop.ended();
    loop.destroy_loop();
    if (ended) break;
  }
}

TEST(HttpClient, ALoopThatManyThreadsRun) {
  ScriptedServer server(echo);
  Client client(server.origin(), plain());
  boost::asio::io_context io;
  std::vector<test::Completion<void>> done(12);
  for (std::size_t i = 0; i < done.size(); ++i) {
    if (i % 3 == 0)
      test::start(io.get_executor(), a_bit_of_everything(client), done[i]);
    else
      test::start(io.get_executor(), ask_often(client, 20), done[i]);
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { io.run(); });
  for (auto& thread : threads) thread.join();
  for (auto& completion : done) completion.take();
}

TEST(HttpClient, EachLoopHasConnectionsOfItsOwn) {
  ScriptedServer server(echo);
  Client client(server.origin(), plain());
  test::OnThread<void> first([&] { return ask_often(client, 50); });
  test::OnThread<void> second([&] { return ask_often(client, 50); });
  first.take();
  second.take();
  EXPECT_EQ(server.connections(), 2);
}

awaitable<void> closed(Client client) {
  co_await client.send(Request("GET", "/"));
  co_await client.close();
  EXPECT_FAILS(client.send(Request("GET", "/")), pool_closed);
}

TEST(HttpClient, NothingAfterClose) {
  ScriptedServer server(echo);
  test::run(closed(Client(server.origin(), plain())));
}

awaitable<void> empty_ones() {
  Client client;
  EXPECT_FAILS(client.send(Request("GET", "/")), invalid_argument);
  ResponseStream stream;
  std::vector<char> room(1);
  EXPECT_FAILS(stream.read_some(room), invalid_argument);
}

TEST(HttpClient, EmptyOnesSaySo) { test::run(empty_ones()); }

}  // namespace
}  // namespace weir::http
