// Stores and gateways that answer what they should not: no wrong bytes are given on, no other object is touched.
#include "wire/s3/support.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace weir::s3 {
namespace {

using namespace std::chrono_literals;
using test::FakeStore;
using test::Fault;
using test::Peer;
using test::run;
using test::ScriptedServer;

Client client_of(const ScriptedServer& server) {
  ClientOptions options;
  options.endpoint_url(server.origin()).access_key_id("key").secret_access_key("secret");
  options.http(http::ClientOptions{}.proxy("off").timeout(20s)).retry(RetryOptions{}.max_attempts(1));
  return Client("bucket", options.part_size(std::uint64_t{5} << 20));
}

/// One answer to every request; the connection ends after it.
ScriptedServer::Script answering(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer) {
    if (peer.read_request()) peer.send(bytes);
  };
}

awaitable<void> read_all(Client client, GetOptions options, std::string* to) {
  auto stream = co_await client.open("a", std::move(options));
  std::array<char, 16> room{};
  for (;;) {
    const auto size = co_await stream.read_some(room);
    if (size == 0) co_return;
    to->append(room.data(), size);
  }
}

constexpr const char* chunked_head = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(OddAnswers, AnObjectOfUnknownLengthThatIsCutIsNotWhole) {
  ScriptedServer cut(answering(std::string(chunked_head) + "5\r\nhello\r\n"));
  std::string got;
  const auto outcome = test::outcome_now([&] { run(read_all(client_of(cut), {}, &got)); });
  EXPECT_TRUE(test::fails_with(outcome, errc::connection_lost));
  EXPECT_EQ(got, "hello");
  ScriptedServer whole(answering(std::string(chunked_head) + "5\r\nhello\r\n0\r\n\r\n"));
  got.clear();
  run(read_all(client_of(whole), {}, &got));
  EXPECT_EQ(got, "hello");
}

TEST(OddAnswers, AnObjectOfUnknownLengthThatNeverEndsIsNotWhole) {
  ScriptedServer silent([](Peer& peer) {
    if (!peer.read_request()) return;
    peer.send(std::string(chunked_head) + "5\r\nhello\r\n");
    peer.wait_for_close();
  });
  std::string got;
  const auto outcome = test::outcome_now([&] { run(read_all(client_of(silent), GetOptions{}.timeout(300ms), &got)); });
  EXPECT_TRUE(test::fails_with(outcome, errc::timeout));
}

TEST(OddAnswers, ADownloadGivesOnOnlyWhatCame) {
  for (const char* head : {"Content-Range: bytes 0-9/100", "Content-Range: bytes 5-14/10", "Content-Range: bytes 0-9/0",
                           "X: no range at all"}) {
    ScriptedServer server(
        answering(std::string("HTTP/1.1 206 Partial Content\r\nETag: \"e\"\r\nContent-Length: 10\r\n") + head +
                  "\r\n\r\n0123456789"));
    auto sink = std::make_shared<Collect>();
    const auto outcome = test::outcome_now([&] { run(client_of(server).download("a", sink)); });
    EXPECT_TRUE(test::fails_with(outcome, errc::protocol_error)) << head;
    EXPECT_EQ(sink->text, "") << head;
  }
  ScriptedServer server(
      answering("HTTP/1.1 206 Partial Content\r\nETag: \"e\"\r\nContent-Length: 10\r\n"
                "Content-Range: bytes 0-9/10\r\n\r\n0123456789"));
  auto sink = std::make_shared<Collect>();
  run(client_of(server).download("a", sink));
  EXPECT_EQ(sink->text, "0123456789");
}

