#pragma once

#include "policy/retry_policy.hpp"

#include <weir/detail/setting.hpp>

#include <atomic>
#include <mutex>
#include <optional>

/// Keeping away from a store that fails: pure, time and randomness are arguments.
namespace weir::policy {

class BreakerOptions {
 public:
  BreakerOptions() = default;
  WEIR_SETTING(BreakerOptions, unsigned, failures, 5)  ///< in a row, until it opens
  WEIR_SETTING(BreakerOptions, std::chrono::milliseconds, base, std::chrono::milliseconds{1000})
  WEIR_SETTING(BreakerOptions, std::chrono::milliseconds, max, std::chrono::milliseconds{30000})
};

/// Closed (the store is asked), open until a time, half open (one request tries it out).
///
/// *Thread safety*: none; see SharedBreaker.
class CircuitBreaker {
 public:
  enum class State { closed, open, half_open };
  enum class Answer { allowed, probe, refused };

  explicit CircuitBreaker(BreakerOptions options = {}) : options_(options) {}

  /// Whether the store may be asked now. After the open time the first caller is the probe; the others are refused
  /// until its outcome is told, or it was `abandoned`.
  Answer ask(TimePoint now);
  /// Looks only.
  State state(TimePoint now) const;
  /// While it is not closed, the probe's outcome alone says something: other requests were sent before.
  void succeeded(bool probe);
  /// The open time doubles with every failed probe, and is drawn from its upper half. True: it has opened.
  bool failed(const Error& error, bool probe, TimePoint now, double random);
  /// The probe ended without an outcome (cancelled, or its error says nothing about the store).
  void abandoned() { probing_ = false; }
  TimePoint open_until() const { return open_until_; }
  /// Closed, and no failure is counted.
  bool untroubled() const { return !open_ && failures_ == 0; }

  /// Whether an error counts against the store. What the caller did wrong does not, nor does throttling.
  static bool counts(const Error& error) noexcept;

 private:
  void open(TimePoint now, double random);

  BreakerOptions options_;
  bool open_ = false;
  bool probing_ = false;
  unsigned failures_ = 0;  ///< in a row
  unsigned openings_ = 0;  ///< in a row
  TimePoint open_until_{};
};

/// One breaker for all loops that use a store.
///
/// *Thread safety*: every function, from any thread. As long as nothing fails each is one load.
class SharedBreaker {
 public:
  explicit SharedBreaker(BreakerOptions options) : breaker_(options), options_(options) {}

  CircuitBreaker::Answer ask(TimePoint now);
  void succeeded(bool probe);
  /// True: it has opened.
  bool failed(const Error& error, bool probe, TimePoint now, double random);
  void abandoned();
  /// What a request that was refused ends with: `unavailable`, for how much longer, and the failure it opened at.
  Error refusal(TimePoint now) const;

 private:
  mutable std::mutex mutex_;
  CircuitBreaker breaker_;
  const BreakerOptions options_;
  std::optional<Error> last_;
  std::atomic<bool> untroubled_{true};
};

}  // namespace weir::policy
