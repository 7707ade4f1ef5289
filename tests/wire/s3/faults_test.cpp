// Stores that misbehave: what heals by itself, what is repeated, and what must never happen.
#include "support/random.hpp"
#include "support/sanitizers.hpp"
#include "wire/s3/support.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

namespace weir::s3 {
namespace {

using test::FakeStore;
using test::Fault;
using test::run;

awaitable<ClientStats> put_and_get(Client client) {
  co_await client.put("a", "hello");
  const auto got = co_await client.get("a");
  EXPECT_TRUE(got && got->body.view() == "hello");
  co_return client.client_stats();
}

TEST(Healing, AWrongClock) {
  for (const int hours : {-1, 1}) {
    FakeStore store;
    auto options = options_for(store);
    Client client("bucket", options.retry(RetryOptions{}.max_attempts(1)).clock([hours] {
      return std::chrono::system_clock::now() + std::chrono::hours(hours);
    }));
    const auto stats = run(put_and_get(client));
    EXPECT_EQ(stats.healed, 1u) << "once, and then remembered";
    EXPECT_EQ(store.requests(), 3u);
  }
}

TEST(Healing, AWrongRegion) {
  for (const bool told : {true, false}) {
    FakeStore store;
    store.region("eu-central-1", told);
    auto options = options_for(store);
    const auto stats = run(put_and_get(Client("bucket", options.retry(RetryOptions{}.max_attempts(1)))));
    EXPECT_EQ(stats.healed, 1u);
    EXPECT_EQ(store.requests(), 3u);
  }
}

class Tokens final : public CredentialsSource {
 public:
  awaitable<Credentials> fetch() override {
    ++fetched;
    co_return Credentials("key", "secret", "token" + std::to_string(fetched));
  }
  int fetched = 0;
};

awaitable<void> many_at_once(Client client) {
  std::vector<test::Completion<ObjectInfo>> done(20);
  const auto executor = co_await boost::asio::this_coro::executor;
  for (std::size_t i = 0; i < done.size(); ++i)
    test::start(executor, client.put("k" + std::to_string(i), "x"), done[i]);
  while (!std::all_of(done.begin(), done.end(), [](const auto& one) { return one.done; }))
    co_await boost::asio::post(boost::asio::use_awaitable);
  for (auto& one : done) one.take();
}

TEST(Healing, CredentialsThatEndedAreFetchedOnceForAll) {
  FakeStore store;
  store.session_token("token2");
  auto source = std::make_shared<Tokens>();
  auto options = options_for(store);
  Client client("bucket", options.access_key_id("").secret_access_key("").credentials_source(source));
  run(many_at_once(client));
  EXPECT_EQ(source->fetched, 2);
  EXPECT_EQ(store.objects().size(), 20u);
}

TEST(Healing, ARedirectToAnotherHost) {
  FakeStore here, there;
  here.send_away_to(there.origin());
  const auto stats = run(put_and_get(client_of(here)));
  EXPECT_EQ(stats.healed, 2u);
  EXPECT_EQ(there.objects().size(), 1u);
}

awaitable<std::string> kind_of_get(Client client) {
  const auto outcome = co_await test::outcome_of([&] { return client.get("a"); });
  co_return outcome.error() ? std::string(to_string(outcome.error()->kind())) : "absent";
}
awaitable<std::string> kind_of_head(Client client) {
  const auto outcome = co_await test::outcome_of([&] { return client.head("a"); });
  co_return outcome.error() ? std::string(to_string(outcome.error()->kind())) : "absent";
}

TEST(Absence, IsNeverAnOutage) {
  FakeStore store;
  EXPECT_EQ(run(kind_of_get(client_of(store))), "absent");
  FakeStore forbidden;
  forbidden.forbid();
  EXPECT_EQ(run(kind_of_get(client_of(forbidden))), "permission_denied");
  EXPECT_EQ(run(kind_of_head(client_of(forbidden))), "permission_denied");
  FakeStore bare;
  bare.remove_bucket();
  EXPECT_EQ(run(kind_of_get(client_of(bare))), "not_found");
  ClientOptions gone;
  {
    FakeStore closed;
    gone = options_for(closed);
  }
  const auto pool = http::ClientOptions::default_pool().acquire_timeout(std::chrono::milliseconds(200));
  gone.retry(RetryOptions{}.max_attempts(1)).http(http::ClientOptions{}.proxy("off").pool(pool));
  for (const auto& kind : {run(kind_of_get(Client("bucket", gone))), run(kind_of_head(Client("bucket", gone)))})
    EXPECT_TRUE(kind == "connect_failed" || kind == "pool_timeout") << kind;
}

TEST(Repeating, EachFaultOnce) {
  for (const auto fault : {Fault::slow_down, Fault::internal, Fault::reset_before, Fault::reset_after}) {
    FakeStore store;
    store.choose(at_first(1, fault));
    const auto stats = run(put_and_get(client_of(store)));
    EXPECT_EQ(stats.retries, 1u) << static_cast<int>(fault);
  }
}

awaitable<void> create_once(Client client) {
  PutOptions absent;
  absent.only_if_absent(true);
  co_await client.put("a", "mine", absent);
}
awaitable<void> create_against_another(Client client) {
  PutOptions absent;
  absent.only_if_absent(true);
  EXPECT_FAILS(client.put("a", "mine", absent), already_exists);
}

TEST(Repeating, AConditionalPutWhoseAnswerWasLostIsRecognised) {
  FakeStore store;
  store.choose(at_first(1, Fault::reset_after));
  run(create_once(client_of(store)));
  EXPECT_EQ(store.writes().at("a"), 1);
  // The same content of somebody else is not ours.
  FakeStore other;
  other.put("a", "mine");
  other.choose(at_first(1, Fault::reset_before));
  run(create_against_another(client_of(other)));
}

TEST(Repeating, TheEndOfAnUploadWhoseAnswerWasLostIsRecognised) {
  FakeStore store;
  bool lost = false;
  store.choose([&lost](std::uint64_t, const test::Received& request) {
    const bool complete = request.method() == "POST" && request.target().find("uploadId") != std::string::npos;
    return complete && !std::exchange(lost, true) ? Fault::reset_after : Fault::none;
  });
  auto options = options_for(store);
  Client client("bucket", options.part_size(std::uint64_t{5} << 20));
  const auto body = pattern(std::size_t{11} << 20);
  run(client.put_view("big", body));
  EXPECT_EQ(store.writes().at("big"), 1);
  EXPECT_TRUE(store.objects().at("big").bytes == body);
}

TEST(Repeating, ASuccessThatHoldsAnErrorIsNone) {
  FakeStore store;
  store.put("a", "hello");
  store.choose(at_first(1, Fault::error_in_success));
  const auto copied = run(client_of(store).copy("a", "b"));
  EXPECT_FALSE(copied.etag.empty());
  EXPECT_EQ(store.objects().at("b").bytes, "hello");
}

TEST(Repeating, BytesThatCameWrong) {
  for (const auto fault : {Fault::truncated, Fault::garbled}) {
    FakeStore store;
    run(client_of(store).put("a", "hello world"));
    int met = 0;
    store.choose([&met, fault](std::uint64_t, const test::Received&) { return met++ == 0 ? fault : Fault::none; });
    const auto got = run(client_of(store).get("a"));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->body.view(), "hello world");
    EXPECT_EQ(met, 2);
  }
}

// Many tasks, each with keys of its own, so that what is there at the end is known.
struct Storm {
  Storm(Client through, int operations) : client(std::move(through)), left(operations) {}
  Client client;
  int left;
  std::uint64_t done = 0;  ///< each is one request when nothing goes wrong
};

awaitable<void> work(std::shared_ptr<Storm> storm, int worker) {
  PutOptions absent;
  absent.only_if_absent(true);
  for (int i = 0; storm->left > 0; ++i) {
    storm->left -= 5;
    const auto key = std::to_string(worker) + "/" + std::to_string(i);
    const auto content = "content of " + key;
    const auto made = co_await storm->client.put(key, content, absent);
    const auto got = co_await storm->client.get(key);
    EXPECT_TRUE(got && got->body.view() == content) << key;
    co_await storm->client.copy(key, key + "-copy");
    PutOptions same;
    same.if_match(made.etag);
    const auto replaced = co_await storm->client.put(key, content + "!", same);
    const auto head = co_await storm->client.head(key);
    EXPECT_TRUE(head && head->etag == replaced.etag) << key;
    storm->done += 5;
  }
}

/// Of two thousand requests in a row exactly so many meet each fault, in an order that the seed says: what is measured
/// is the client, not the luck of a draw.
class Fates {
 public:
  explicit Fates(std::uint64_t seed) : random_(seed) {}
  Fault next() {
    if (left_.empty()) {
      left_.assign(2000, Fault::none);
      std::size_t at = 0;
      for (const auto& [fault, count] : {std::pair{Fault::slow_down, 100}, std::pair{Fault::error_in_success, 20},
                                         std::pair{Fault::reset_before, 14}, std::pair{Fault::reset_after, 4},
                                         std::pair{Fault::truncated, 2}, std::pair{Fault::elsewhere, 1}})
        for (int i = 0; i < count; ++i) left_[at++] = fault;
      for (std::size_t i = left_.size(); i > 1; --i) std::swap(left_[i - 1], left_[random_.below(i)]);
    }
    const auto fault = left_.back();
    left_.pop_back();
    return fault;
  }

