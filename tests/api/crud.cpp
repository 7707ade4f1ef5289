// Create, read, update, patch, remove; what is absent is no error.
#include "program.hpp"

weir::awaitable<void> go() {
  auto db = co_await weir::AsyncDatabase::open("memory:");
  auto id = co_await db.create(weir::Record{}.set("name", "Ada").set("address.city", "London").set("age", 36));
  auto found = co_await db.read(id);
  CHECK(found && found->get<std::string>("address.city") == "London");

  CHECK(co_await db.update(id, weir::Record{}.set("name", "Ada Lovelace of a rather long name"),
                           weir::WriteOptions{}.if_version(found->version).timeout(std::chrono::seconds(2))));
  weir::Json change = {{"age", 37}};
  CHECK(co_await db.patch(id, change));
  CHECK(co_await db.exists(id));
  CHECK(co_await db.remove(id));
  CHECK(!co_await db.read(id));

  try {
    auto record = weir::Record(weir::Json::array());
    CHECK(false);
  } catch (const weir::Error& error) {
    CHECK(error.code() == weir::errc::invalid_argument);
  }
}

int main() { return run(go()); }
