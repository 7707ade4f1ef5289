#pragma once

#include "cli/progress.hpp"
#include "cli/terminal.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace weir::cli {

/// Of records that were refused; more are only counted.
inline constexpr std::uint64_t most_shown = 20;

/// Everything for people, on standard error: errors, notes, and the progress of a long job. From any thread: the log of
/// the library comes this way too.
class Messages {
 public:
  Messages(Terminal terminal, bool quiet, bool verbose) : terminal_(terminal), quiet_(quiet), verbose_(verbose) {}
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;
  ~Messages() { clear_bar(); }

  /// Always shown.
  void error(std::string_view text);
  /// Unless --quiet.
  void note(std::string_view text);
  /// With --verbose.
  void detail(std::string_view text);

  /// On a terminal a bar that is drawn again at most ten times a second, elsewhere a line every five seconds.
  void progress(const Standing& standing);
  void end_progress();

 private:
  void line(std::string_view mark, std::string_view text, const char* colour);
  void clear_bar();

  std::mutex mutex_;
  Terminal terminal_;
  bool quiet_;
  bool verbose_;
  bool bar_shown_ = false;
  std::unique_ptr<Pace> pace_;
  std::chrono::steady_clock::time_point shown_;
};

}  // namespace weir::cli
