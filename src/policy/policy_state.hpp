#pragma once

#include "observability/operation_metrics.hpp"
#include "observability/settings.hpp"
#include "policy/adaptive_rate.hpp"
#include "policy/circuit_breaker.hpp"
#include "policy/clock.hpp"
#include "policy/retry_policy.hpp"

#include <weir/backend.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace weir::policy {

/// What the layers around one database share. Kept by every operation that is under way.
class PolicyState {
 public:
  std::shared_ptr<Backend> backend;
  std::string name;  ///< of the backend
  Capabilities capabilities;
  bool enforces_deadline = false;
  bool repeats = true;  ///< false: the store repeats by itself, or nothing there ever passes
  RetryOptions retry;
  std::shared_ptr<RetryBudget> budget;
  std::shared_ptr<AdaptiveRate> rate;      ///< null: throttle=off
  std::shared_ptr<SharedBreaker> breaker;  ///< null: breaker.failures=0
  std::shared_ptr<metrics::DatabaseMetrics> metrics;
  std::atomic<std::uint64_t> retries{0};
  Clock* clock = nullptr;

  /// Whether there is nothing for the layer to do around an operation: it is neither repeated, nor ended, nor slowed
  /// down, nor refused, nor watched.
  bool idle() const noexcept { return !repeats && enforces_deadline && !rate && !breaker && !observability::any(); }

  RetryOptions retry_of(const CallContext& context) const {
    if (!repeats) return RetryOptions().max_attempts(1);
    return context.retry.value_or(retry);
  }
};

using StatePointer = std::shared_ptr<PolicyState>;

/// The attempts of one operation: judges failures, sleeps between them, and reports the whole at the end.
class Course {
 public:
  Course(StatePointer state, metrics::Operation operation, CallContext context);
  Course(const Course&) = delete;
  Course& operator=(const Course&) = delete;
  /// Also of an operation whose loop was destroyed: another may then try the store out.
  ~Course();

  /// Whether requests are sent at a limited rate just now: then each attempt awaits its `turn`.
  bool paced() const noexcept { return state_->rate && state_->rate->active(); }
  awaitable<void> turn();
  /// The context of the attempt that begins. Throws `timeout` when there is no time left for it, and `unavailable` when
  /// the breaker is open.
  CallContext next();
  unsigned attempt() const { return attempts_.current(); }
  bool may_repeat() const { return options_.max_attempts() > 1; }
  bool maybe_applied() const { return attempts_.maybe_applied(); }
  void forget_maybe_applied() { attempts_.forget_maybe_applied(); }

  /// Sleeps when the operation is to be tried again, else throws what it ends with.
  awaitable<void> failed(Error error, Effect effect);
  /// The store has answered, though there is more to come.
  void answered();
  /// Tells that it ended well.
  void succeeded();
  void returned(std::uint64_t rows);
  /// What it ends with, told.
  Error ended_with(const Error& error);

 private:
  void tell(const Error* error);
  void enter();
  void count(const Error& error, const Failure& failure);

  StatePointer state_;
  metrics::Operation operation_;
  CallContext context_;
  RetryOptions options_;
  Attempts attempts_;
  bool observed_;
  bool probe_ = false;  ///< the attempt under way tries out whether the breaker may close
  TimePoint begun_{};
};

/// For handlers of boost::system::system_error around calls to a backend: an Error as it is, Asio's operation_aborted
/// as `cancelled`; anything else goes on.
Error current_error();

/// Whether the layer has to end the operation at its deadline, because the backend does not.
bool needs_deadline(const PolicyState& state, const CallContext& context) noexcept;

}  // namespace weir::policy
