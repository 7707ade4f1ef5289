// Streams.

#include "conformance/suite.hpp"
#include "support/random_data.hpp"
#include "support/reference.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <set>

namespace weir::conformance {

WEIR_RULES(Streams);

namespace {

constexpr int many = 230;

std::vector<Record> numbered(int count) {
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) {
    Record one;
    one.id = std::to_string(1000 + i);
    one.fields["n"] = (i * 7) % count;
    one.fields["text"] = std::string(50, static_cast<char>('a' + i % 26));
    records.push_back(std::move(one));
  }
  return records;
}

std::vector<Record> all_by_id(std::vector<Record> records) {
  std::sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return a.id < b.id; });
  return records;
}

StreamOptions pieces_of(std::size_t records) { return StreamOptions{}.batch_size(records); }

}  // namespace

WEIR_RULE(Streams, same_as_search,
          "stream gives exactly the records search would give, in its order where order_by is set") {
  co_await store(db, numbered(many));
  Query ordered;
  ordered.order_by("n", Order::desc);
  const auto expected = co_await db.search(ordered);
  for (const std::size_t piece : {1u, 2u, 7u, 100u, 1000u}) {
    const auto got = co_await drained(db.stream(ordered, pieces_of(piece)));
    EXPECT_TRUE(same_records(expected, got)) << "batch_size " << piece;
    for (std::size_t i = 0; i < got.size() && i < expected.size(); ++i) EXPECT_EQ(got[i].version, expected[i].version);
  }
  const auto all = co_await db.search(Query{});
  const auto unordered = co_await drained(db.stream(Query{}, pieces_of(9)));
  EXPECT_TRUE(same_records(all, all_by_id(unordered)));
}

WEIR_RULE(Streams, page_and_selection, "stream gives exactly the records search would give: limit, offset, select") {
  co_await store(db, numbered(50));
  Query query;
  query.order_by("n").limit(13).offset(5).select("n");
  const auto expected = co_await db.search(query);
  EXPECT_EQ(expected.size(), 13u);
  EXPECT_TRUE(same_records(expected, co_await drained(db.stream(query, pieces_of(4)))));
  EXPECT_TRUE((co_await drained(db.stream(Query{}.limit(0)))).empty());
  const auto some = co_await drained(db.stream(Query{}.limit(7), pieces_of(3)));
  EXPECT_EQ(some.size(), 7u);
}

WEIR_RULE(Streams, next_batch,
          "next_batch: what is fetched already, else the next records that come in one piece; empty at the end") {
  co_await store(db, numbered(40));
  Query ordered;
  ordered.order_by(weir::id());
  auto stream = db.stream(ordered, pieces_of(9));
  const auto first = co_await stream.next();
  std::vector<Record> got{*first};
  for (;;) {
    const auto batch = co_await stream.next_batch();
    if (batch.empty()) break;
    got.insert(got.end(), batch.begin(), batch.end());
  }
  EXPECT_TRUE(same_records(co_await db.search(ordered), got));
  const auto after = co_await stream.next_batch();
  EXPECT_TRUE(after.empty());
  const auto none = co_await stream.next();
  EXPECT_FALSE(none.has_value());
}

WEIR_RULE(Streams, end_again_and_again, "the next record, or nothing at the end (and again after it)") {
  co_await store(db, numbered(2));
  auto stream = db.stream();
  EXPECT_TRUE((co_await stream.next()).has_value());
  EXPECT_TRUE((co_await stream.next()).has_value());
  for (int i = 0; i < 3; ++i) EXPECT_FALSE((co_await stream.next()).has_value());
  co_await stream.close();
  co_await stream.close();
}

WEIR_RULE(Streams, empty_result, "a stream over nothing ends at once") {
  auto stream = db.stream(Query(field("x") == 1));
  EXPECT_FALSE((co_await stream.next()).has_value());
}

WEIR_RULE(Streams, closed, "close ends the stream; calling it again does nothing") {
  co_await store(db, numbered(30));
  auto stream = db.stream(Query{}, pieces_of(3));
  EXPECT_TRUE((co_await stream.next()).has_value());
  co_await stream.close();
  co_await stream.close();
  EXPECT_FALSE((co_await stream.next()).has_value()) << "nothing comes after close";
  auto never_started = db.stream();
  co_await never_started.close();
}

WEIR_RULE(Streams, abandoned_anywhere,
          "Destroying a stream half-way frees its server-side cursor and gives the connection back, at every index") {
  constexpr int count = 25;
  co_await store(db, numbered(count));
  for (int stop = 0; stop <= count; ++stop) {
    for (const std::size_t piece : {1u, 4u, 1000u}) {
      auto stream = db.stream(Query{}, pieces_of(piece));
      for (int i = 0; i < stop; ++i) EXPECT_TRUE((co_await stream.next()).has_value());
    }
    // More often than any pool has connections: one that stays out would be missed.
    EXPECT_EQ(co_await db.count(), static_cast<std::uint64_t>(count));
  }
  co_await db.create(record("after"));
  EXPECT_EQ(co_await db.count(), static_cast<std::uint64_t>(count) + 1);
}

