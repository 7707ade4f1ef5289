// One loop that many threads run, with a strand for each task.
#include "program.hpp"

#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <string>
#include <vector>

weir::awaitable<void> work(weir::AsyncDatabase db) {
  for (int i = 0; i < 100; ++i) co_await db.create(weir::Record{}.set("i", i));
}

int main() {
  asio::thread_pool pool(4);
  auto db = asio::co_spawn(pool, weir::AsyncDatabase::open(std::string("memory:")), asio::use_future).get();
  std::vector<std::future<void>> all;
  for (int i = 0; i < 8; ++i) all.push_back(asio::co_spawn(asio::make_strand(pool), work(db), asio::use_future));
  for (auto& done : all) done.get();
  CHECK(asio::co_spawn(pool, db.count(), asio::use_future).get() == 800);
  pool.join();
  std::puts("ok");
}
