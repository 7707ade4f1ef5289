// weir::http::Client against a server on this machine that does nothing else.
//
//   http_bench PORT TASKS SECONDS MODE PATH        MODE: send (the answer brings its body), into (a buffer of 8 MiB for
//                                                  each task takes it), stream (read_some into 256 KiB)
#include "count_allocations.hpp"
#include "measure.hpp"

#include <weir/http.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Work {
  weir::http::Client client;
  std::string mode;
  std::string path;
  Clock::time_point stop;
  std::uint64_t most = 2'000;
  std::uint64_t operations = 0;
  std::uint64_t bytes = 0;
};

weir::awaitable<void> ask(Work* work) {
  std::vector<char> room;
  if (work->mode == "into") room.resize(std::size_t{8} << 20U);
  if (work->mode == "stream") room.resize(std::size_t{256} << 10U);
  while (work->operations < work->most && Clock::now() < work->stop) {
    weir::http::Request request("GET", work->path);
    if (work->mode == "stream") {
      auto stream = co_await work->client.open(std::move(request));
      while (const auto count = co_await stream.read_some(room)) work->bytes += count;
    } else {
      if (work->mode == "into") request.into(room);
      const auto answer = co_await work->client.send(std::move(request));
      work->bytes += answer.body_size;
    }
    ++work->operations;
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 6) return 2;
  const int tasks = std::atoi(arguments[2]);
  weir::http::ClientOptions options;
  options.proxy("off").pool(weir::http::ClientOptions::default_pool().max_size(static_cast<unsigned>(tasks)));
  Work work;
  work.client = weir::http::Client(std::string("http://127.0.0.1:") + arguments[1], options);
  work.mode = arguments[4];
  work.path = arguments[5];
  boost::asio::io_context io(1);
  const auto run = [&](double seconds) {
    work.operations = work.bytes = 0;
    work.stop = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    for (int i = 0; i < tasks; ++i)
      boost::asio::co_spawn(io, ask(&work), [](const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
      });
    io.restart();
    io.run();
  };
  run(60);
  work.most = bench::most_operations();
  const auto before = bench::allocations();
  const bench::Stopwatch watch;
  run(bench::seconds_for(std::atof(arguments[3])));
  const auto allocated = static_cast<double>(bench::allocations() - before) / static_cast<double>(work.operations);
  bench::report("weir", "http_GET_c" + std::to_string(tasks) + "_" + work.mode, static_cast<double>(work.operations),
                watch,
                ",\"MB_s\":" + std::to_string(static_cast<double>(work.bytes) / watch.seconds() / 1e6) +
                    ",\"allocations_op\":" + std::to_string(allocated));
  return 0;
}
