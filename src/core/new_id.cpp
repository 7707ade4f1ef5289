#include "core/uuid.hpp"

#include <weir/error.hpp>

#include <pthread.h>
#include <sys/random.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>

namespace weir::core {
namespace {

// Counts forks: a child must not go on with the random bytes of its parent.
std::atomic<unsigned> forks{0};

void watch_forks() {
  static const int registered = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  if (registered != 0) throw Error(errc::server_error, "pthread_atfork failed");
}

// Random bytes of the kernel, fetched some at a time: a system call for every id would cost more than the id.
class RandomBytes {
 public:
  UuidRandom take() {
    if (position_ + 10 > bytes_.size()) fill();
    UuidRandom random;
    std::memcpy(&random.high, bytes_.data() + position_, 2);
    std::memcpy(&random.low, bytes_.data() + position_ + 2, 8);
    position_ += 10;
    return random;
  }

 private:
  void fill() {
    std::size_t have = 0;
    while (have < bytes_.size()) {
      const ssize_t got = getrandom(bytes_.data() + have, bytes_.size() - have, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) throw Error(errc::server_error, "the system's random source failed");
      have += static_cast<std::size_t>(got);
    }
    position_ = 0;
  }

  std::array<unsigned char, 250> bytes_{};
  std::size_t position_ = bytes_.size();
};

struct Source {
  RandomBytes bytes;
  UuidGenerator generator;
  unsigned generation = generation_now();
  static unsigned generation_now() noexcept { return forks.load(std::memory_order_relaxed); }
};

}  // namespace

std::string new_id() {
  watch_forks();
  thread_local Source source;
  if (source.generation != Source::generation_now()) source = Source{};
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return source.generator.next(
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()),
      source.bytes.take());
}

}  // namespace weir::core
