#include "api/copy_file.hpp"

#include <weir/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>

namespace weir::detail {
namespace {

constexpr std::size_t max_size = std::size_t{256} << 20;

[[noreturn]] void fail(int number, const char* what, const std::string& path) {
  const auto code = number == ENOSPC || number == EDQUOT                     ? errc::storage_full
                    : number == EACCES || number == EPERM || number == EROFS ? errc::permission_denied
                    : number == ENOENT || number == ENOTDIR                  ? errc::not_found
                                                                             : errc::server_error;
  throw Error(code, std::string(what) + ": " + std::generic_category().message(number),
              ErrorContext{}.operation("copy").endpoint(path));
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }
  /// For files that were written: the last place where an error is told.
  int close() {
    const int value = value_;
    value_ = -1;
    return ::close(value);
  }

 private:
  int value_;
};

int open_file(const std::string& path, int flags) {
  for (;;) {
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (descriptor >= 0 || errno != EINTR) return descriptor;
  }
}

void write_all(int descriptor, const std::string& content, const std::string& path) {
  std::size_t written = 0;
  while (written < content.size()) {
    const auto n = ::write(descriptor, content.data() + written, content.size() - written);
    if (n < 0) {
      if (errno == EINTR) continue;
      fail(errno, "the checkpoint cannot be written", path);
    }
    written += static_cast<std::size_t>(n);
  }
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void sync_folder(const std::string& path) {
  const Descriptor folder(open_file(folder_of(path), O_RDONLY | O_DIRECTORY));
  if (folder.get() < 0) fail(errno, "the folder of the checkpoint cannot be opened", path);
  // Some file systems cannot do this for folders and say EINVAL: there the rename is as durable as it gets.
  if (::fsync(folder.get()) != 0 && errno != EINVAL)
    fail(errno, "the folder of the checkpoint cannot be synchronised", path);
}

std::string temporary(const std::string& path) { return path + ".new"; }

}  // namespace

std::optional<std::string> read_small_file(const std::string& path) {
  const Descriptor file(open_file(path, O_RDONLY));
  if (file.get() < 0) {
    if (errno == ENOENT) return std::nullopt;
    fail(errno, "the checkpoint cannot be opened", path);
  }
  std::string content;
  std::array<char, 65536> buffer{};
  for (;;) {
    const auto n = ::read(file.get(), buffer.data(), buffer.size());
    if (n == 0) return content;
    if (n < 0) {
      if (errno == EINTR) continue;
      fail(errno, "the checkpoint cannot be read", path);
    }
    content.append(buffer.data(), static_cast<std::size_t>(n));
    if (content.size() > max_size)
      throw Error(errc::too_large, "the checkpoint is larger than 256 MiB",
                  ErrorContext{}.operation("copy").endpoint(path));
  }
}

void replace_file(const std::string& path, const std::string& content) {
  const auto beside = temporary(path);
  {
    Descriptor file(open_file(beside, O_WRONLY | O_CREAT | O_TRUNC));
    if (file.get() < 0) fail(errno, "the checkpoint cannot be written", path);
    write_all(file.get(), content, path);
    if (::fsync(file.get()) != 0) fail(errno, "the checkpoint cannot be synchronised", path);
    if (file.close() != 0) fail(errno, "the checkpoint cannot be written", path);
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) fail(errno, "the checkpoint cannot be replaced", path);
  sync_folder(path);
}

void remove_file(const std::string& path) {
  bool any = false;
  for (const auto& name : {temporary(path), path}) {
    if (::unlink(name.c_str()) == 0)
      any = true;
    else if (errno != ENOENT)
      fail(errno, "the checkpoint cannot be removed", path);
  }
  if (any) sync_folder(path);
}

}  // namespace weir::detail