WEIR_RULE(Streams, many_at_once, "a started stream holds a connection; several run side by side") {
  co_await store(db, numbered(40));
  std::vector<RecordStream> streams;
  for (int i = 0; i < 3; ++i) streams.push_back(db.stream(Query{}, pieces_of(5)));
  for (int i = 0; i < 40; ++i)
    for (auto& stream : streams) EXPECT_TRUE((co_await stream.next()).has_value());
  for (auto& stream : streams) EXPECT_FALSE((co_await stream.next()).has_value());
}

WEIR_RULE(Streams, one_snapshot,
          "The view is one snapshot where the store has it; a write during the stream is not seen") {
  if (!db.capabilities().snapshot_stream) test.skip("no snapshots");
  const auto before = numbered(60);
  co_await store(db, before);
  Query ordered;
  ordered.order_by(weir::id());
  auto stream = db.stream(ordered, pieces_of(5));
  std::vector<Record> got;
  got.push_back(*co_await stream.next());
  co_await db.create(record("zzz-new"));
  co_await db.remove("1040");
  co_await db.patch("1041", object_of("n", -1));
  for (;;) {
    auto next = co_await stream.next();
    if (!next) break;
    got.push_back(std::move(*next));
  }
  EXPECT_TRUE(same_records(before, got));
  EXPECT_EQ(co_await db.count(), 60u);
}

WEIR_RULE(Streams, neither_duplicates_nor_skips,
          "a write during the stream neither duplicates nor skips a record that existed throughout, on any backend") {
  co_await store(db, numbered(80));
  for (const bool ordered : {false, true}) {
    Query query(field("text").exists());
    if (ordered) query.order_by("n");
    auto stream = db.stream(query, pieces_of(3));
    std::multiset<std::string> seen;
    int step = 0;
    for (;;) {
      auto next = co_await stream.next();
      if (!next) break;
      seen.insert(next->id);
      ++step;
      // Removals before and after the cursor, insertions, and changes that leave the sort key alone.
      if (step % 4 == 1) co_await db.create(record("new-" + std::to_string(ordered) + std::to_string(step)));
      if (step % 4 == 2) co_await db.patch(std::to_string(1000 + (step * 13) % 80), object_of("touched", step));
      if (step % 16 == 3) co_await db.remove(std::to_string(1000 + (step * 29) % 80 / 8 * 8));
    }
    for (int i = 0; i < 80; ++i) {
      const auto id = std::to_string(1000 + i);
      EXPECT_LE(seen.count(id), 1u) << id;
      if (co_await db.exists(id)) {
        EXPECT_EQ(seen.count(id), 1u) << id;
      }
    }
  }
}

WEIR_RULE(Streams, partitions, "Partitions 0...n-1 of n are disjoint and together complete") {
  const auto records = numbered(many);
  co_await store(db, records);
  if (!db.capabilities().partitions) {
    EXPECT_FAILS(drained(db.stream(Query{}, StreamOptions{}.partition(Partition(0, 2)))), unsupported);
    EXPECT_EQ((co_await drained(db.stream(Query{}, StreamOptions{}.partition(Partition(0, 1))))).size(),
              records.size());
    co_return;
  }
  Query query(field("n") >= 10);
  const auto expected = co_await db.search(query);
  for (const std::size_t n : {1u, 2u, 3u, 7u, 64u}) {
    std::vector<Record> all;
    for (std::size_t i = 0; i < n; ++i) {
      StreamOptions options;
      options.partition(Partition(i, n)).batch_size(10);
      const auto part = co_await drained(db.stream(query, options));
      all.insert(all.end(), part.begin(), part.end());
    }
    EXPECT_TRUE(same_records(expected, all_by_id(all))) << n << " partitions";
  }
}

WEIR_RULE(Streams, partitions_of_odd_ids, "Partitions are disjoint and together complete, whatever the ids") {
  if (!db.capabilities().partitions) test.skip("no partitions");
  test::Random random(test::seed() + 5);
  const auto records = test::random_records(
      random, 90, test.licences().one_type_per_path ? test::Mixing::one_per_path : test::Mixing::mixed);
  co_await store(db, records);
  const auto expected = co_await db.search(Query{});
  std::vector<Record> all;
  for (std::size_t i = 0; i < 5; ++i) {
    StreamOptions options;
    options.partition(Partition(i, 5));
    const auto part = co_await drained(db.stream(Query{}, options));
    all.insert(all.end(), part.begin(), part.end());
  }
  EXPECT_TRUE(same_records(expected, all_by_id(all)));
}

