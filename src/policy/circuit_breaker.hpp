#pragma once

#include "policy/retry_policy.hpp"

#include <cstddef>
#include <optional>
#include <vector>

/// Keeping away from an endpoint that fails: pure, time and randomness are arguments.
namespace weir::policy {

class BreakerOptions {
 public:
  BreakerOptions() = default;
  WEIR_SETTING(BreakerOptions, unsigned, connect_failures, 1)  ///< in a row, until it opens
  WEIR_SETTING(BreakerOptions, unsigned, other_failures, 5)    ///< `unavailable`, server errors, timeouts in a row
  WEIR_SETTING(BreakerOptions, std::chrono::milliseconds, base, std::chrono::milliseconds{1000})
  WEIR_SETTING(BreakerOptions, std::chrono::milliseconds, max, std::chrono::milliseconds{30000})
};

/// The state of one endpoint: closed (used), open until a time, half open (one request tries it out).
///
/// *Thread safety*: none; the owner's lock or loop.
class CircuitBreaker {
 public:
  enum class State { closed, open, half_open };

  explicit CircuitBreaker(BreakerOptions options = {}) : options_(options) {}

  /// Whether a request may go there now. After the open time the first caller gets true and is the probe; the others
  /// get false until its outcome is told, or it was `abandoned`.
  bool allow(TimePoint now);
  /// Looks only.
  State state(TimePoint now) const;
  void succeeded();
  /// A failure that says something about the endpoint (see counts()); the open time doubles with every failed probe,
  /// and is drawn from its upper half. True: it has opened.
  bool failed(const Error& error, TimePoint now, double random);
  /// The probe ended without an outcome (cancelled, or its error says nothing about the endpoint).
  void abandoned() { probing_ = false; }
  TimePoint open_until() const { return open_until_; }

  /// Whether an error counts against the endpoint. What the caller did wrong does not, nor does throttling.
  static bool counts(const Error& error) noexcept;

 private:
  void open(TimePoint now, double random);

  BreakerOptions options_;
  bool open_ = false;
  bool probing_ = false;
  unsigned connect_failures_ = 0;
  unsigned other_failures_ = 0;
  unsigned openings_ = 0;  ///< in a row
  TimePoint open_until_{};
};

/// Several endpoints of one store: who gets the next request.
class EndpointSet {
 public:
  EndpointSet(std::size_t count, BreakerOptions options);

  /// The next endpoint in turn that is allowed, never `avoid` when another one is. When all are open it is the one that
  /// opens first again: a store is never given up altogether.
  std::size_t choose(TimePoint now, std::optional<std::size_t> avoid = {});
  void succeeded(std::size_t index) { breakers_[index].succeeded(); }
  bool failed(std::size_t index, const Error& error, TimePoint now, double random) {
    return breakers_[index].failed(error, now, random);
  }
  void abandoned(std::size_t index) { breakers_[index].abandoned(); }
  /// Whether one other than `index` is closed.
  bool has_other(std::size_t index, TimePoint now) const;
  const CircuitBreaker& operator[](std::size_t index) const { return breakers_[index]; }
  std::size_t size() const { return breakers_.size(); }

 private:
  std::vector<CircuitBreaker> breakers_;
  std::size_t next_ = 0;
};

}  // namespace weir::policy
