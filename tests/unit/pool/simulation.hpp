#pragma once

#include "pool/core/core_warm.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::test {

using namespace std::chrono_literals;
using detail::Action;
using detail::ActionKind;
using detail::Duration;
using detail::Grant;
using detail::LeaseKind;
using detail::PermitSource;
using detail::PoolCore;
using detail::Slot;
using detail::SlotState;
using detail::TimePoint;
using detail::Waiter;

inline Error refused() { return {errc::connect_failed, "connection refused"}; }
inline Error wrong_password() { return {errc::authentication_failed, "wrong password"}; }

/// Options with the background chatter off: a test turns on what it is about.
inline PoolOptions quiet(unsigned max = 2) {
  return PoolOptions{}
      .max_size(max)
      .keepalive_interval(0ms)
      .idle_timeout(0ms)
      .max_lifetime(0ms)
      .validate_after(0ms)
      .heartbeat_interval(0ms);
}

/// The world around a state machine: a clock that stands still, connects that succeed when the test says so. The rules
/// of the state machine are checked after every event.
class Simulation {
 public:
  struct Asker : Waiter {
    int answers = 0;
    bool cancelled = false;
    bool answered() const { return answers > 0 || cancelled; }
  };

  explicit Simulation(PoolOptions options, std::vector<std::string> endpoints = {"db:1"}, std::uint64_t seed = 1,
                      PermitSource* permits = nullptr);

  // What users do.
  Grant try_acquire(LeaseKind kind = LeaseKind::exclusive);
  std::shared_ptr<Asker> ask(LeaseKind kind = LeaseKind::exclusive, Duration timeout = 5s, std::string operation = {});
  void cancel(Asker& asker);
  void release(Grant grant, ReturnAs as = ReturnAs::ready);
  void release(Asker& asker, ReturnAs as = ReturnAs::ready);
  void refuse(Grant grant, std::optional<Duration> waited = {});

  // What the outside answers, always the oldest first.
  void connect_succeeds(std::size_t index = 0);
  void connect_fails(const Error& error = refused(), std::size_t index = 0);
  void ping_answers(bool well, std::size_t index = 0);
  void reset_answers(bool well, std::size_t index = 0);
  void close_finishes(std::size_t index = 0);
  /// Leases begin and end by the warm path where it will have them, as with the driver.
  bool warm = true;
  /// Closes finish at once unless this is set.
  bool slow_closes = false;

  // Time.
  void advance(Duration by);

  // The pool.
  template <class Event>
  void apply(Event event) {
    core.listen(listening ? detail::all_events : 0);
    event(core);
    settle();
  }

  PoolCore core;
  TimePoint now{std::chrono::hours{1}};
  bool listening = true;
  std::vector<Slot*> connecting, pinging, resetting, closing;
  std::vector<Grant> held;  ///< every lease that is out
  std::vector<std::shared_ptr<Asker>> askers;
  std::vector<PoolEvent> events;
  int drained = 0;

  std::size_t count(PoolEventKind kind) const;
  std::size_t waiting() const;
  PoolStats stats() const { return core.counters().read(now); }
  void check();

 private:
  void settle();
  void granted(const Grant& grant);
  void check_counts();
  void check_waiters();
  Slot* take(std::vector<Slot*>& from, std::size_t index);

  PoolOptions options_;
  std::set<std::uint64_t> ids_;
  std::uint64_t last_exclusive_ = 0, last_shared_ = 0;
};

}  // namespace weir::test
