// A request handler: a deadline for each request, filter text from outside, JSON out.
#include "program.hpp"

#include <string>

weir::awaitable<std::string> handle(weir::AsyncDatabase db, std::string where) {
  auto rows = co_await db.with(weir::CallOptions{}.timeout(std::chrono::milliseconds(200)))
                  .search(weir::Query{weir::Filter::parse(where)}.limit(100));
  weir::Json out = weir::Json::array();
  for (auto& record : rows) out.push_back(record.fields);
  co_return out.dump();
}

weir::awaitable<void> go() {
  auto db = co_await weir::AsyncDatabase::open("memory:");
  co_await db.create(weir::Record{}.set("age", 40));
  auto text = co_await handle(db, "age >= 30");
  CHECK(text == "[{\"age\":40}]");
  auto health = co_await db.ping();
  CHECK(health.reachable);
  CHECK((co_await db.ping()).product == "memory");
}

int main() { return run(go()); }
