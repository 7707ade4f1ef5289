#include "cli/output.hpp"

#include "cli/failure.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace weir::cli {
namespace {
constexpr std::size_t full = std::size_t{128} << 10;
constexpr mode_t ordinary = 0666;
constexpr mode_t private_file = 0600;
constexpr mode_t permissions = 07777;

std::string resolved(const std::string& file) {
  std::error_code failed;
  const auto path = std::filesystem::canonical(file, failed);
  return failed ? file : path.string();
}
}  // namespace

Output::Output() : descriptor_(STDOUT_FILENO), name_("standard output") {}

Output::Output(const std::string& file) : Output() {
  if (file == "-") return;
  file_ = name_ = file;
  struct stat status{};
  const bool there = stat(file.c_str(), &status) == 0;
  if (there && S_ISDIR(status.st_mode)) throw Failure(ExitCode::usage, file + " is a directory, not a file");
  if (there && !S_ISREG(status.st_mode)) {
    descriptor_ = open(file.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail("cannot be opened", errno);
    return;
  }
  // Beside the target, so that renaming stays within one file system; behind a link it is what the link means.
  if (there) file_ = resolved(file);
  temporary_ = file_ + ".partial-" + std::to_string(getpid());
  descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, there ? private_file : ordinary);
  if (descriptor_ < 0) {
    const int error = errno;
    temporary_.clear();
    fail("cannot be written", error);
  }
  // Who may read what was there may read what takes its place, and nobody else.
  if (there && fchmod(descriptor_, status.st_mode & permissions) != 0) fail("cannot be written", errno);
}

Output::~Output() {
  if (descriptor_ > STDERR_FILENO) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void Output::fail(const char* doing, int error) const {
  throw Failure(ExitCode::incomplete, name_ + " " + doing + ": " + std::generic_category().message(error));
}

void Output::write_if_full() {
  if (buffer_.size() >= full) flush();
}

void Output::flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const auto wrote = write(descriptor_, left.data(), left.size());
    if (wrote >= 0) {
      left.remove_prefix(static_cast<std::size_t>(wrote));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {  // somebody made the descriptor that we share non-blocking
      pollfd ready{descriptor_, POLLOUT, 0};
      poll(&ready, 1, -1);
      continue;
    }
    const int error = errno;
    buffer_.clear();
    if (error == EPIPE) throw BrokenPipe();
    fail("cannot be written", error);
  }
  buffer_.clear();
}

void Output::finish() {
  flush();
  if (is_standard()) {
    // A network file system tells what it could not store no earlier than here. Pipes and terminals do not know fsync.
    struct stat status{};
    if (fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode) && fsync(descriptor_) != 0)
      fail("cannot be written", errno);
    return;
  }
  const int descriptor = descriptor_;
  descriptor_ = -1;
  const bool stored = temporary_.empty() || fsync(descriptor) == 0;
  const int sync_error = errno;
  if (close(descriptor) != 0) fail("cannot be written", errno);
  if (!stored) fail("cannot be written", sync_error);
  if (temporary_.empty()) return;
  if (std::rename(temporary_.c_str(), file_.c_str()) != 0) fail("cannot be written", errno);
  temporary_.clear();
}

}  // namespace weir::cli
