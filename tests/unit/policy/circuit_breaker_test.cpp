#include "policy/circuit_breaker.hpp"

#include "support/sanitizers.hpp"

#include <gtest/gtest.h>

#include <random>

namespace {

using namespace std::chrono_literals;
using weir::errc;
using weir::Error;
using weir::policy::BreakerOptions;
using weir::policy::CircuitBreaker;
using weir::policy::EndpointSet;
using weir::policy::TimePoint;
using State = CircuitBreaker::State;

const TimePoint start{1000s};
const Error refused(errc::connect_failed, "refused");
const Error overloaded(errc::unavailable, "503");

TEST(CircuitBreaker, one_failed_connect_opens_it) {
  CircuitBreaker breaker;
  EXPECT_TRUE(breaker.allow(start));
  EXPECT_TRUE(breaker.failed(refused, start, 1));
  EXPECT_EQ(breaker.state(start), State::open);
  EXPECT_FALSE(breaker.allow(start + 999ms));
}

TEST(CircuitBreaker, five_other_failures_in_a_row_open_it) {
  CircuitBreaker breaker;
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.failed(overloaded, start, 1));
  breaker.succeeded();
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.failed(overloaded, start, 1));
  EXPECT_TRUE(breaker.failed(overloaded, start, 1));
}

TEST(CircuitBreaker, what_the_caller_did_wrong_does_not_count) {
  for (const auto code : {errc::already_exists, errc::conflict, errc::not_found, errc::invalid_query, errc::throttled,
                          errc::too_large, errc::cancelled, errc::pool_timeout, errc::permission_denied}) {
    CircuitBreaker breaker;
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(breaker.failed(Error(code, "x"), start, 1)) << to_string(code);
    EXPECT_EQ(breaker.state(start), State::closed);
  }
}

TEST(CircuitBreaker, one_request_at_a_time_tries_it_out) {
  CircuitBreaker breaker;
  breaker.failed(refused, start, 1);
  const auto later = start + 1s;
  EXPECT_EQ(breaker.state(later), State::half_open);
  EXPECT_TRUE(breaker.allow(later));
  EXPECT_FALSE(breaker.allow(later)) << "the probe is under way";
  breaker.abandoned();
  EXPECT_TRUE(breaker.allow(later)) << "a cancelled probe leaves its place to another";
  breaker.succeeded();
  EXPECT_EQ(breaker.state(later), State::closed);
  EXPECT_TRUE(breaker.allow(later));
  EXPECT_TRUE(breaker.allow(later));
}

TEST(CircuitBreaker, every_failed_probe_doubles_the_time_up_to_the_limit) {
  CircuitBreaker breaker;
  auto now = start;
  breaker.failed(refused, now, 1);
  for (const auto expected : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    EXPECT_EQ(breaker.open_until() - now, expected);
    now = breaker.open_until();
    ASSERT_TRUE(breaker.allow(now));
    EXPECT_TRUE(breaker.failed(overloaded, now, 1)) << "any failure of the probe counts, at once";
  }
  breaker.allow(breaker.open_until());
  breaker.succeeded();
  breaker.failed(refused, now, 0);
  EXPECT_EQ(breaker.open_until() - now, 500ms) << "from the start again, jittered over the upper half";
}

TEST(CircuitBreaker, requests_that_were_under_way_do_not_make_it_longer) {
  CircuitBreaker breaker;
  breaker.failed(refused, start, 1);
  const auto until = breaker.open_until();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(breaker.failed(refused, start + 10ms, 1));
  EXPECT_EQ(breaker.open_until(), until);
}

TEST(EndpointSet, goes_round_and_leaves_the_bad_one_out) {
  EndpointSet endpoints(3, BreakerOptions{});
  EXPECT_EQ(endpoints.choose(start), 0U);
  EXPECT_EQ(endpoints.choose(start), 1U);
  EXPECT_EQ(endpoints.choose(start), 2U);
  endpoints.failed(1, refused, start, 1);
  EXPECT_EQ(endpoints.choose(start), 0U);
  EXPECT_EQ(endpoints.choose(start), 2U);
  EXPECT_EQ(endpoints.choose(start), 0U);
  EXPECT_EQ(endpoints.choose(start + 1s), 1U) << "the probe";
  EXPECT_EQ(endpoints.choose(start + 1s), 2U);
  EXPECT_EQ(endpoints.choose(start + 1s), 0U);
  EXPECT_EQ(endpoints.choose(start + 1s), 2U) << "the others wait for the probe's outcome";
}

TEST(EndpointSet, a_retry_goes_elsewhere_when_there_is_an_elsewhere) {
  EndpointSet endpoints(2, BreakerOptions{});
  EXPECT_EQ(endpoints.choose(start), 0U);
  EXPECT_EQ(endpoints.choose(start, 1), 0U);
  EXPECT_TRUE(endpoints.has_other(0, start));
  endpoints.failed(0, refused, start, 1);
  EXPECT_EQ(endpoints.choose(start, 1), 1U) << "the only healthy one, although it is to be avoided";
  EXPECT_FALSE(endpoints.has_other(1, start));
}

TEST(EndpointSet, is_never_given_up_altogether) {
  EndpointSet endpoints(3, BreakerOptions{});
  endpoints.failed(0, refused, start + 2ms, 1);
  endpoints.failed(1, refused, start, 1);
  endpoints.failed(2, refused, start + 1ms, 1);
  EXPECT_EQ(endpoints.choose(start + 3ms), 1U) << "the first to open again";
  EXPECT_THROW(EndpointSet(0, BreakerOptions{}), Error);
}

// Property: under random outcomes there is always an endpoint, and one that is open is not chosen while another is
// closed.
TEST(EndpointSet, random_walk) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  EndpointSet endpoints(4, BreakerOptions{});
  auto now = start;
  for (int step = 0; step < weir::test::rounds(50000); ++step) {
    now += std::chrono::milliseconds(random() % 200);
    bool any_closed = false;
    for (std::size_t i = 0; i < endpoints.size(); ++i) any_closed |= endpoints[i].state(now) == State::closed;
    const auto chosen = endpoints.choose(now);
    ASSERT_LT(chosen, endpoints.size());
    if (any_closed) {
      ASSERT_NE(endpoints[chosen].state(now), State::open);
    }
    switch (random() % 4) {
      case 0: endpoints.failed(chosen, refused, now, 0.5); break;
      case 1: endpoints.failed(chosen, overloaded, now, 0.5); break;
      case 2: endpoints.abandoned(chosen); break;
      default: endpoints.succeeded(chosen);
    }
  }
}

}  // namespace
