// Step 8: one handle, many loops on many threads.
#include "tutorial.hpp"

#include <boost/asio/use_future.hpp>

#include <thread>
#include <vector>

// [tutorial]
namespace asio = boost::asio;

weir::awaitable<void> work(weir::AsyncDatabase db, int worker) {
  for (int n = 0; n < 100; ++n) co_await db.create(weir::Record{}.set("worker", worker).set("n", n));
}

int loops(std::string url) {
  // Opening does no I/O: connections are made by each loop, on first use, and never leave it.
  asio::io_context main_loop(1);
  auto opened = asio::co_spawn(main_loop, weir::AsyncDatabase::open(std::move(url)), asio::use_future);
  main_loop.run();
  const auto db = opened.get();

  std::vector<std::thread> threads;
  for (int worker = 0; worker < 4; ++worker) {
    threads.emplace_back([db, worker] {
      asio::io_context loop(1);
      auto done = asio::co_spawn(loop, work(db, worker), asio::use_future);
      loop.run();  // returns when the work is done: what idles in the background keeps no loop alive
      done.get();
    });
  }
  for (auto& thread : threads) thread.join();

  main_loop.restart();
  auto count = asio::co_spawn(main_loop, db.count(), asio::use_future);
  main_loop.run();
  EXPECT(count.get() == 400);
  return 0;
}
// [tutorial]

int main(int argc, char** argv) { return loops(url_from(argc, argv)); }
