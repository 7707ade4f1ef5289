// Loaded before everything else (LD_PRELOAD): notes calls that block, made by a thread that must not (a loop waits in
// epoll_wait, which is its own affair), and those of a loop that come too late for their descriptor.

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>

#define WEIR_SHIM extern "C" __attribute__((visibility("default")))

namespace {

thread_local bool watched = false;
unsigned slow_names = 0;

std::mutex& mutex() {
  static auto& one = *new std::mutex;
  return one;
}
std::condition_variable& released() {
  static auto& one = *new std::condition_variable;
  return one;
}
std::string& found() {
  static auto& one = *new std::string;
  return one;
}

void note(const char* call, const char* what) {
  if (!watched) return;
  watched = false;  // what is called from here
  {
    const std::lock_guard lock(mutex());
    if (found().size() < 2'000) found() += std::string(call) + "(" + (what == nullptr ? "" : what) + ")\n";
  }
  watched = true;
}

template <class Function>
Function real(Function, const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

bool is_blocking(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags >= 0 && (flags & O_NONBLOCK) == 0;
}

// Of files and pipes; sockets are asked with recv.
bool is_file(int descriptor) {
  struct stat about{};
  return ::fstat(descriptor, &about) == 0 && (S_ISREG(about.st_mode) || S_ISFIFO(about.st_mode));
}

}  // namespace

WEIR_SHIM void weir_watch_this_thread(bool on) { watched = on; }

WEIR_SHIM const char* weir_blocking_calls() {
  const std::lock_guard lock(mutex());
  return found().c_str();
}

// 0 lets those go that are being looked up.
WEIR_SHIM void weir_slow_names(unsigned milliseconds) {
  const std::lock_guard lock(mutex());
  slow_names = milliseconds;
  released().notify_all();
}

WEIR_SHIM int connect(int descriptor, const sockaddr* address, socklen_t size) {
  static const auto next = real(&connect, "connect");
  if (watched && is_blocking(descriptor)) note("connect", "a blocking socket");
  return next(descriptor, address, size);
}

WEIR_SHIM int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** result) {
  static const auto next = real(&getaddrinfo, "getaddrinfo");
  if (hints == nullptr || (hints->ai_flags & AI_NUMERICHOST) == 0) note("getaddrinfo", name);
  if (name != nullptr && std::string_view(name).ends_with(".slow.test")) {
    std::unique_lock lock(mutex());
    released().wait_for(lock, std::chrono::milliseconds(slow_names), [] { return slow_names == 0; });
    name = "127.0.0.1";
  }
  return next(name, service, hints, result);
}

// Not one that blocks: what the loop is told to forget was closed before, and its number may be somebody else's by now.
WEIR_SHIM int epoll_ctl(int loop, int what, int descriptor, epoll_event* event) {
  static const auto next = real(&epoll_ctl, "epoll_ctl");
  const int result = next(loop, what, descriptor, event);
  if (result == 0 || what != EPOLL_CTL_DEL) return result;
  const int why = errno;
  note("epoll_ctl", "a descriptor that is closed");
  errno = why;
  return result;
}

WEIR_SHIM int poll(pollfd* descriptors, nfds_t count, int timeout) {
  static const auto next = real(&poll, "poll");
  if (timeout != 0) note("poll", "with a time");
  return next(descriptors, count, timeout);
}

WEIR_SHIM int select(int count, fd_set* readable, fd_set* writable, fd_set* others, timeval* timeout) {
  static const auto next = real(&select, "select");
  if (timeout == nullptr || timeout->tv_sec != 0 || timeout->tv_usec != 0) note("select", "with a time");
  return next(count, readable, writable, others, timeout);
}

WEIR_SHIM ssize_t read(int descriptor, void* bytes, std::size_t size) {
  static const auto next = real(&read, "read");
  if (watched && is_blocking(descriptor) && is_file(descriptor)) note("read", "a file");
  return next(descriptor, bytes, size);
}

WEIR_SHIM FILE* fopen(const char* name, const char* mode) {
  static const auto next = real(&fopen, "fopen");
  note("fopen", name);
  return next(name, mode);
}

WEIR_SHIM FILE* fopen64(const char* name, const char* mode) {
  static const auto next = real(&fopen64, "fopen64");
  note("fopen64", name);
  return next(name, mode);
}