WEIR_RULE(Streams, partition_of_an_order,
          "stream gives exactly the records search would give, in its order: within a partition too") {
  if (!db.capabilities().partitions) test.skip("no partitions");
  co_await store(db, numbered(60));
  Query query;
  query.order_by("n", Order::desc);
  const auto whole = co_await db.search(query);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < 3; ++i) {
    StreamOptions options;
    options.partition(Partition(i, 3)).batch_size(4);
    const auto part = co_await drained(db.stream(query, options));
    std::vector<Record> expected;
    const auto ids = ids_of(part);
    for (const auto& one : whole)
      if (std::find(ids.begin(), ids.end(), one.id) != ids.end()) expected.push_back(one);
    EXPECT_TRUE(same_records(expected, part));
    seen.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(seen.size(), whole.size());
}

WEIR_RULE(Streams, wrong_partition, "Partition: invalid_argument unless index < count") {
  EXPECT_TRUE(test::fails_with(test::outcome_now([] { Partition made(2, 2); }), errc::invalid_argument));
  EXPECT_TRUE(test::fails_with(test::outcome_now([] { Partition made(0, 0); }), errc::invalid_argument));
  co_return;
}

WEIR_RULE(Streams, bounded, "Memory is bounded by prefetch_bytes: pieces stay small whatever the result") {
  std::vector<Record> records;
  for (int i = 0; i < 60; ++i) {
    Record one;
    one.id = std::to_string(1000 + i);
    one.fields["text"] = std::string(20'000, 'x');
    records.push_back(std::move(one));
  }
  if (test.licences().one_type_per_path)
    for (auto& one : records) {
      one.fields["text"] = Json::array();
      for (int i = 0; i < 40; ++i) one.fields["text"].push_back(std::string(500, 'x'));
    }
  co_await store(db, std::move(records));
  StreamOptions options;
  options.prefetch_bytes(100'000);
  auto stream = db.stream(Query{}, options);
  std::size_t pieces = 0;
  std::size_t total = 0;
  for (;;) {
    const auto batch = co_await stream.next_batch();
    if (batch.empty()) break;
    ++pieces;
    total += batch.size();
    EXPECT_LE(batch.size(), 11u) << "twenty records of 20 kB are more than twice what was allowed to be held";
  }
  EXPECT_EQ(total, 60u);
  EXPECT_GE(pieces, 6u);
}

WEIR_RULE(Streams, one_operation_at_a_time, "a second operation while one is pending throws invalid_argument") {
  co_await store(db, numbered(20));
  auto stream = db.stream(Query{}, pieces_of(2));
  const auto executor = co_await boost::asio::this_coro::executor;
  // Two calls at once; a backend that never suspends ends the first before the second begins, which is right as well.
  test::Completion<std::optional<Record>> first;
  test::Completion<std::optional<Record>> second;
  test::start(executor, stream.next(), first);
  test::start(executor, stream.next(), second);
  while (!first.done || !second.done) co_await boost::asio::post(boost::asio::use_awaitable);
  auto ended = [](auto& completion) { return test::outcome_now([&] { completion.take(); }); };
  const auto a = ended(first);
  const auto b = ended(second);
  EXPECT_TRUE(a.ok() || b.ok());
  if (!a.ok()) {
    EXPECT_TRUE(test::fails_with(a, errc::invalid_argument));
  }
  if (!b.ok()) {
    EXPECT_TRUE(test::fails_with(b, errc::invalid_argument));
  }
  EXPECT_TRUE((co_await stream.next()).has_value()) << "the refused call does no harm to the stream";
}

WEIR_RULE(Streams, another_loop, "Use from another loop throws invalid_argument; the destructor may run anywhere") {
  co_await store(db, numbered(20));
  auto stream = db.stream(Query{}, pieces_of(2));
  EXPECT_TRUE((co_await stream.next()).has_value());
  test::OnThread<Outcome> other([&stream] { return outcome_of([&stream] { return stream.next(); }); });
  EXPECT_TRUE(test::fails_with(other.take(), errc::invalid_argument));
  EXPECT_TRUE((co_await stream.next()).has_value());
  auto moved = std::make_shared<RecordStream>(std::move(stream));
  std::thread([gone = std::move(moved)]() mutable { gone.reset(); }).join();
  EXPECT_EQ(co_await db.count(), 20u);
}

WEIR_RULE(Streams, handle_may_die,
          "An operation keeps what it needs alive: the handle may die before the stream starts") {
  auto another = co_await test.open_another();
  co_await store(another, numbered(10));
  auto stream = another.stream(Query{}, pieces_of(3));
  another = AsyncDatabase();
  const auto all = co_await drained(std::move(stream));
  EXPECT_EQ(all.size(), 10u);
}

WEIR_RULE(Streams, reading_inside_the_loop, "reading inside a stream's loop needs a second connection, and gets it") {
  co_await store(db, numbered(30));
  auto stream = db.stream(Query{}, pieces_of(4));
  int read = 0;
  for (;;) {
    const auto next = co_await stream.next();
    if (!next) break;
    const auto again = co_await db.read(next->id);
    EXPECT_TRUE(again && same_record(*next, *again));
    ++read;
  }
  EXPECT_EQ(read, 30);
}

}  // namespace weir::conformance
