// Servers that misbehave: each gives the right error within its deadline, in bounded memory, and no request that is not
// idempotent is done twice.
#include "net/gzip.hpp"
#include "support/outcome.hpp"
#include "support/run.hpp"
#include "wire/http/peer.hpp"

#include <weir/http.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace weir::http {
namespace {

using namespace std::chrono_literals;
using test::Outcome;
using test::outcome_of;
using test::Peer;
using test::ScriptedServer;

ClientOptions plain_options() { return ClientOptions{}.proxy("off").timeout(20s); }

awaitable<Outcome> ask(Client client, Request request, Response* out) {
  Outcome outcome;
  try {
    auto answer = co_await client.send(std::move(request));
    if (out != nullptr) *out = std::move(answer);
  } catch (...) {
    outcome = Outcome::from(std::current_exception());
  }
  co_return outcome;
}

struct Told {
  Outcome outcome;
  Response answer;
  std::chrono::steady_clock::duration time{};
};

// One request on a loop of its own.
Told send(const Client& client, Request request) {
  Told told;
  const auto start = std::chrono::steady_clock::now();
  told.outcome = test::run(ask(client, std::move(request), &told.answer));
  told.time = std::chrono::steady_clock::now() - start;
  return told;
}

Told send(ScriptedServer::Script script, Request request = Request("GET", "/"),
          ClientOptions options = plain_options()) {
  ScriptedServer server(std::move(script));
  return send(Client(server.origin(), std::move(options)), std::move(request));
}

// A script that reads one request and says this.
ScriptedServer::Script says(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer) {
    if (!peer.read_request()) return;
    peer.send(bytes);
  };
}

// The same, and it then waits for the client to go.
ScriptedServer::Script says_and_waits(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer) {
    if (!peer.read_request()) return;
    peer.send(bytes);
    peer.wait_for_close();
  };
}

testing::AssertionResult failed(const Told& told, errc code) { return test::fails_with(told.outcome, code); }

std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// --- connections that end
// ---------------------------------------------------------------------------------------------------

