#pragma once

#include <weir/registry.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <memory>

namespace weir::net {

using TimePoint = std::chrono::steady_clock::time_point;

/// The steady clock at the resolution of the kernel's tick, at a quarter of its price.
TimePoint coarse_now() noexcept;

class Deadlines;

/// The deadline of what is being done with one socket. When it passes, the socket is shut down, so that whatever waits
/// for it ends, on whichever thread it waits; `expired` tells why.
///
/// *Thread safety*: any thread may stop it, also after its loop ended; otherwise one user at a time. Stop it before the
/// socket is closed.
class Watch {
 public:
  Watch() noexcept = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { stop(); }

  void start(const Deadlines& table, int socket);
  /// TimePoint::max(): none.
  void limit(TimePoint deadline);
  void stop() noexcept;
  bool active() const noexcept { return table_ != nullptr; }
  bool expired() const noexcept { return expired_.load(std::memory_order_acquire); }

 private:
  friend class Deadlines;
  class Table;
  std::shared_ptr<Table> table_;
  Watch* previous_ = nullptr;
  Watch* next_ = nullptr;
  int socket_ = -1;
  std::atomic<TimePoint::rep> deadline_{TimePoint::max().time_since_epoch().count()};
  std::atomic<bool> expired_{false};
};

/// All deadlines of one loop behind one timer. Moving a deadline is a store; the timer is touched only when one comes
/// that is nearer than the one it waits for, and when the last watch stops, so that it never keeps the loop alive.
class Deadlines {
 public:
  /// That of a loop; `executor` is of the loop and runs the timer when this is the first call.
  static Deadlines& of(PoolRegistry& registry, const boost::asio::any_io_executor& executor);
  explicit Deadlines(const boost::asio::any_io_executor& executor);
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;
  /// With the loop: from here on watches can only be stopped.
  ~Deadlines();

 private:
  friend class Watch;
  std::shared_ptr<Watch::Table> table_;
};

}  // namespace weir::net
