// Cancellation through Asio's operators: the loser of a race ends, and the handle goes on.
#include "program.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>

#include <variant>

using namespace asio::experimental::awaitable_operators;

weir::awaitable<int> for_ever(weir::AsyncDatabase db) {
  int count = 0;
  for (;;) {
    co_await db.exists("x");
    ++count;
  }
  co_return count;
}

weir::awaitable<void> go() {
  auto db = co_await weir::AsyncDatabase::open("memory:");
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(20));
  auto winner = co_await (for_ever(db) || timer.async_wait(asio::use_awaitable));
  CHECK(winner.index() == 1);
  auto both = co_await (db.read("a") && db.count());
  CHECK(std::get<1>(both) == 0);
}

int main() { return run(go()); }
