// What a checkout can cost at all: a free list in memory alone, behind a mutex that nobody else takes, behind one that
// THREADS threads take, and with one hop through the loop, which is what a pool protected by a strand pays.
//
//   pool_floor SECONDS [THREADS]
#include "measure.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

namespace asio = boost::asio;

namespace {

struct Connection {
  long used = 0;
};

class FreeList {
 public:
  FreeList() {
    for (auto& connection : connections_) free_.push_back(&connection);
  }
  Connection* take() {
    Connection* const connection = free_.back();
    free_.pop_back();
    __asm__ volatile("" ::"r"(connection) : "memory");
    return connection;
  }
  void put(Connection* connection) { free_.push_back(connection); }
  std::mutex mutex;

 private:
  std::array<Connection, 16> connections_;
  std::vector<Connection*> free_;
};

std::uint64_t behind_mutex(FreeList& list, double seconds) {
  std::uint64_t n = 0;
  for (const bench::Stopwatch watch; watch.seconds() < seconds;)
    for (int i = 0; i < 1000; ++i, ++n) {
      Connection* connection = nullptr;
      {
        const std::lock_guard lock(list.mutex);
        connection = list.take();
      }
      ++connection->used;
      const std::lock_guard lock(list.mutex);
      list.put(connection);
    }
  return n;
}

asio::awaitable<void> hop(asio::io_context& loop, FreeList& list, double seconds, std::uint64_t& n) {
  for (const bench::Stopwatch watch; watch.seconds() < seconds;)
    for (int i = 0; i < 100; ++i, ++n) {
      auto* const connection = list.take();
      co_await asio::post(loop, asio::use_awaitable);
      list.put(connection);
    }
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1;
  const int threads = argc > 2 ? std::max(1, std::atoi(argv[2])) : 2;
  {
    FreeList list;
    std::uint64_t n = 0;
    const bench::Stopwatch watch;
    while (watch.seconds() < seconds)
      for (int i = 0; i < 1000; ++i, ++n) list.put(list.take());
    bench::report("floor", "pool_try_confined", static_cast<double>(n), watch);
  }
  {
    FreeList list;
    const bench::Stopwatch watch;
    const auto n = behind_mutex(list, seconds);
    bench::report("floor", "pool_try_shared", static_cast<double>(n), watch);
  }
  {
    FreeList list;
    std::atomic<std::uint64_t> n{0};
    const bench::Stopwatch watch;
    std::vector<std::thread> all;
    for (int i = 0; i < threads; ++i) all.emplace_back([&] { n += behind_mutex(list, seconds); });
    for (auto& one : all) one.join();
    bench::report("floor", "pool_try_contended", static_cast<double>(n), watch);
  }
  {
    FreeList list;
    std::uint64_t n = 0;
    asio::io_context loop(1);
    asio::co_spawn(loop, hop(loop, list, seconds, n), asio::detached);
    const bench::Stopwatch watch;
    loop.run();
    bench::report("floor", "pool_hop", static_cast<double>(n), watch);
  }
}
