// Step 2: search with a filter, an order, a page and a selection; count; the text form for people.
#include "tutorial.hpp"

// [tutorial]
using weir::field;
using weir::Query;

weir::awaitable<void> search(std::string url) {
  auto db = co_await weir::AsyncDatabase::open(url);
  for (int n = 0; n < 50; ++n) {
    auto record = weir::Record{}.set("n", n).set("parity", n % 2 == 0 ? "even" : "odd");
    co_await db.create(std::move(record).with_id("number-" + std::to_string(n)));
  }

  auto query = Query{}
                   .where(field("n") >= 10 && (field("n") < 20 || field("parity") == "odd"))
                   .order_by("n", weir::Order::desc)
                   .limit(3)
                   .select("n");
  auto largest = co_await db.search(query);
  EXPECT(largest.size() == 3 && largest[0].get<int>("n") == 49);

  // The same language as text, for configuration files and command lines.
  auto text = Query::parse(R"(n between 40 and 60 and parity in ("even") or id = "number-7")");
  EXPECT(co_await db.count(text) == 6);

  // Comparisons with a missing field are false, and their negations true: there is no third truth value.
  EXPECT(co_await db.count(Query(field("absent") == 1)) == 0);
  EXPECT(co_await db.count(Query(field("absent") != 1)) == 50);
  co_await db.close();
}
// [tutorial]

int main(int argc, char** argv) { return run(search(url_from(argc, argv))); }
