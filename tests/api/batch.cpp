// Many records in one call; results in the order of the input.
#include "program.hpp"

#include <string>
#include <vector>

weir::awaitable<void> go() {
  auto db = co_await weir::AsyncDatabase::open("memory:");
  std::vector<weir::Record> records;
  for (int i = 0; i < 100; ++i) records.push_back(weir::Record{}.set("n", i).with_id("r" + std::to_string(i)));
  auto result =
      co_await db.create_batch(std::move(records), weir::BatchOptions{}.on_error(weir::OnError::collect).chunk(10));
  CHECK(result.succeeded() == 100);

  // A member of the temporary result is used in the same expression.
  auto first = (co_await db.upsert_batch(std::vector<weir::Record>(3))).ids.at(0);
  CHECK(!first.empty());

  std::vector<std::string> ids{"r1", "r2", "none"};
  auto found = co_await db.read_batch(ids);
  CHECK(found.size() == 3 && found[0] && !found[2]);
  for (auto& record : co_await db.read_batch(ids))
    if (record) CHECK(!record->id.empty());
}

int main() { return run(go()); }
