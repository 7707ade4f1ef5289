#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>

namespace weir::cli {

/// Ctrl-C and SIGTERM. The first asks the command to end: by cancelling what it waits for, or in the command's own way.
/// The second ends the process at once.
class Interrupt {
 public:
  explicit Interrupt(boost::asio::io_context& loop);
  /// What the running command waits for is cancelled through this.
  boost::asio::cancellation_slot slot() { return cancel_.slot(); }
  /// From now on the first signal calls this, on the loop, instead of cancelling; an empty function restores that.
  void on_first(std::function<void()> action) { action_ = std::move(action); }
  bool raised() const { return raised_; }
  /// No longer waits for signals, so that the loop can end.
  void stop();

 private:
  void wait();

  boost::asio::signal_set signals_;
  boost::asio::cancellation_signal cancel_;
  std::function<void()> action_;
  bool raised_ = false;
};

}  // namespace weir::cli
