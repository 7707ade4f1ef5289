// Step 9: copy from one database to another, changing records on the way.
#include "tutorial.hpp"

// [tutorial]
weir::awaitable<void> copy(std::string url) {
  auto from = co_await weir::AsyncDatabase::open(url);
  auto to = co_await weir::AsyncDatabase::open("memory:");
  std::vector<weir::Record> people;
  for (int n = 0; n < 100; ++n)
    people.push_back(weir::Record{}.set("name", "Person " + std::to_string(n)).set("age", n));
  co_await from.create_batch(std::move(people));

  // Settings that hold a function are filled in statements of their own, never inside the co_await expression.
  weir::CopyOptions options;
  options.partitions(4).chunk(10);
  options.transform([](weir::Record person) -> std::optional<weir::Record> {
    if (person.get<int>("age") == 13) return std::nullopt;  // dropped
    person.set("adult", person.get<int>("age") >= 18);
    return person;
  });
  std::uint64_t reported = 0;
  options.progress([&reported](const weir::CopyProgress& progress) { reported = progress.stats().written; });

  auto stats = co_await weir::copy(from, weir::Query(weir::field("age") < 50), to, options);
  EXPECT(stats.read == 50 && stats.written == 49 && stats.skipped == 1);
  EXPECT(reported == 49);
  EXPECT(co_await to.count(weir::Query(weir::field("adult") == true)) == 32);
  co_await from.close();
  co_await to.close();
}
// [tutorial]

int main(int argc, char** argv) { return run(copy(url_from(argc, argv))); }
