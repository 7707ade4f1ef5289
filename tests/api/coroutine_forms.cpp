// The ways of giving arguments inside a co_await expression that weir promises to be right on g++ 12.2, which destroys
// aggregates there twice. Wrong ones end in a double free here, or under AddressSanitizer.
#include "program.hpp"

#include <optional>
#include <string>
#include <vector>

const std::string heap = "a text that is long enough to be allocated on the heap";

weir::WriteOptions make_options() { return weir::WriteOptions{}.if_version(heap); }

weir::awaitable<void> options_of_every_kind(weir::AsyncDatabase db) {
  co_await db.upsert(weir::Record{}.with_id("a").set("text", heap));
  auto version = (co_await db.read("a"))->version;

  // A chain from a temporary, a default argument, braces, a function's result, a named value copied and moved.
  co_await db.update("a", weir::Record{}.set("text", heap + "1"), weir::WriteOptions{}.if_version(version));
  co_await db.update("a", weir::Record{}.set("text", heap + "2"));
  co_await db.update("a", weir::Record(weir::Json::object()), weir::WriteOptions{});
  bool refused = false;
  try {
    co_await db.update("a", weir::Record{}, make_options());
  } catch (const weir::Error& error) {
    refused = error.code() == weir::errc::conflict || error.code() == weir::errc::invalid_argument;
  }
  CHECK(refused);
  auto options = weir::WriteOptions{}.timeout(std::chrono::seconds(5));
  auto record = weir::Record{}.set("text", heap);
  co_await db.update("a", record, options);
  co_await db.update("a", std::move(record), std::move(options));
  CHECK((co_await db.read("a"))->get<std::string>("text") == heap);
}

weir::awaitable<void> queries(weir::AsyncDatabase db) {
  auto rows = co_await db.search(weir::Query{}.where(weir::field("text") == heap && weir::field("n").not_exists()));
  CHECK(rows.size() == 1);
  if (auto found = co_await db.read("a"); found) CHECK(found->get<std::string>("text") == heap);
  std::vector<weir::Record> all;
  for (auto& row : co_await db.search(weir::Query{}.filter("text", weir::Operator::eq, heap))) all.push_back(row);
  CHECK(all.size() == 1);
  // A reference to a chained temporary must not be used later; a copy may.
  const auto query = weir::Query{}.where(weir::field("text") == heap).limit(1);
  CHECK((co_await db.search(query)).size() == 1);
  CHECK(co_await db.count(query) == 1);
}

weir::awaitable<std::string> pass_through(weir::AsyncDatabase db) {
  co_return co_await db.create(weir::Record{}.set("text", heap).set("nested.deeper.value", heap));
}

weir::awaitable<void> suspended_arguments(weir::AsyncDatabase db) {
  // The operation is made in one statement and awaited in another; the temporary handle is gone by then.
  auto operation = db.with(weir::CallOptions{}.tag(heap)).create(weir::Record{}.set("text", heap));
  auto id = co_await std::move(operation);
  CHECK(co_await db.remove(id, weir::WriteOptions{}.timeout(std::chrono::seconds(5))));
  auto other = co_await pass_through(db);
  CHECK(co_await db.exists(other));
}

weir::awaitable<void> go() {
  auto db = co_await weir::AsyncDatabase::open("memory:");
  co_await options_of_every_kind(db);
  co_await queries(db);
  co_await suspended_arguments(db);
  co_await db.close();
}

int main() { return run(go()); }
