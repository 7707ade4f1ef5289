#pragma once

#include <weir/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <atomic>

namespace weir::detail {

/// The rule for streams and transactions: one loop (that of the first operation), one operation at a time. Checked in
/// every build. On a loop run by many threads two operations may race, so the flag is atomic.
class LoopOwner {
 public:
  LoopOwner() = default;
  LoopOwner(const LoopOwner&) = delete;
  LoopOwner& operator=(const LoopOwner&) = delete;

  /// While it lives the object is in use.
  class Use {
   public:
    Use(LoopOwner& owner, const boost::asio::any_io_executor& executor, const char* what) : owner_(owner) {
      if (owner.busy_.exchange(true, std::memory_order_acquire))
        throw Error(errc::invalid_argument, std::string("another operation of this ") + what + " is pending");
      const auto* context = &boost::asio::query(executor, boost::asio::execution::context);
      if (owner.context_ == nullptr) owner.context_ = context;
      if (owner.context_ != context) {
        owner.busy_.store(false, std::memory_order_release);
        throw Error(errc::invalid_argument, std::string("this ") + what + " belongs to another loop");
      }
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { owner_.busy_.store(false, std::memory_order_release); }

   private:
    LoopOwner& owner_;
  };

 private:
  std::atomic<bool> busy_{false};
  const boost::asio::execution_context* context_ = nullptr;
};

}  // namespace weir::detail
