// Errors: one type, one vocabulary, and how a cancelled call is recognised.
#include "program.hpp"

weir::awaitable<void> go() {
  auto db = co_await weir::AsyncDatabase::open("memory:");
  co_await db.create(weir::Record{}.with_id("x"));
  try {
    co_await db.create(weir::Record{}.with_id("x"));
    CHECK(false);
  } catch (const weir::Error& error) {
    CHECK(error.code() == weir::errc::already_exists);
    CHECK(!error.transient());
  }
  boost::system::error_code cancelled = weir::errc::cancelled;
  CHECK(cancelled == boost::system::errc::operation_canceled);
  // Code against code they differ, so programs compare with the condition.
  CHECK(cancelled != asio::error::operation_aborted);
}

int main() { return run(go()); }
