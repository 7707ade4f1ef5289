// Queries made from expressions, from one comparison at a time, and from ranges of values.
#include "program.hpp"

#include <string>
#include <vector>

using weir::field;
using weir::Query;

weir::awaitable<void> go() {
  auto db = co_await weir::AsyncDatabase::open("memory:");
  for (int i = 0; i < 50; ++i)
    co_await db.create(weir::Record{}
                           .set("n", i)
                           .set("name", "A long enough name to be on the heap " + std::to_string(i))
                           .with_id("k" + std::to_string(i)));

  auto page = co_await db.search(Query{}
                                     .where(field("n") >= 10 && (field("n") < 20 || !field("name").exists()))
                                     .order_by("n", weir::Order::desc)
                                     .limit(5)
                                     .select("n", "name"));
  CHECK(page.size() == 5);
  CHECK(page.front().get<int>("n") == 19);
  auto one = co_await db.search(Query{}.filter("n", weir::Operator::eq, 7));
  CHECK(one.size() == 1);
  auto listed = co_await db.search(Query{}.where(field("n").in(1, 2, 3)));
  CHECK(listed.size() == 3);
  std::vector<int> wanted{4, 5};
  auto from_range = co_await db.search(Query{}.where(field("n").in(wanted)));
  CHECK(from_range.size() == 2);
  std::vector<std::string> ids{"k1", "k2"};
  auto by_id = co_await db.search(Query{}.where(weir::id().in(ids)));
  CHECK(by_id.size() == 2);
  std::vector<std::string> columns{"name"};
  auto all = co_await db.search(Query{}.where(field("name").starts_with("A long")).select(columns));
  CHECK(all.size() == 50);
  CHECK(co_await db.count() == 50);
}

int main() { return run(go()); }
