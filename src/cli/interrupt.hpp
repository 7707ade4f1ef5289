#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <atomic>
#include <functional>

namespace weir::cli {

/// Ctrl-C and SIGTERM. The first asks the command to end: by cancelling what it waits for, or in the command's own way.
/// The second ends the process at once.
///
/// Ctrl-C in a shell's pipeline reaches all of its programs together, so that the input may end, cut in two, because of
/// the same key, and be noticed earlier. The signals are therefore blocked and read from a signalfd(2): whoever sees an
/// end can ask raised(), and the answer does not depend on what the loop has come to. To be made before other threads.
class Interrupt {
 public:
  explicit Interrupt(boost::asio::io_context& loop);
  /// What the running command waits for is cancelled through this.
  boost::asio::cancellation_slot slot() { return cancel_.slot(); }
  /// From now on the first signal calls this, on the loop, instead of cancelling; an empty function restores that.
  void on_first(std::function<void()> action) { action_ = std::move(action); }
  /// Whether a signal has come, be it noticed by the loop or not. From any thread.
  bool raised() const noexcept;
  /// No longer waits for signals, so that the loop can end.
  void stop();

 private:
  void wait();
  void take();

  boost::asio::posix::stream_descriptor signals_;
  int descriptor_;  // of signals_, for asking from another thread
  boost::asio::cancellation_signal cancel_;
  std::function<void()> action_;
  std::atomic<bool> raised_ = false;
};

}  // namespace weir::cli
