// Streams inside a transaction that goes on without them.

#include "integration/postgresql/fixture.hpp"

#include <weir/postgresql.hpp>
#include <weir/transaction.hpp>

#include <vector>

namespace weir::test {
namespace {

using Postgres = PostgresTest;

awaitable<void> fill(AsyncDatabase db) {
  std::vector<Record> records(20);
  for (std::size_t i = 0; i < records.size(); ++i) records[i].id = "id" + std::to_string(i);
  co_await db.create_batch(records);
}

awaitable<void> begin_to_read(Transaction* tx) {
  auto stream = tx->stream(Query(), StreamOptions().batch_size(2));
  const auto first = co_await stream.next();
  EXPECT_TRUE(first);
}

awaitable<int> open_cursors(Transaction* tx) {
  auto native = tx->native<PostgresTransaction>();
  const auto rows = co_await native.query("SELECT count(*) FROM pg_cursors WHERE name LIKE 'weir%'");
  co_return rows[0].get<int>(0);
}

awaitable<void> drops_streams(AsyncDatabase db) {
  co_await fill(db);
  auto tx = co_await db.begin();
  for (int i = 0; i < 3; ++i) co_await begin_to_read(&tx);
  EXPECT_EQ(co_await open_cursors(&tx), 0);
  // A cursor that is gone with its savepoint is not closed once more, which would fail the transaction.
  auto inner = co_await tx.savepoint();
  auto stream = inner.stream(Query(), StreamOptions().batch_size(2));
  const auto first = co_await stream.next();
  EXPECT_TRUE(first);
  co_await inner.rollback();
  stream = RecordStream();
  EXPECT_EQ(co_await tx.count(), 20u);
  co_await tx.commit();
}

TEST_F(Postgres, a_stream_that_is_dropped_leaves_no_cursor_in_its_transaction) {
  auto db = run(AsyncDatabase::open(url()));
  run(drops_streams(db));
  run(db.close());
}

}  // namespace
}  // namespace weir::test
