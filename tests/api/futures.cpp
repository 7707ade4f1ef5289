// From a thread that waits: futures. A temporary handle may die before its operation starts.
#include "program.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <string>
#include <thread>

int main() {
  asio::io_context loop(1);
  auto guard = asio::make_work_guard(loop);
  std::thread thread([&] { loop.run(); });
  auto db = asio::co_spawn(loop, weir::AsyncDatabase::open(std::string("memory:")), asio::use_future).get();
  std::future<std::string> id =
      asio::co_spawn(loop, weir::AsyncDatabase(db).create(weir::Record{}.set("a", 1)), asio::use_future);
  CHECK(!id.get().empty());
  guard.reset();
  thread.join();
  std::puts("ok");
}