 private:
  test::Random random_;
  std::vector<Fault> left_;
};

TEST(Storm, EverythingSucceedsAndNothingIsWrittenTwice) {
  const int operations = test::rounds(10'000);
  FakeStore store;
  store.region("us-east-1", true);
  Fates fates(test::seed());
  const auto half = static_cast<std::uint64_t>(operations) / 2;
  // In the middle the bucket moves to another region.
  store.choose([&](std::uint64_t number, const test::Received& request) {
    if (number == half) return Fault::moves;
    const auto fault = fates.next();
    // The host that a redirect leads to is this store too.
    const bool redirected = request.field("Host").starts_with("localhost");
    return fault == Fault::elsewhere && redirected ? Fault::none : fault;
  });
  auto options = options_for(store);
  auto http = options.http();
  http.pool(http::ClientOptions::default_pool().max_size(8));
  Client client("bucket", options.http(http));
  auto storm = std::make_shared<Storm>(client, operations);
  boost::asio::io_context io(1);
  std::vector<test::Completion<void>> done(8);
  for (int i = 0; i < 8; ++i) test::start(io.get_executor(), work(storm, i), done[static_cast<std::size_t>(i)]);
  io.run();
  for (auto& one : done) one.take();
  EXPECT_GE(storm->done, static_cast<std::uint64_t>(operations));
  // A read that was lost and repeated shows in the requests only; a condition that held, once under each key.
  for (const auto& [key, count] : store.writes())
    if (!key.ends_with("-copy")) {
      EXPECT_EQ(count, 2) << key;
    }
  for (const auto& [key, object] : store.objects()) {
    const bool copy = key.ends_with("-copy");
    const auto of = copy ? key.substr(0, key.size() - 5) : key;
    EXPECT_EQ(object.bytes, "content of " + of + (copy ? "" : "!"));
  }
  EXPECT_EQ(store.objects().size(), storm->done / 5 * 2);
  const auto extra = store.requests() - storm->done;
  std::printf("%llu requests for %llu operations\n", static_cast<unsigned long long>(store.requests()),
              static_cast<unsigned long long>(storm->done));
  if (operations == 10'000) {
    EXPECT_LE(extra * 100, storm->done * 8) << "of " << storm->done;
  }
}

}  // namespace
}  // namespace weir::s3
