#include "cli/messages.hpp"

#include "cli/formats/utf8.hpp"

#include <unistd.h>

#include <cerrno>

namespace weir::cli {
namespace {

constexpr auto redraw = std::chrono::milliseconds(100);
constexpr auto log_again = std::chrono::seconds(5);

// Standard error that cannot be written is nothing that could be told to anybody.
void write_error(std::string_view text) {
  while (!text.empty()) {
    const auto wrote = write(STDERR_FILENO, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

}  // namespace

void Messages::clear_bar() {
  if (bar_shown_) write_error("\r\x1b[K");
  bar_shown_ = false;
}

void Messages::line(std::string_view mark, std::string_view text, const char* colour) {
  const std::lock_guard lock(mutex_);
  clear_bar();
  std::string out;
  if (terminal_.colour() && colour != nullptr)
    out.append(colour).append(mark).append("\x1b[0m");
  else
    out.append(mark);
  write_error(out + printable(text, "\n\t") + "\n");
}

void Messages::error(std::string_view text) { line("weir: ", text, "\x1b[1;31m"); }

void Messages::note(std::string_view text) {
  if (!quiet_) line({}, text, nullptr);
}

void Messages::detail(std::string_view text) {
  if (verbose_ && !quiet_) line("weir: ", text, "\x1b[2m");
}

void Messages::progress(const Standing& standing) {
  if (quiet_) return;
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (!pace_) {
    pace_ = std::make_unique<Pace>(now);
    shown_ = now;
    return;
  }
  const std::chrono::nanoseconds pause =
      terminal_.is_terminal() ? std::chrono::nanoseconds(redraw) : std::chrono::nanoseconds(log_again);
  if (now - shown_ < pause) return;
  shown_ = now;
  pace_->update(now, standing);
  if (!terminal_.is_terminal()) {
    write_error(progress_line(*pace_) + "\n");
    return;
  }
  write_error("\r" + progress_bar(*pace_, terminal_.width() - 1) + "\x1b[K");
  bar_shown_ = true;
}

void Messages::end_progress() {
  const std::lock_guard lock(mutex_);
  clear_bar();
  pace_.reset();
}

}  // namespace weir::cli
