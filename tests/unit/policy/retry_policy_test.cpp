#include "policy/retry_policy.hpp"

#include "support/sanitizers.hpp"

#include <gtest/gtest.h>

#include <random>

namespace {

using namespace std::chrono_literals;
using weir::errc;
using weir::Error;
using weir::ErrorContext;
using weir::RetryOptions;
using weir::policy::Attempts;
using weir::policy::decide;
using weir::policy::Duration;
using weir::policy::Effect;
using weir::policy::Failure;
using weir::policy::follow_hint;
using weir::policy::RetryBudget;
using weir::policy::TimePoint;
using weir::policy::Verdict;

const TimePoint start{1000s};

Error failure_of(errc code, bool maybe_applied = false) {
  return Error(code, "x", ErrorContext{}.maybe_applied(maybe_applied));
}

Failure at(Effect effect, unsigned attempt = 1, double random = 0.5) {
  Failure failure;
  failure.effect = effect;
  failure.attempt = attempt;
  failure.now = start;
  failure.random = random;
  return failure;
}

TEST(RetryPolicy, says_for_every_code_and_effect_whether_to_repeat) {
  RetryBudget budget(0);
  for (int value = 1; value <= static_cast<int>(errc::storage_full); ++value) {
    const auto code = static_cast<errc>(value);
    for (const bool maybe_applied : {false, true})
      for (const auto effect : {Effect::read, Effect::idempotent_write, Effect::other_write}) {
        const auto verdict = decide(RetryOptions{}, budget, failure_of(code, maybe_applied), at(effect)).verdict;
        const auto expected = !weir::transient_by_default(code)                ? Verdict::not_transient
                              : effect == Effect::other_write && maybe_applied ? Verdict::not_repeatable
                                                                               : Verdict::retry;
        EXPECT_EQ(verdict, expected) << weir::to_string(code) << " effect " << static_cast<int>(effect) << " maybe "
                                     << maybe_applied;
      }
  }
}

TEST(RetryPolicy, the_error_itself_may_say_that_it_passes) {
  RetryBudget budget(0);
  const Error passing(errc::server_error, "x", {}, true);
  EXPECT_EQ(decide(RetryOptions{}, budget, passing, at(Effect::read)).verdict, Verdict::retry);
  const Error lasting(errc::unavailable, "x", {}, false);
  EXPECT_EQ(decide(RetryOptions{}, budget, lasting, at(Effect::read)).verdict, Verdict::not_transient);
}

TEST(RetryPolicy, reads_and_writes_are_switched_off_apart) {
  RetryBudget budget(0);
  const auto no_reads = RetryOptions{}.reads(false);
  const auto no_writes = RetryOptions{}.writes(false);
  const auto error = failure_of(errc::unavailable);
  EXPECT_EQ(decide(no_reads, budget, error, at(Effect::read)).verdict, Verdict::switched_off);
  EXPECT_EQ(decide(no_reads, budget, error, at(Effect::idempotent_write)).verdict, Verdict::retry);
  EXPECT_EQ(decide(no_writes, budget, error, at(Effect::read)).verdict, Verdict::retry);
  EXPECT_EQ(decide(no_writes, budget, error, at(Effect::idempotent_write)).verdict, Verdict::switched_off);
}

TEST(RetryPolicy, max_attempts_counts_the_first) {
  RetryBudget budget(0);
  const auto error = failure_of(errc::unavailable);
  EXPECT_EQ(decide(RetryOptions{}.max_attempts(1), budget, error, at(Effect::read, 1)).verdict,
            Verdict::attempts_used_up);
  EXPECT_EQ(decide(RetryOptions{}, budget, error, at(Effect::read, 2)).verdict, Verdict::retry);
  EXPECT_EQ(decide(RetryOptions{}, budget, error, at(Effect::read, 3)).verdict, Verdict::attempts_used_up);
}

TEST(RetryPolicy, the_pause_doubles_and_is_drawn_from_all_of_it) {
  RetryBudget budget(0);
  const auto options = RetryOptions{}.max_attempts(100);
  const auto pause = [&](errc code, unsigned attempt, double random) {
    return decide(options, budget, failure_of(code), at(Effect::read, attempt, random)).delay;
  };
  EXPECT_EQ(pause(errc::unavailable, 1, 0), 0ms);
  EXPECT_EQ(pause(errc::unavailable, 1, 0.5), 25ms);
  EXPECT_EQ(pause(errc::unavailable, 2, 0.5), 50ms);
  EXPECT_EQ(pause(errc::unavailable, 5, 0.5), 400ms);
  EXPECT_EQ(pause(errc::unavailable, 10, 0.5), 10s) << "limited by max";
  EXPECT_EQ(pause(errc::unavailable, 99, 0.5), 10s) << "no overflow";
  EXPECT_EQ(pause(errc::throttled, 1, 0.5), 500ms);
  EXPECT_EQ(pause(errc::throttled, 2, 0.5), 1s);
}

TEST(RetryPolicy, a_hint_is_followed_within_five_seconds_above_the_pause) {
  RetryBudget budget(0);
  const auto with_hint = [&](Duration hint) {
    auto failure = at(Effect::read);
    failure.server_hint = hint;
    return decide(RetryOptions{}, budget, failure_of(errc::throttled), failure).delay;
  };
  EXPECT_EQ(with_hint(0ms), 500ms);
  EXPECT_EQ(with_hint(2s), 2s);
  EXPECT_EQ(with_hint(1h), 5500ms);
  EXPECT_EQ(follow_hint(50ms, std::nullopt), 50ms);
  EXPECT_EQ(follow_hint(50ms, 24h), 5050ms);
}

TEST(RetryPolicy, what_is_left_of_a_hint_stays_before_the_deadline) {
  RetryBudget budget(0);
  auto failure = at(Effect::read);
  failure.server_hint = 1h;
  failure.deadline = start + 5501ms;
  const auto in_time = decide(RetryOptions{}, budget, failure_of(errc::throttled), failure);
  EXPECT_EQ(in_time.verdict, Verdict::retry) << "an hour that passes the deadline is not what is waited";
  EXPECT_EQ(in_time.delay, 5500ms);
  failure.deadline = start + 5500ms;
  EXPECT_EQ(decide(RetryOptions{}, budget, failure_of(errc::throttled), failure).verdict, Verdict::deadline_near);
  failure.server_hint = 2s;
  failure.deadline = start + 1s;
  EXPECT_EQ(decide(RetryOptions{}, budget, failure_of(errc::throttled), failure).verdict, Verdict::deadline_near)
      << "and a hint that is followed is never cut to the deadline";
}

TEST(RetryPolicy, another_endpoint_takes_over_at_once_only_after_a_failed_connect) {
  RetryBudget budget(0);
  auto failure = at(Effect::read);
  failure.other_endpoint = true;
  EXPECT_EQ(decide(RetryOptions{}, budget, failure_of(errc::connect_failed), failure).delay, 0ms);
  EXPECT_EQ(decide(RetryOptions{}, budget, failure_of(errc::unavailable), failure).delay, 25ms);
}

TEST(RetryPolicy, a_pause_that_would_pass_the_deadline_is_not_made) {
  RetryBudget budget(100);
  auto failure = at(Effect::read);
  const auto error = failure_of(errc::unavailable);
  failure.deadline = start + 26ms;
  EXPECT_EQ(decide(RetryOptions{}, budget, error, failure).verdict, Verdict::retry);
  const auto before = budget.tokens();
  for (const auto left : {25ms, 1ms, 0ms, -5ms}) {
    failure.deadline = start + left;
    EXPECT_EQ(decide(RetryOptions{}, budget, error, failure).verdict, Verdict::deadline_near) << left.count();
  }
  EXPECT_EQ(budget.tokens(), before) << "what is not retried costs nothing";
}

TEST(RetryPolicy, an_empty_budget_ends_it) {
  RetryBudget budget(30);
  const auto error = failure_of(errc::unavailable);
  EXPECT_EQ(decide(RetryOptions{}, budget, error, at(Effect::read)).cost, RetryBudget::retry_cost);
  EXPECT_EQ(decide(RetryOptions{}, budget, error, at(Effect::read)).verdict, Verdict::retry);
  EXPECT_EQ(budget.tokens(), 2);
  EXPECT_EQ(decide(RetryOptions{}, budget, error, at(Effect::read)).verdict, Verdict::budget_empty);
  EXPECT_EQ(budget.tokens(), 2);
  RetryBudget other(10);
  EXPECT_EQ(decide(RetryOptions{}, other, failure_of(errc::throttled), at(Effect::read)).verdict, Verdict::retry);
  EXPECT_EQ(other.tokens(), 5);
}

TEST(Attempts, a_lost_answer_is_remembered_over_the_attempts_after_it) {
  RetryBudget budget(0);
  Attempts attempts;
  const auto lost = failure_of(errc::connection_lost, true);
  const auto refused = failure_of(errc::connect_failed);
  EXPECT_EQ(attempts.failed(RetryOptions{}, budget, lost, at(Effect::idempotent_write)).verdict, Verdict::retry);
  EXPECT_EQ(attempts.failed(RetryOptions{}, budget, refused, at(Effect::idempotent_write)).verdict, Verdict::retry);
  EXPECT_EQ(attempts.failed(RetryOptions{}, budget, refused, at(Effect::idempotent_write)).verdict,
            Verdict::attempts_used_up);
  const auto final_error = attempts.final_error(refused);
  EXPECT_EQ(final_error.kind(), errc::connect_failed);
  EXPECT_EQ(final_error.attempts(), 3U);
  EXPECT_TRUE(final_error.maybe_applied());
}

TEST(Attempts, one_silent_failure_is_passed_on_as_it_is) {
  RetryBudget budget(0);
  Attempts attempts;
  const auto denied = failure_of(errc::permission_denied);
  EXPECT_EQ(attempts.failed(RetryOptions{}, budget, denied, at(Effect::read)).verdict, Verdict::not_transient);
  EXPECT_EQ(attempts.final_error(denied).attempts(), 1U);
  EXPECT_FALSE(attempts.final_error(denied).maybe_applied());
}

TEST(Attempts, success_refunds_the_last_retry_or_one_token) {
  RetryBudget budget(100);
  Attempts at_once;
  ASSERT_TRUE(budget.take(50));
  at_once.succeeded(budget);
  EXPECT_EQ(budget.tokens(), 51);
  Attempts second;
  EXPECT_EQ(second.failed(RetryOptions{}, budget, failure_of(errc::throttled), at(Effect::read)).verdict,
            Verdict::retry);
  EXPECT_EQ(second.failed(RetryOptions{}, budget, failure_of(errc::unavailable), at(Effect::read)).verdict,
            Verdict::retry);
  EXPECT_EQ(budget.tokens(), 51 - 5 - 14);
  second.succeeded(budget);
  EXPECT_EQ(budget.tokens(), 51 - 5) << "the last cost only";
}

// Property: whatever fails in whatever order, a call ends after max_attempts, never sleeps past its deadline and never
// takes tokens that are not there.
TEST(RetryPolicy, random_histories_keep_the_promises) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto uniform = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  for (int round = 0; round < weir::test::rounds(20000); ++round) {
    RetryBudget budget(uniform(0, 60));
    const auto options = RetryOptions{}.max_attempts(static_cast<unsigned>(uniform(1, 6)));
    Attempts attempts;
    auto now = start;
    const auto deadline = start + std::chrono::milliseconds(uniform(0, 3000));
    const auto effect = static_cast<Effect>(uniform(0, 2));
    bool any_maybe = false;
    for (unsigned made = 1;; ++made) {
      ASSERT_LE(made, options.max_attempts());
      const auto error = failure_of(static_cast<errc>(uniform(1, 26)), uniform(0, 3) == 0);
      any_maybe = any_maybe || error.maybe_applied();
      Failure failure;
      failure.effect = effect;
      failure.now = now;
      failure.deadline = deadline;
      failure.random = std::uniform_real_distribution<double>(0, 1)(random);
      if (uniform(0, 4) == 0) failure.server_hint = std::chrono::milliseconds(uniform(0, 100000));
      const auto decision = attempts.failed(options, budget, error, failure);
      ASSERT_GE(budget.tokens(), 0);
      ASSERT_LE(budget.tokens(), budget.capacity());
      if (decision.verdict != Verdict::retry) {
        const auto last = attempts.final_error(error);
        ASSERT_EQ(last.attempts(), made);
        ASSERT_EQ(last.maybe_applied(), any_maybe);
        break;
      }
      ASSERT_TRUE(error.transient());
      ASSERT_FALSE(effect == Effect::other_write && error.maybe_applied());
      ASSERT_GE(decision.delay, Duration{0});
      now += decision.delay;
      ASSERT_LT(now, deadline);
    }
  }
}

}  // namespace