TEST(Misbehaving, ClosesAfterTheHead) {
  const auto told = send(says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"));
  EXPECT_TRUE(failed(told, errc::connection_lost));
  EXPECT_FALSE(told.outcome.error()->maybe_applied());  // a GET
  EXPECT_NE(told.outcome.text().find("body"), std::string::npos) << told.outcome.text();
}

TEST(Misbehaving, ClosesWithinTheHead) {
  const auto told = send(says("HTTP/1.1 200 OK\r\nContent-Le"), Request("POST", "/").body("x"));
  EXPECT_TRUE(failed(told, errc::connection_lost));
  EXPECT_TRUE(told.outcome.error()->maybe_applied());
}

TEST(Misbehaving, ClosesWithoutAWord) {
  std::atomic<int> requests{0};
  const auto told = send([&](Peer& peer) { requests += peer.read_request() ? 1 : 0; }, Request("GET", "/"));
  EXPECT_TRUE(failed(told, errc::connection_lost));
  EXPECT_EQ(requests, 1);  // a new connection: not our keep-alive ran out, so nothing is repeated
}

TEST(Misbehaving, Resets) {
  const auto told = send([](Peer& peer) {
    peer.read_request();
    peer.reset();
  });
  EXPECT_TRUE(failed(told, errc::connection_lost));
}

// Two requests one after the other on one loop; `between` is called when the first is answered.
awaitable<Outcome> ask_twice(Client client, Request request, std::function<void()> between, Response* out) {
  co_await client.send(Request("GET", "/first"));
  between();
  co_return co_await ask(client, std::move(request), out);
}

TEST(Misbehaving, ClosesAnIdleConnection) {
  for (const std::string method : {"GET", "POST"}) {
    std::atomic<bool> closed{false};
    ScriptedServer server([&](Peer& peer) {
      while (peer.read_request()) {
        peer.answer(200, "");
        if (peer.number() > 1) continue;
        peer.close();
        closed = true;
        closed.notify_all();
        return;
      }
    });
    Client client(server.origin(), plain_options());
    Response answer;
    const auto outcome = test::run(ask_twice(client, Request(method, "/second"), [&] { closed.wait(false); }, &answer));
    EXPECT_TRUE(test::succeeds(outcome)) << method;
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(server.connections(), 2);
  }
}

TEST(Misbehaving, HalfClosesAnIdleConnection) {
  std::atomic<bool> closed{false};
  ScriptedServer server([&](Peer& peer) {
    while (peer.read_request()) {
      peer.answer(200, "");
      if (peer.number() > 1) continue;
      peer.half_close();
      closed = true;
      closed.notify_all();
    }
  });
  Client client(server.origin(), plain_options());
  Response answer;
  const auto outcome =
      test::run(ask_twice(client, Request("POST", "/second").body("x"), [&] { closed.wait(false); }, &answer));
  EXPECT_TRUE(test::succeeds(outcome));
  EXPECT_EQ(server.connections(), 2);
}

// The keep-alive runs out while the request is on its way: the server reads it and closes.
TEST(Misbehaving, ClosesOnAReusedConnectionInsteadOfAnAnswer) {
  for (const bool reset : {false, true})
    for (const std::string method : {"GET", "PUT", "POST"}) {
      std::atomic<int> received{0};
      ScriptedServer server([&](Peer& peer) {
        while (auto request = peer.read_request()) {
          if (request->target() == "/second") {
            ++received;
            if (peer.number() == 1) {
              if (reset) peer.reset();
              return;
            }
          }
          peer.answer(200, "");
        }
      });
      Client client(server.origin(), plain_options());
      Response answer;
      const auto outcome =
          test::run(ask_twice(client, Request(method, "/second").body(method == "GET" ? "" : "x"), [] {}, &answer));
      SCOPED_TRACE(method + (reset ? " reset" : " closed"));
      if (method == "POST") {
        EXPECT_TRUE(test::fails_with(outcome, errc::connection_lost));
        EXPECT_TRUE(outcome.error() && outcome.error()->maybe_applied());
        EXPECT_EQ(received, 1);
      } else {
        EXPECT_TRUE(test::succeeds(outcome));
        EXPECT_TRUE(answer.repeated);
        EXPECT_EQ(received, 2);
      }
    }
}

TEST(Misbehaving, RefusesTheConnection) {
  std::uint16_t port = 0;
  {
    ScriptedServer gone([](Peer&) {});
    port = gone.port();
  }
  const auto told = send(Client("http://127.0.0.1:" + std::to_string(port),
                                plain_options().pool(ClientOptions::default_pool().fail_fast(true))),
                         Request("POST", "/").timeout(500ms));
  EXPECT_TRUE(told.outcome.is(errc::connect_failed) || told.outcome.is(errc::timeout) ||
              told.outcome.is(errc::pool_timeout))
      << told.outcome;
  EXPECT_FALSE(told.outcome.error()->maybe_applied());
  EXPECT_LT(told.time, 5s);
}

// --- what takes too long
// -----------------------------------------------------------------------------------------------------

TEST(Misbehaving, NeverAnswers) {
  const auto told = send(says_and_waits(""), Request("POST", "/").body("x"), plain_options().first_byte_timeout(60ms));
  EXPECT_TRUE(failed(told, errc::timeout));
  EXPECT_TRUE(told.outcome.error()->maybe_applied());
  EXPECT_NE(told.outcome.text().find("first byte"), std::string::npos) << told.outcome.text();
  EXPECT_LT(told.time, 10s);
}

TEST(Misbehaving, StopsWithinTheBody) {
  const auto told = send(says_and_waits("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), Request("GET", "/"),
                         plain_options().read_idle_timeout(60ms));
  EXPECT_TRUE(failed(told, errc::timeout));
  EXPECT_NE(told.outcome.text().find("body"), std::string::npos) << told.outcome.text();
  EXPECT_LT(told.time, 10s);
}

TEST(Misbehaving, StopsWithinABodyThatTheConnectionsEndWouldEnd) {
  const auto told =
      send(says_and_waits("HTTP/1.1 200 OK\r\n\r\nabc"), Request("GET", "/"), plain_options().read_idle_timeout(60ms));
  EXPECT_TRUE(failed(told, errc::timeout));  // and not a body of three bytes
}

TEST(Misbehaving, DripsTheHead) {
  const auto told = send(
      [](Peer& peer) {
        if (peer.read_request()) peer.drip("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'), 5ms);
      },
      Request("GET", "/").timeout(200ms));
  EXPECT_TRUE(failed(told, errc::timeout));
  EXPECT_LT(told.time, 10s);
}

TEST(Misbehaving, DripsTheBody) {
  const auto told = send(
      [](Peer& peer) {
        if (!peer.read_request()) return;
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        peer.drip(std::string(100'000, 'x'), 5ms);
      },
      Request("GET", "/").timeout(200ms));
  EXPECT_TRUE(failed(told, errc::timeout));
  EXPECT_LT(told.time, 10s);
}

// Never silent for long, and never done: only its average tells.
void drip_body(Peer& peer) {
  if (!peer.read_request()) return;
  peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
  peer.drip(std::string(100'000, 'x'), 5ms);
}

TEST(Misbehaving, DripsTheBodyBelowTheLowestSpeed) {
  const auto slow = plain_options().low_speed_limit(1'000'000).low_speed_time(200ms);
  const auto told = send(drip_body, Request("GET", "/"), slow);
  EXPECT_TRUE(failed(told, errc::timeout));
  EXPECT_NE(told.outcome.text().find("low_speed_limit"), std::string::npos) << told.outcome.text();
  EXPECT_NE(told.outcome.text().find("body"), std::string::npos) << told.outcome.text();
  EXPECT_LT(told.time, 10s);
  EXPECT_GE(told.time, 150ms);  // the clock for this is the kernel's coarse one
}

TEST(Misbehaving, IsFastEnough) {
  // Slow in bytes a second by any other measure, and the limit asks for less.
  const auto told = send(
      [](Peer& peer) {
        if (!peer.read_request()) return;
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n");
        peer.drip(std::string(300, 'x'), 5ms);
      },
      Request("GET", "/"), plain_options().low_speed_limit(1).low_speed_time(600ms));
  EXPECT_TRUE(test::succeeds(told.outcome));
  EXPECT_EQ(told.answer.body.size(), 300U);
}

awaitable<Outcome> read_slowly(Client client, std::uint64_t* total) {
  Outcome outcome;
  try {
    auto stream = co_await client.open(Request("GET", "/"));
    std::vector<char> room(8192);
    boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
    while (const auto count = co_await stream.read_some(room)) {
      *total += count;
      pause.expires_after(30ms);  // that is what is tested: a reader who takes its time
      co_await pause.async_wait(boost::asio::use_awaitable);
    }
  } catch (...) {
    outcome = Outcome::from(std::current_exception());
  }
  co_return outcome;
}

TEST(Misbehaving, ASlowReaderIsNotTheServersFault) {
  ScriptedServer server(says("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x')));
  std::uint64_t total = 0;
  // The reader takes about 270 kB/s and the limit asks for 1 MB/s.
  const Client client(server.origin(), plain_options().low_speed_limit(1'000'000).low_speed_time(100ms));
  EXPECT_TRUE(test::succeeds(test::run(read_slowly(client, &total))));
  EXPECT_EQ(total, 100'000U);
}

TEST(Misbehaving, TakesNothingOfTheBody) {
  const auto told =
      send([](Peer& peer) { peer.wait_for_close(); }, Request("POST", "/").body(std::string(64 << 20, 'x')),
           plain_options().write_idle_timeout(100ms));
  EXPECT_TRUE(failed(told, errc::timeout));
  EXPECT_NE(told.outcome.text().find("writing"), std::string::npos) << told.outcome.text();
  EXPECT_LT(told.time, 10s);
}

// --- interim answers and early ones
// --------------------------------------------------------------------------------------

TEST(Misbehaving, InterimAnswersNobodyAskedFor) {
  const auto told =
      send(says("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  EXPECT_TRUE(test::succeeds(told.outcome));
  EXPECT_EQ(told.answer.body.view(), "ok");
  EXPECT_FALSE(told.answer.headers.contains("Link"));
}

TEST(Misbehaving, InterimAnswersWithoutEnd) {
  std::string forever;
  for (int i = 0; i < 100; ++i) forever += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_TRUE(failed(send(says_and_waits(forever)), errc::protocol_error));
  EXPECT_TRUE(failed(send(says_and_waits("HTTP/1.1 101 Switching\r\n\r\n")), errc::protocol_error));
}

TEST(Misbehaving, RefusesTheExpectation) {
  std::atomic<int> with_body{0};
  ScriptedServer server([&](Peer& peer) {
    while (auto head = peer.read_head()) {
      test::Received request;
      request.head = *head;
      if (!request.field("Expect").empty()) {
        peer.answer(417, "");
        peer.wait_for_close();
        return;
      }
      if (!peer.read_body(request)) return;
      with_body += request.body == "hello" ? 1 : 0;
      peer.answer(200, "");
    }
  });
  const auto told =
      send(Client(server.origin(), plain_options()), Request("POST", "/").body("hello").expect_continue(true));
  EXPECT_TRUE(test::succeeds(told.outcome));
  EXPECT_EQ(told.answer.status, 200);
  EXPECT_EQ(with_body, 1);
}

TEST(Misbehaving, RefusesTheBodyBeforeItWasSent) {
  const auto told = send(
      [](Peer& peer) {
        if (!peer.read_head()) return;
        peer.answer(413, "too much");
        peer.wait_for_close();
      },
      Request("POST", "/").body(std::string(64 << 20, 'x')));
  EXPECT_TRUE(test::succeeds(told.outcome));
  EXPECT_EQ(told.answer.status, 413);
  EXPECT_EQ(told.answer.body.view(), "too much");
}

TEST(Misbehaving, AnswersTheExpectationWithAnError) {
  std::atomic<bool> body_came{false};
  const auto told = send(
      [&](Peer& peer) {
        if (!peer.read_head()) return;
        peer.answer(403, "no");
        char byte = 0;
        body_came = ::recv(peer.socket(), &byte, 1, 0) > 0;
      },
      Request("PUT", "/").body(std::string(1 << 20, 'x')).expect_continue(true));
  EXPECT_TRUE(test::succeeds(told.outcome));
  EXPECT_EQ(told.answer.status, 403);
  EXPECT_FALSE(body_came);
}

TEST(Misbehaving, AsksForPatience) {
  const auto told = send(says("HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_TRUE(test::succeeds(told.outcome));
  EXPECT_EQ(told.answer.retry_after(), 3s);
  const auto error = status_error(told.answer, "GET", "server");
  EXPECT_EQ(error.kind(), errc::unavailable);
  EXPECT_EQ(error.context().retry_after(), 3s);
}

// --- bytes that are wrong
// ------------------------------------------------------------------------------------------------------

TEST(Misbehaving, AnnouncesTooMuch) {
  EXPECT_TRUE(failed(send(says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")), errc::connection_lost));
}

TEST(Misbehaving, AnnouncesTooLittle) {
  ScriptedServer server([](Peer& peer) {
    if (!peer.read_request()) return;
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    peer.wait_for_close(5s);
  });
  Client client(server.origin(), plain_options());
  Response answer;
  // What follows the first answer is not taken for the second one.
  const auto outcome = test::run(ask_twice(client, Request("GET", "/second").timeout(3s), [] {}, &answer));
  EXPECT_EQ(server.connections(), 2);
  EXPECT_TRUE(outcome.ok() ? answer.body.view() == "abc" : outcome.is(errc::timeout)) << outcome;
}

TEST(Misbehaving, ChunksThatAreNone) {
  for (const std::string garbage : {"xyz\r\n", "5\r\nabcdefgh", "-1\r\n", "\r\n\r\n", "ffffffffffffffffff\r\n"})
    EXPECT_TRUE(failed(send(says_and_waits("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + garbage)),
                       errc::protocol_error))
        << garbage;
  EXPECT_TRUE(
      failed(send(says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")), errc::connection_lost));
}

TEST(Misbehaving, SpeaksAnotherProtocol) {
  for (const std::string bytes :
       {"SSH-2.0-OpenSSH_9.2\r\n", "\x15\x03\x01\x02\x02\x46\x15\x03\x01\x02\x02\x46", "HTTP/2.0 200 OK\r\n\r\n"})
    EXPECT_TRUE(failed(send(says_and_waits(bytes), Request("GET", "/"), plain_options().read_idle_timeout(1s)),
                       errc::protocol_error));
}

// Sends `piece` again and again until the client goes; says how much went out.
ScriptedServer::Script endless(std::string begin, std::string piece) {
  return [begin = std::move(begin), piece = std::move(piece)](Peer& peer) {
    if (!peer.read_request()) return;
    if (!peer.send(begin)) return;
    for (std::uint64_t sent = 0; sent < (std::uint64_t{10} << 30U); sent += piece.size())
      if (!peer.send(piece)) return;
  };
}

TEST(Misbehaving, EndlessHeads) {
  const auto before = resident_bytes();
  EXPECT_TRUE(
      failed(send(endless("HTTP/1.1 200 OK\r\n", "X-More: " + std::string(1000, 'x') + "\r\n")), errc::too_large));
  EXPECT_TRUE(failed(send(endless("HTTP/1.1 200 OK\r\nX: ", std::string(1000, 'x'))), errc::too_large));
  EXPECT_TRUE(failed(send(endless("HTTP/1.1 200 ", std::string(1000, 'x'))), errc::too_large));
  EXPECT_TRUE(failed(send(endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", std::string(1000, 'x'))),
                     errc::too_large));
  EXPECT_LT(resident_bytes(), before + (32U << 20U));
}

TEST(Misbehaving, BodiesOfTenGigabytes) {
  const auto before = resident_bytes();
  const auto options = plain_options().max_body(1 << 20);
  const std::string piece(64 * 1024, 'x');
  EXPECT_TRUE(failed(
      send(endless("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n", piece), Request("GET", "/"), options),
      errc::too_large));
  EXPECT_TRUE(failed(send(endless("HTTP/1.1 200 OK\r\n\r\n", piece), Request("GET", "/"), options), errc::too_large));
  EXPECT_TRUE(
      failed(send(endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "10000\r\n" + piece + "\r\n"),
                  Request("GET", "/"), options),
             errc::too_large));
  EXPECT_LT(resident_bytes(), before + (32U << 20U));
}

awaitable<std::uint64_t> read_much(Client client, std::uint64_t enough) {
  auto stream = co_await client.open(Request("GET", "/"));
  std::vector<char> room(64 * 1024);
  std::uint64_t total = 0;
  while (total < enough) {
    const auto count = co_await stream.read_some(room);
    if (count == 0) break;
    total += count;
  }
  co_return total;
}

TEST(Misbehaving, AStreamOfTenGigabytesNeedsNoMemory) {
  const auto before = resident_bytes();
  ScriptedServer server(
      endless("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n", std::string(256 * 1024, 'x')));
  const std::uint64_t enough = 200U << 20U;
  EXPECT_GE(test::run(read_much(Client(server.origin(), plain_options()), enough)), enough);
  EXPECT_LT(resident_bytes(), before + (32U << 20U));
}

TEST(Misbehaving, AGzipBomb) {
  const auto before = resident_bytes();
  std::string bomb;
  {
    const std::string member = gzip(std::string(16 << 20, '\0'));
    for (int i = 0; i < 64; ++i) bomb += member;  // a gigabyte
  }
  const auto head =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + std::to_string(bomb.size()) + "\r\n\r\n";
  const auto told =
      send(says_and_waits(head + bomb), Request("GET", "/"), plain_options().gzip(true).max_body(4 << 20));
  EXPECT_TRUE(failed(told, errc::too_large));
  EXPECT_LT(resident_bytes(), before + (64U << 20U));
}

TEST(Misbehaving, GzipThatIsNone) {
  const auto with_gzip = plain_options().gzip(true);
  EXPECT_TRUE(failed(send(says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"),
                          Request("GET", "/"), with_gzip),
                     errc::protocol_error));
  const auto packed = gzip("hello, world");
  const auto cut = packed.substr(0, packed.size() - 4);
  EXPECT_TRUE(failed(send(says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                               std::to_string(cut.size()) + "\r\n\r\n" + cut),
                          Request("GET", "/"), with_gzip),
                     errc::protocol_error));
  const auto other = send(says("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello"),
                          Request("GET", "/"), with_gzip);
  EXPECT_EQ(other.answer.body.view(), "hello");  // as it is: the field says what it is
}

TEST(Misbehaving, AProxyThatRefuses) {
  for (const auto& [status, code] :
       std::map<int, errc>{{407, errc::authentication_failed}, {403, errc::connect_failed}}) {
    ScriptedServer proxy([answered = status](Peer& peer) {
      if (auto request = peer.read_request()) {
        EXPECT_EQ(request->method(), "CONNECT");
        EXPECT_EQ(request->target(), "far.example:443");
        peer.answer(answered, "");
      }
    });
    Client client("https://far.example", ClientOptions{}
                                             .proxy("http://me:s3cret@127.0.0.1:" + std::to_string(proxy.port()))
                                             .pool(ClientOptions::default_pool().fail_fast(true))
                                             .timeout(700ms));
    const auto told = send(client, Request("GET", "/"));
    EXPECT_FALSE(told.outcome.ok());
    if (status == 407) {
      EXPECT_TRUE(failed(told, code));
    }
    EXPECT_EQ(told.outcome.text().find("s3cret"), std::string::npos);
    EXPECT_EQ(told.outcome.text().find("bWU6czNjcmV0"), std::string::npos);
    EXPECT_NE(told.outcome.text().find(std::to_string(status)), std::string::npos) << told.outcome.text();
  }
}

// --- chaos
// ------------------------------------------------------------------------------------------------------------------

awaitable<void> post_numbered(Client client, int first, int count, std::map<int, Outcome>* outcomes) {
  for (int i = first; i < first + count; ++i)
    (*outcomes)[i] = co_await ask(
        client,
        Request("POST", "/" + std::to_string(i)).body(std::string(static_cast<std::size_t>(1 + i % 7 * 40'000), 'x')),
        nullptr);
}

TEST(Misbehaving, NothingIsAppliedTwiceWhateverHappens) {
  std::mutex mutex;
  std::multiset<int> applied;
  const unsigned seed = 20'240'229;
  SCOPED_TRACE("seed " + std::to_string(seed));
  ScriptedServer server([&](Peer& peer) {
    std::mt19937 random(seed + static_cast<unsigned>(peer.number()));
    for (;;) {
      const auto dice = random() % 12;
      if (dice == 0) return;  // closes an idle connection, or one that was just opened
      if (dice == 1) return peer.reset();
      auto head = peer.read_head();
      if (!head) return;
      test::Received request;
      request.head = std::move(*head);
      if (dice == 2) return peer.reset();  // within the body
      if (!peer.read_body(request)) return;
      {
        const std::lock_guard lock(mutex);
        applied.insert(std::stoi(request.target().substr(1)));
      }
      if (dice == 3) return;  // applied, and not a word
      if (dice == 4) return peer.reset();
      if (dice == 5) {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        return;
      }
      if (dice == 6) peer.send("HTTP/1.1 103 Early Hints\r\n\r\n");
      if (!peer.answer(200, "done")) return;
    }
  });
  Client client(server.origin(), plain_options());
  std::map<int, Outcome> outcomes;
  boost::asio::io_context io(1);
  std::vector<test::Completion<void>> done(4);
  for (int task = 0; task < 4; ++task)
    test::start(io.get_executor(), post_numbered(client, task * 1000, 60, &outcomes),
                done[static_cast<std::size_t>(task)]);
  io.run();
  for (auto& completion : done) completion.take();
  int succeeded = 0;
  const std::lock_guard lock(mutex);
  for (const auto& [number, outcome] : outcomes) {
    const auto count = applied.count(number);
    EXPECT_LE(count, 1U) << number;
    if (outcome.ok()) {
      ++succeeded;
      EXPECT_EQ(count, 1U) << number;
    } else {
      ASSERT_TRUE(outcome.error()) << outcome;
      if (!outcome.error()->maybe_applied()) {
        EXPECT_EQ(count, 0U) << number << ": " << outcome;
      }
    }
  }
  EXPECT_EQ(outcomes.size(), 240U);
  EXPECT_GT(succeeded, 60);
}

}  // namespace
}  // namespace weir::http