TEST(OddAnswers, APartIsNotTakenFromElsewhere) {
  const auto part = GetOptions{}.offset(3).length(4);
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/10\r\nContent-Length: 4\r\n\r\n0123"}) {
    ScriptedServer server(answering(answer));
    std::string got;
    const auto streamed = test::outcome_now([&] { run(read_all(client_of(server), part, &got)); });
    EXPECT_TRUE(test::fails_with(streamed, errc::protocol_error)) << answer << got;
    const auto whole = test::outcome_now([&] { run(client_of(server).get("a", part)); });
    EXPECT_TRUE(test::fails_with(whole, errc::protocol_error)) << answer;
  }
  // Who asks for more than there is may be given the whole.
  ScriptedServer server(answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"));
  std::string got;
  run(read_all(client_of(server), GetOptions{}.length(100), &got));
  EXPECT_EQ(got, "0123456789");
}

TEST(OddAnswers, KeysThatNobodyAskedToRemoveAreNotRemoved) {
  std::atomic<int> requests{0};
  ScriptedServer server([&](Peer& peer) {
    while (peer.read_request()) {
      ++requests;
      peer.answer(200, "<DeleteResult><Error><Key>a%20b</Key><Code>InternalError</Code></Error></DeleteResult>");
    }
  });
  ClientOptions options = client_of(server).options();
  Client client("bucket", options.retry(RetryOptions{}.max_attempts(3).base(1ms).max(1ms)));
  const std::vector<std::string> keys{"a b", "c"};
  const auto outcome = test::outcome_now([&] { run(client.remove_many(keys)); });
  EXPECT_TRUE(test::fails_with(outcome, errc::protocol_error));
  EXPECT_EQ(requests, 1);
}

awaitable<void> remove_absent(Client client, bool ours) {
  RemoveOptions same;
  same.if_match("0123456789abcdef");
  if (ours) {
    const auto put = co_await client.put("a", "x");
    same.if_match(put.etag);
    co_await client.remove("a", same);
  } else {
    EXPECT_FAILS(client.remove("a", same), not_found);
  }
}

TEST(OddAnswers, OnlyWhoRemovedItHasRemovedIt) {
  // The store asked to be left alone: it was not us after whom the object was gone.
  for (const auto fault : {Fault::slow_down, Fault::none}) {
    FakeStore store;
    store.choose(at_first(1, fault));
    run(remove_absent(weir::s3::client_of(store), false));
  }
  FakeStore store;
  store.choose(
      [](std::uint64_t number, const test::Received&) { return number == 2 ? Fault::reset_after : Fault::none; });
  run(remove_absent(weir::s3::client_of(store), true));
  EXPECT_TRUE(store.objects().empty());
}

/// What STS gives: for one hour.
class HourlyTokens final : public CredentialsSource {
 public:
  awaitable<Credentials> fetch() override {
    ++fetched;
    Credentials out("key", "secret", "token");
    out.expires(std::chrono::system_clock::now() + 1h);
    co_return out;
  }
  int fetched = 0;
};

awaitable<void> put_often(Client client) {
  for (int i = 0; i < 5; ++i) co_await client.put("a", "x");
}

TEST(OddAnswers, CredentialsLastAsLongByOurWrongClock) {
  FakeStore store;
  auto source = std::make_shared<HourlyTokens>();
  auto options = options_for(store).access_key_id("").secret_access_key("").credentials_source(source);
  Client client("bucket", options.clock([] { return std::chrono::system_clock::now() + 1h; }));
  run(put_often(client));
  EXPECT_LE(source->fetched, 2) << "before the clock was known to be wrong, and after";
  EXPECT_EQ(client.client_stats().healed, 1u);
}

/// Gives nothing until it is told to.
class Stuck final : public CredentialsSource {
 public:
  awaitable<Credentials> fetch() override {
    timer = std::make_unique<boost::asio::steady_timer>(co_await boost::asio::this_coro::executor, 1h);
    boost::system::error_code ignored;
    co_await timer->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    co_return Credentials("key", "secret", "");
  }
  std::unique_ptr<boost::asio::steady_timer> timer;
};

