// One handle, several threads, each with a loop of its own.
#include "program.hpp"

#include <boost/asio/use_future.hpp>

#include <string>
#include <thread>
#include <vector>

weir::awaitable<void> work(weir::AsyncDatabase db, int number) {
  for (int i = 0; i < 200; ++i) co_await db.create(weir::Record{}.set("thread", number));
}

int main() {
  asio::io_context main_loop(1);
  auto opened = asio::co_spawn(main_loop, weir::AsyncDatabase::open(std::string("memory:")), asio::use_future);
  main_loop.run();
  const auto db = opened.get();

  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number)
    threads.emplace_back([db, number] {
      asio::io_context loop(1);
      asio::co_spawn(loop, work(db, number), asio::detached);
      loop.run();
    });
  for (auto& thread : threads) thread.join();

  main_loop.restart();
  auto count = asio::co_spawn(main_loop, db.count(), asio::use_future);
  main_loop.run();
  CHECK(count.get() == 800);
  std::puts("ok");
}
