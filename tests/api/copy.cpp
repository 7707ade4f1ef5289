// The batch job: one database into another, each record changed on the way.
#include "program.hpp"

#include <optional>
#include <string>

weir::awaitable<void> go() {
  auto from = co_await weir::AsyncDatabase::open("memory:");
  auto to = co_await weir::AsyncDatabase::open("memory:");
  for (int i = 0; i < 30; ++i) co_await from.create(weir::Record{}.set("n", i));

  // Settings that hold a function are filled in a statement of their own.
  std::string tag = "a tag that is long enough to be allocated on the heap";
  auto options = weir::CopyOptions{}.partitions(4).transform([tag](weir::Record record) -> std::optional<weir::Record> {
    record.set("tag", tag);
    return record;
  });
  auto stats = co_await weir::copy(from, weir::Query{}, to, options);
  CHECK(stats.written == 30);
  CHECK(co_await to.count(weir::Query{}.where(weir::field("tag") == tag)) == 30);
}

int main() { return run(go()); }
