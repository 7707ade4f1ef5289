#include "cli/input.hpp"

#include "cli/failure.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

namespace weir::cli {
namespace {

constexpr std::size_t head_size = 4096;

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

Input::Input(const std::string& file) : name_(file == "-" ? "standard input" : file) {
  descriptor_ = file == "-" ? STDIN_FILENO : open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor_ < 0) throw Failure(ExitCode::usage, file + " cannot be read: " + reason(errno));
  struct stat status{};
  const bool known = fstat(descriptor_, &status) == 0;
  if (!known || S_ISDIR(status.st_mode)) {
    const auto why = known ? name_ + " is a directory, not a file" : name_ + " cannot be read: " + reason(errno);
    if (descriptor_ > STDERR_FILENO) close(descriptor_);
    throw Failure(ExitCode::usage, why);
  }
  if (S_ISREG(status.st_mode)) {
    size_ = static_cast<std::uint64_t>(status.st_size);
    posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) throw Failure(ExitCode::incomplete, "no descriptor for reading " + name_ + ": " + reason(errno));
}

Input::~Input() {
  if (wake_ >= 0) close(wake_);
  if (descriptor_ > STDERR_FILENO) close(descriptor_);
}

void Input::interrupt() noexcept {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then it is readable anyway.
  [[maybe_unused]] const auto wrote = write(wake_, &one, sizeof one);
}

std::size_t Input::read(std::span<char> buffer) {
  for (;;) {
    std::array<pollfd, 2> events{{{wake_, POLLIN, 0}, {descriptor_, POLLIN, 0}}};
    if (poll(events.data(), events.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw Failure(ExitCode::incomplete, name_ + " cannot be read: " + reason(errno));
    }
    if (events[0].revents != 0) throw Interrupted();
    if (events[1].revents == 0) continue;
    const auto got = ::read(descriptor_, buffer.data(), buffer.size());
    if (got == 0 && !size_ && interruption_ && interruption_()) throw Interrupted();
    if (got >= 0) {
      remember({buffer.data(), static_cast<std::size_t>(got)});
      return static_cast<std::size_t>(got);
    }
    if (errno == EINTR || errno == EAGAIN) continue;
    throw Failure(ExitCode::incomplete, name_ + " cannot be read: " + reason(errno));
  }
}

void Input::remember(std::string_view bytes) {
  if (size_) return;
  const std::lock_guard lock(mutex_);
  if (head_.size() < head_size) head_.append(bytes.substr(0, head_size - head_.size()));
}

std::string Input::head(std::size_t size) const {
  if (size_) return peek(0, size);
  const std::lock_guard lock(mutex_);
  return head_.substr(0, size);
}

std::string Input::peek(std::uint64_t offset, std::uint64_t size) const {
  std::string bytes(size, '\0');
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto got = pread(descriptor_, bytes.data() + at, bytes.size() - at, static_cast<off_t>(offset + at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Failure(ExitCode::incomplete, name_ + " cannot be read: " + reason(errno));
    if (got == 0) break;
    at += static_cast<std::size_t>(got);
  }
  bytes.resize(at);
  return bytes;
}

void Input::skip(std::uint64_t bytes) {
  if (size_ && lseek(descriptor_, static_cast<off_t>(bytes), SEEK_CUR) >= 0) return;
  std::vector<char> dropped(std::size_t{256} << 10);
  while (bytes > 0) {
    const auto got = read({dropped.data(), static_cast<std::size_t>(std::min<std::uint64_t>(bytes, dropped.size()))});
    if (got == 0) throw Failure(ExitCode::usage, name_ + " is shorter than it was when its import was interrupted");
    bytes -= got;
  }
}

}  // namespace weir::cli
