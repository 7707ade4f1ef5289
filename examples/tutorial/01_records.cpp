// Step 1: open a database; create, read, change and remove a record.
#include "tutorial.hpp"

// [tutorial]
weir::awaitable<void> records(std::string url) {
  auto db = co_await weir::AsyncDatabase::open(url);

  auto ada = weir::Record{}.set("name", "Ada").set("address.city", "London").set("age", 36);
  auto id = co_await db.create(std::move(ada));  // an id is made when the record has none

  auto found = co_await db.read(id);  // std::optional: absence is not an error
  EXPECT(found && found->get<std::string>("address.city") == "London");

  weir::Json change = {{"age", 37}, {"address", nullptr}};
  EXPECT(co_await db.patch(id, change));  // a merge patch (RFC 7396): null removes
  found = co_await db.read(id);
  EXPECT(found->get<int>("age") == 37 && found->find("address.city") == nullptr);

  EXPECT(co_await db.remove(id));
  EXPECT(!co_await db.exists(id));
  co_await db.close();
}
// [tutorial]

int main(int argc, char** argv) { return run(records(url_from(argc, argv))); }
