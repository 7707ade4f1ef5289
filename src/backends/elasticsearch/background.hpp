#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <mutex>

namespace weir::elasticsearch {

/// The way to a loop from a destructor, which may run on any thread and after the loop's end.
class LoopGate {
 public:
  /// Of the loop behind an executor. Throws Error unsupported for one without a loop.
  static std::shared_ptr<LoopGate> of(const boost::asio::any_io_executor& executor);

  explicit LoopGate(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  /// Runs it on the loop soon; nothing happens once the loop has ended.
  void post(std::function<void()> call) noexcept;
  void shut() noexcept;

 private:
  std::mutex mutex_;
  bool open_ = true;
  boost::asio::any_io_executor executor_;
};

}  // namespace weir::elasticsearch