awaitable<void> put_without_credentials(Client client, std::shared_ptr<Stuck> source) {
  PutOptions soon;
  soon.timeout(500ms);
  EXPECT_FAILS(client.put("a", "x", soon), timeout);
  EXPECT_FAILS(client.put("b", "x", soon), timeout);  // who waits for the first one's fetching
  source->timer->cancel();
  const auto put = co_await client.put("c", "x");
  EXPECT_FALSE(put.etag.empty());
  source->timer.reset();  // it must not outlive its loop
}

TEST(OddAnswers, TheTimeLimitCoversTheCredentials) {
  FakeStore store;
  auto source = std::make_shared<Stuck>();
  auto options = options_for(store).access_key_id("").secret_access_key("").credentials_source(source);
  run(put_without_credentials(Client("bucket", options), source));
  EXPECT_EQ(store.objects().size(), 1u);
}

awaitable<void> put_in_time(Client client, std::string_view body, std::promise<void>* ended) {
  PutOptions soon;
  soon.timeout(2s);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_FAILS(client.put_view("big", body, soon), timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
  ended->set_value();
}

TEST(OddAnswers, TheTimeLimitCoversThePartsThatAreTakenBack) {
  std::promise<void> ended;
  const std::shared_future<void> end = ended.get_future().share();
  std::atomic<int> aborted{0};
  ScriptedServer server([&](Peer& peer) {
    while (auto request = peer.read_request()) {
      if (request->method() == "POST") {
        peer.answer(200, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>");
      } else if (request->method() == "DELETE") {
        end.wait_for(25s);  // an answer only when the caller has had his
        ++aborted;
        peer.answer(204, "");
      } else {
        peer.wait_for_close();
        return;
      }
    }
  });
  const auto body = pattern(std::size_t{11} << 20);
  run(put_in_time(client_of(server), body, &ended));
  EXPECT_EQ(aborted, 1);
}

TEST(OddAnswers, UploadsOfEveryPageAreAborted) {
  std::mutex mutex;
  std::vector<std::string> targets;
  ScriptedServer server([&](Peer& peer) {
    while (auto request = peer.read_request()) {
      const auto target = request->target();
      {
        const std::lock_guard lock(mutex);
        targets.push_back(request->method() + " " + target);
      }
      const bool second = target.find("key-marker=dir%2Fa%20b") != std::string::npos &&
                          target.find("upload-id-marker=u1") != std::string::npos;
      if (request->method() == "DELETE")
        peer.answer(204, "");
      else
        peer.answer(200, std::string("<ListMultipartUploadsResult><EncodingType>url</EncodingType><Upload><Key>") +
                             (second ? "dir/c" : "dir/a%20b") + "</Key><UploadId>" + (second ? "u2" : "u1") +
                             "</UploadId><Initiated>2020-01-01T00:00:00.000Z</Initiated></Upload>" +
                             (second ? "<IsTruncated>false</IsTruncated>"
                                     : "<IsTruncated>true</IsTruncated><NextKeyMarker>dir/a%20b</NextKeyMarker>"
                                       "<NextUploadIdMarker>u1</NextUploadIdMarker>") +
                             "</ListMultipartUploadsResult>");
    }
  });
  EXPECT_EQ(run(client_of(server).abort_uploads("dir/", std::chrono::system_clock::now())), 2u);
  EXPECT_EQ(targets.size(), 4u);
  EXPECT_EQ(targets.back(), "DELETE /bucket/dir/c?uploadId=u2");
}

awaitable<void> put_hello(Client client) {
  co_await client.put("a", "hello");
  const auto got = co_await client.get("a");
  EXPECT_TRUE(got && got->body.view() == "hello");
}

TEST(OddAnswers, WhatIsSignedIsNotCompressed) {
  FakeStore store;
  auto options = options_for(store);
  auto http = options.http();
  run(put_hello(Client("bucket", options.http(http.gzip(true).gzip_requests_from(1)))));
  EXPECT_EQ(store.objects().at("a").bytes, "hello");
}

}  // namespace
}  // namespace weir::s3
