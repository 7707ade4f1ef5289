#pragma once

#include "policy/retry_budget.hpp"

#include <weir/error.hpp>
#include <weir/export.hpp>
#include <weir/options.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

/// Whether and when a failed call is made again: pure, time and randomness are arguments.
namespace weir::policy {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// What repeating a call would do to the store.
enum class Effect {
  read,              ///< nothing
  idempotent_write,  ///< the same as doing it once, or it is recognised afterwards
  other_write        ///< something else; repeated only when the request never left
};

/// One failed attempt.
struct Failure {
  Effect effect = Effect::read;
  unsigned attempt = 1;  ///< the one that failed; the first is 1
  TimePoint now{};
  TimePoint deadline = TimePoint::max();
  double random = 0;                         ///< uniform in [0, 1)
  std::optional<Duration> server_hint = {};  ///< Retry-After and the like
  bool other_endpoint = false;  ///< a healthy endpoint other than the failed one is there to take the retry
};

enum class Verdict {
  retry,
  not_transient,     ///< the same call would fail again
  not_repeatable,    ///< it may have been applied, and repeating it would do something else
  switched_off,      ///< by RetryOptions
  attempts_used_up,  ///< max_attempts
  deadline_near,     ///< the pause would pass the deadline
  budget_empty
};

struct Decision {
  Verdict verdict = Verdict::not_transient;
  Duration delay{0};      ///< with Verdict::retry
  std::int64_t cost = 0;  ///< taken from the budget; given back when the retry succeeds
};

/// Decides about one failed attempt and takes the budget when the answer is `retry`.
///
/// The pause is uniform in [0, min(max, base * 2^(attempt-1))), "full jitter"; a throttled call starts from
/// `throttle_base`. A hint of the server is followed where it lies in [pause, pause + 5 s]. A retry that can go to
/// another endpoint after a failed connect does not wait.
WEIR_API Decision decide(const RetryOptions& options, RetryBudget& budget, const Error& error, const Failure& failure);

/// The pause as the store would have it: no shorter than `pause`, and at most 5 s longer, so that a store that asks for
/// an hour is asked again while the caller still waits.
WEIR_API Duration follow_hint(Duration pause, std::optional<Duration> hint) noexcept;

/// Whether the answer to this error is "the store has too much to do".
bool is_throttling(const Error& error) noexcept;

/// What is known about a call over all its attempts.
class WEIR_API Attempts {
 public:
  /// The attempt that is being made; the first is 1.
  unsigned current() const noexcept { return current_; }
  /// Some attempt that failed may have been applied.
  bool maybe_applied() const noexcept { return maybe_applied_; }
  /// It was looked up: nothing of the failed attempts is there.
  void forget_maybe_applied() noexcept { maybe_applied_ = false; }

  /// `decide`, remembered. On `retry`, current() counts up.
  Decision failed(const RetryOptions& options, RetryBudget& budget, const Error& error, Failure failure);
  /// The last attempt succeeded: refunds.
  void succeeded(RetryBudget& budget) noexcept;
  /// The error to end with: number of attempts, and maybe_applied when any of them may have been.
  Error final_error(const Error& last) const;

 private:
  unsigned current_ = 1;
  bool maybe_applied_ = false;
  std::int64_t last_cost_ = 0;
};

}  // namespace weir::policy
