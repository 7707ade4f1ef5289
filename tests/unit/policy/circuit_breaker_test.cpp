#include "policy/circuit_breaker.hpp"

#include "support/sanitizers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using weir::errc;
using weir::Error;
using weir::policy::BreakerOptions;
using weir::policy::CircuitBreaker;
using weir::policy::SharedBreaker;
using weir::policy::TimePoint;
using State = CircuitBreaker::State;
using Answer = CircuitBreaker::Answer;

const TimePoint start{1000s};
const Error refused(errc::connect_failed, "refused");
const Error overloaded(errc::unavailable, "503");

BreakerOptions after(unsigned failures) { return BreakerOptions().failures(failures); }

TEST(CircuitBreaker, so_many_failures_in_a_row_open_it) {
  CircuitBreaker breaker;
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.failed(overloaded, false, start, 1));
  breaker.succeeded(false);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.failed(refused, false, start, 1));
  EXPECT_EQ(breaker.ask(start), Answer::allowed);
  EXPECT_TRUE(breaker.failed(overloaded, false, start, 1));
  EXPECT_EQ(breaker.state(start), State::open);
  EXPECT_EQ(breaker.ask(start + 999ms), Answer::refused);
}

TEST(CircuitBreaker, what_the_caller_did_wrong_does_not_count) {
  for (const auto code : {errc::already_exists, errc::conflict, errc::not_found, errc::invalid_query, errc::throttled,
                          errc::too_large, errc::cancelled, errc::permission_denied}) {
    CircuitBreaker breaker(after(1));
    EXPECT_FALSE(breaker.failed(Error(code, "x"), false, start, 1)) << to_string(code);
    EXPECT_EQ(breaker.state(start), State::closed);
  }
}

TEST(CircuitBreaker, what_the_store_failed_at_counts) {
  for (const auto code : {errc::connect_failed, errc::connection_lost, errc::timeout, errc::pool_timeout,
                          errc::unavailable, errc::server_error, errc::protocol_error, errc::tls_failed}) {
    CircuitBreaker breaker(after(1));
    EXPECT_TRUE(breaker.failed(Error(code, "x"), false, start, 1)) << to_string(code);
  }
}

TEST(CircuitBreaker, one_request_at_a_time_tries_it_out) {
  CircuitBreaker breaker(after(1));
  breaker.failed(refused, false, start, 1);
  const auto later = start + 1s;
  EXPECT_EQ(breaker.state(later), State::half_open);
  EXPECT_EQ(breaker.ask(later), Answer::probe);
  EXPECT_EQ(breaker.ask(later), Answer::refused) << "the probe is under way";
  breaker.abandoned();
  EXPECT_EQ(breaker.ask(later), Answer::probe) << "a cancelled probe leaves its place to another";
  EXPECT_FALSE(breaker.failed(Error(errc::cancelled, "x"), true, later, 1));
  EXPECT_EQ(breaker.ask(later), Answer::probe) << "so does one that says nothing about the store";
  breaker.succeeded(true);
  EXPECT_EQ(breaker.state(later), State::closed);
  EXPECT_EQ(breaker.ask(later), Answer::allowed);
  EXPECT_EQ(breaker.ask(later), Answer::allowed);
}

TEST(CircuitBreaker, every_failed_probe_doubles_the_time_up_to_the_limit) {
  CircuitBreaker breaker(after(1));
  auto now = start;
  breaker.failed(refused, false, now, 1);
  for (const auto expected : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    EXPECT_EQ(breaker.open_until() - now, expected);
    now = breaker.open_until();
    ASSERT_EQ(breaker.ask(now), Answer::probe);
    EXPECT_TRUE(breaker.failed(overloaded, true, now, 1));
  }
  ASSERT_EQ(breaker.ask(breaker.open_until()), Answer::probe);
  breaker.succeeded(true);
  breaker.failed(refused, false, now, 0);
  EXPECT_EQ(breaker.open_until() - now, 500ms) << "from the start again, jittered over the upper half";
}

TEST(CircuitBreaker, requests_that_were_under_way_say_nothing_while_it_is_open) {
  CircuitBreaker breaker(after(1));
  breaker.failed(refused, false, start, 1);
  const auto until = breaker.open_until();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(breaker.failed(refused, false, start + 10ms, 1));
  EXPECT_EQ(breaker.open_until(), until);
  ASSERT_EQ(breaker.ask(until), Answer::probe);
  EXPECT_FALSE(breaker.failed(refused, false, until, 1));
  breaker.succeeded(false);
  EXPECT_EQ(breaker.state(until), State::half_open) << "until the probe has ended";
}

TEST(SharedBreaker, tells_how_long_and_why) {
  SharedBreaker breaker(after(2));
  EXPECT_EQ(breaker.ask(start), Answer::allowed);
  EXPECT_FALSE(breaker.failed(overloaded, false, start, 1));
  EXPECT_TRUE(breaker.failed(refused, false, start, 1));
  EXPECT_EQ(breaker.ask(start), Answer::refused);
  const auto error = breaker.refusal(start + 400ms);
  EXPECT_EQ(error.kind(), errc::unavailable);
  EXPECT_EQ(error.context().retry_after(), 600ms);
  EXPECT_THAT(error.what(), HasSubstr("2 times in a row"));
  EXPECT_THAT(error.what(), HasSubstr("600.0 ms"));
  EXPECT_THAT(error.what(), HasSubstr("refused"));
  ASSERT_EQ(breaker.ask(start + 1s), Answer::probe);
  EXPECT_THAT(breaker.refusal(start + 2s).what(), HasSubstr("trying it out"));
  breaker.abandoned();
  ASSERT_EQ(breaker.ask(start + 2s), Answer::probe);
  breaker.succeeded(true);
  EXPECT_EQ(breaker.ask(start + 2s), Answer::allowed);
}

// Property: under random outcomes at most one probe is under way, nobody is let in before the time, and the first
// success of a probe lets everybody in.
TEST(SharedBreaker, random_walk) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  CircuitBreaker breaker(after(3));
  auto now = start;
  bool probing = false;
  for (int step = 0; step < weir::test::rounds(50000); ++step) {
    now += std::chrono::milliseconds(random() % 200);
    const auto before = breaker.state(now);
    const auto answer = breaker.ask(now);
    ASSERT_EQ(answer == Answer::allowed, before == State::closed);
    if (answer == Answer::probe) {
      ASSERT_FALSE(probing);
      ASSERT_GE(now, breaker.open_until());
      probing = true;
    }
    const bool probe = probing && random() % 2 == 0;
    if (answer == Answer::refused && !probe) continue;
    switch (random() % 4) {
      case 0: breaker.failed(refused, probe, now, 0.5); break;
      case 1: breaker.failed(Error(errc::conflict, "x"), probe, now, 0.5); break;
      case 2:
        if (probe) breaker.abandoned();
        break;
      default:
        breaker.succeeded(probe);
        if (probe) {
          ASSERT_EQ(breaker.state(now), State::closed);
        }
    }
    if (probe) probing = false;
  }
}

TEST(SharedBreaker, of_many_threads) {
  SharedBreaker breaker(after(1));
  breaker.failed(refused, false, start, 1);
  std::atomic<int> probes{0}, refusals{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        const auto answer = breaker.ask(start + 1s);
        if (answer == Answer::probe) ++probes;
        if (answer == Answer::refused) ++refusals;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(probes, 1);
  EXPECT_EQ(refusals, 3999);
}

}  // namespace
