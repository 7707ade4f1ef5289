// Step 6: write only if nobody else has written since.
#include "tutorial.hpp"

// [tutorial]
weir::awaitable<void> increment(weir::AsyncDatabase db, std::string id) {
  for (;;) {
    auto counter = co_await db.read(id);
    counter->set("value", counter->get<int>("value") + 1);
    auto options = weir::WriteOptions{}.if_version(counter->version);
    bool conflict = false;
    try {
      co_await db.update(id, std::move(*counter), std::move(options));
    } catch (const weir::Error& error) {
      if (error.code() != weir::errc::conflict) throw;
      conflict = true;  // somebody was faster: read again
    }
    if (!conflict) co_return;
  }
}

weir::awaitable<void> versions(std::string url) {
  auto db = co_await weir::AsyncDatabase::open(url);
  co_await db.create(weir::Record{}.with_id("counter").set("value", 0));
  for (int i = 0; i < 10; ++i) co_await increment(db, "counter");
  auto counter = co_await db.read("counter");
  EXPECT(counter->get<int>("value") == 10);

  // A version that is gone is refused by the store itself, atomically.
  bool refused = false;
  try {
    co_await db.remove("counter", weir::WriteOptions{}.if_version("an old one"));
  } catch (const weir::Error& error) {
    refused = error.code() == weir::errc::conflict;
  }
  EXPECT(refused);
  co_await db.close();
}
// [tutorial]

int main(int argc, char** argv) { return run(versions(url_from(argc, argv))); }
