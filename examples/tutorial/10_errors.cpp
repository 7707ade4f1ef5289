// Step 10: one vocabulary of errors for every store.
#include "tutorial.hpp"

// [tutorial]
weir::awaitable<std::string> describe(weir::AsyncDatabase db, weir::Record record) {
  try {
    auto id = co_await db.create(std::move(record));
    co_return "stored as " + id;
  } catch (const weir::Error& error) {
    if (error.code() == weir::errc::already_exists) co_return "stored before";
    if (error.code() == weir::errc::invalid_argument) co_return "refused";
    if (error.code() == boost::system::errc::operation_canceled) throw;
    // What an operator wants to read at three in the morning; no secret and no data is in it.
    std::fprintf(stderr, "%s (backend %s, %u attempts%s%s)\n", error.what(), std::string(error.backend()).c_str(),
                 error.attempts(), error.transient() ? ", try again" : "",
                 error.maybe_applied() ? ", the write may have happened" : "");
    throw;
  }
}

weir::awaitable<void> errors(std::string url) {
  auto db = co_await weir::AsyncDatabase::open(url);
  EXPECT(co_await describe(db, weir::Record{}.with_id("a")) == "stored as a");
  EXPECT(co_await describe(db, weir::Record{}.with_id("a")) == "stored before");
  EXPECT(co_await describe(db, weir::Record{}.with_id(std::string(513, 'x'))) == "refused");

  auto health = co_await db.ping();  // an outage is reported, not thrown
  std::printf("%s %s at %s: %s\n", health.product.c_str(), health.version.c_str(), health.endpoint.c_str(),
              health.reachable ? "reachable" : health.error.c_str());
  EXPECT(health.reachable);
  co_await db.close();
}
// [tutorial]

int main(int argc, char** argv) { return run(errors(url_from(argc, argv))); }
