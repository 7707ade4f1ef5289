#pragma once

#include <weir/awaitable.hpp>
#include <weir/export.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace weir::net {

/// Coroutines, on any loops, that wait until somebody has done what all of them need: a part of the object that holds
/// the outcome, with its mutex.
///
/// *Thread safety*: any thread.
class WEIR_API WaitingList {
 public:
  class Waiter;

  explicit WaitingList(std::mutex& mutex) : mutex_(mutex) {}
  /// All that wait look again. With the mutex held, so that none of them, nor its loop, ends meanwhile.
  void ring();

 private:
  std::mutex& mutex_;
  std::list<Waiter*> waiters_;
};

/// In the list as long as its coroutine waits, also when that is destroyed with its loop.
class WEIR_API WaitingList::Waiter {
 public:
  /// @param list keeps the object that it is a part of
  /// @param until when it looks again in any case
  /// @param over asked with the mutex held: there is nothing to wait for any longer
  Waiter(std::shared_ptr<WaitingList> list, boost::asio::any_io_executor executor,
         boost::asio::steady_timer::time_point until, const std::function<bool()>& over);
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter();

  /// Ends when the list is rung, or at its time; then the caller looks again.
  awaitable<void> wait() const;

 private:
  friend class WaitingList;
  void ring();

  std::shared_ptr<WaitingList> list_;
  boost::asio::any_io_executor strand_;
  std::shared_ptr<boost::asio::steady_timer> bell_;
  std::list<Waiter*>::iterator at_;
};

}  // namespace weir::net
