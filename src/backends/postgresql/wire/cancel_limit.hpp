#pragma once

// How many cancel requests one pool has under way: each is a connection to the server.

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

namespace weir::postgres {

class CancelLimit {
 public:
  static constexpr std::size_t at_once = 2;

  // Calls `go` now, or when another has ended.
  void enter(std::function<void()> go) {
    {
      const std::lock_guard lock(mutex_);
      if (busy_ == at_once) {
        waiting_.push_back(std::move(go));
        return;
      }
      ++busy_;
    }
    go();
  }
  void leave() {
    std::function<void()> next;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) {
        --busy_;
        return;
      }
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    next();
  }

 private:
  std::mutex mutex_;
  std::size_t busy_ = 0;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace weir::postgres
