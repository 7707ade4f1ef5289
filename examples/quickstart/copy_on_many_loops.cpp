// One handle of each database, several threads with an event loop of their own: every loop copies its share.
//
//   copy_on_many_loops FROM TO [LOOPS]        copy_on_many_loops sqlite:languages.db sqlite:copy.db 4
#include <weir/weir.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;

// Partitions are disjoint, and together they are everything.
weir::awaitable<std::uint64_t> copy_share(weir::AsyncDatabase from, weir::AsyncDatabase to, weir::Partition share) {
  auto records = from.stream(weir::Query{}, weir::StreamOptions{}.partition(share));
  auto stats = co_await to.write(std::move(records), weir::WriteStreamOptions{}.on_conflict(weir::OnConflict::upsert));
  co_return stats.written;
}

// Runs one coroutine to its end on a loop of this thread.
template <class T>
T run(weir::awaitable<T> work) {
  asio::io_context loop(1);
  auto result = asio::co_spawn(loop, std::move(work), asio::use_future);
  loop.run();
  return result.get();
}

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s FROM TO [LOOPS]\n", argv[0]);
    return 2;
  }
  const std::size_t loops = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 4;
  const auto from = run(weir::AsyncDatabase::open(std::string(argv[1])));
  const auto to = run(weir::AsyncDatabase::open(std::string(argv[2])));

  const auto start = std::chrono::steady_clock::now();
  std::vector<std::future<std::uint64_t>> shares;
  for (std::size_t i = 0; i < loops; ++i)
    shares.push_back(std::async(std::launch::async, [&from, &to, share = weir::Partition(i, loops)] {
      return run(copy_share(from, to, share));
    }));
  std::uint64_t copied = 0;
  for (std::size_t i = 0; i < loops; ++i) {
    const auto written = shares[i].get();
    std::printf("  loop %zu copied %llu records\n", i + 1, static_cast<unsigned long long>(written));
    copied += written;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;

  const auto stored = run(to.count());
  std::printf("  together %llu in %.2f s; the copy holds %llu\n", static_cast<unsigned long long>(copied), took.count(),
              static_cast<unsigned long long>(stored));
  return stored == run(from.count()) ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
