// Step 7: every operation has a deadline, and may be cancelled.
#include "tutorial.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

// [tutorial]
namespace asio = boost::asio;
using namespace boost::asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

weir::awaitable<void> poll(weir::AsyncDatabase db) {
  for (;;) co_await db.exists("never");
}

weir::awaitable<void> deadlines(std::string url) {
  auto db = co_await weir::AsyncDatabase::open(url);

  // One deadline covers waiting for a connection, connecting, retries and the answer. A handle made by with() is the
  // same database with another default; a write may have a deadline of its own.
  auto hasty = db.with(weir::CallOptions{}.timeout(200ms).tag("front page"));
  co_await hasty.upsert(weir::Record{}.with_id("a").set("n", 1), weir::WriteOptions{}.timeout(2s));

  // Cancellation is Asio's: here the timer wins and the operation in flight is cancelled. The handle stays usable.
  asio::steady_timer timer(co_await asio::this_coro::executor, 20ms);
  auto winner = co_await (poll(db) || timer.async_wait(asio::use_awaitable));
  EXPECT(winner.index() == 1);
  EXPECT(co_await db.exists("a"));
  co_await db.close();
}
// [tutorial]

int main(int argc, char** argv) { return run(deadlines(url_from(argc, argv))); }
