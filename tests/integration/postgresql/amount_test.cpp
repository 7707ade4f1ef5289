// Much at once: large batches, and streams that hold little memory however slowly they are read.

#include "integration/postgresql/fixture.hpp"
#include "support/sanitizers.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace weir::test {
namespace {

using Postgres = PostgresTest;

bool full() { return std::getenv("WEIR_FULL") != nullptr; }

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t pages = 0;
  file >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

awaitable<void> batch_of(AsyncDatabase db, std::size_t count) {
  std::vector<Record> records(count);
  for (std::size_t i = 0; i < count; ++i) {
    records[i].id = "id" + std::to_string(i);
    records[i].set("n", i);
  }
  BatchOptions options;
  options.timeout(std::chrono::minutes(10));
  const auto result = co_await db.create_batch(std::move(records), options);
  EXPECT_EQ(result.succeeded(), count);
  EXPECT_EQ(result.ids.back(), "id" + std::to_string(count - 1));
  EXPECT_EQ(co_await db.count(), count);
}

TEST_F(Postgres, eleven_thousand_records_in_one_batch) {
  auto db = run(AsyncDatabase::open(url()));
  run(batch_of(db, 11'000));
  run(db.close());
}

TEST_F(Postgres, a_million_records_in_one_batch) {
  if (!full()) GTEST_SKIP() << "only with WEIR_FULL=1";
  auto db = run(AsyncDatabase::open(url()));
  run(batch_of(db, 1'000'000));
  run(db.close());
}

awaitable<void> read_slowly(AsyncDatabase db, std::size_t expected) {
  auto stream = db.stream(Query());
  // What the first pieces take belongs to any stream.
  for (int i = 0; i < 5'000; ++i) co_await stream.next();
  const auto before = resident_bytes();
  std::size_t most = before;
  std::size_t seen = 5'000;
  while (co_await stream.next()) {
    ++seen;
    if (seen % 1'000 == 0) most = std::max(most, resident_bytes());
  }
  EXPECT_EQ(seen, expected);
  testing::Test::RecordProperty("grown_KiB", static_cast<int>((most - before) / 1024));
  // A sanitizer keeps what was freed.
  if (!test::under_sanitizer) {
    EXPECT_LT(most - before, 16u * 1024 * 1024);
  }
}

TEST_F(Postgres, a_stream_holds_little_memory) {
  const std::size_t rows = full() ? 5'000'000 : 200'000;
  sql("CREATE UNLOGGED TABLE records (id text COLLATE \"C\" PRIMARY KEY, fields jsonb NOT NULL, metadata jsonb NOT "
      "NULL DEFAULT "
      "'{}', version bigserial NOT NULL); GRANT ALL ON records TO weir; INSERT INTO records (id, fields) SELECT "
      "n::text, "
      "jsonb_build_object('n', n, 'text', repeat('x', 200)) FROM generate_series(1, " +
      std::to_string(rows) + ") n");
  auto db = run(AsyncDatabase::open(url("create_if_missing=false")));
  run(read_slowly(db, rows));
  run(db.close());
}

}  // namespace
}  // namespace weir::test
