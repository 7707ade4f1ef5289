// Batches, streams of writes, remove_where and patch_where.

#include "conformance/suite.hpp"

namespace weir::conformance {

WEIR_RULES(Batches);

namespace {

BatchOptions collect() { return BatchOptions{}.on_error(OnError::collect); }

std::vector<Record> numbered(int first, int count) {
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) {
    Record one;
    one.id = std::to_string(1000 + first + i);
    one.fields["n"] = first + i;
    records.push_back(std::move(one));
  }
  return records;
}

}  // namespace

WEIR_RULE(Batches, create, "create_batch: ids in input order") {
  auto records = numbered(0, 5);
  records[2].id.clear();
  const auto result = co_await db.create_batch(records, BatchOptions{}.refresh(Refresh::wait));
  if (result.ids.size() != 5) co_return ADD_FAILURE() << result.ids.size();
  EXPECT_EQ(result.succeeded(), 5u);
  EXPECT_TRUE(result.errors.empty());
  EXPECT_EQ(result.ids[0], "1000");
  EXPECT_EQ(result.ids[4], "1004");
  const auto assigned = co_await db.read(result.ids[2]);
  EXPECT_TRUE(assigned && assigned->get<int>("n") == 2);
  EXPECT_EQ(co_await db.count(), 5u);
}

WEIR_RULE(Batches, of_nothing, "a batch of nothing does nothing") {
  EXPECT_EQ((co_await db.create_batch(std::vector<Record>())).succeeded(), 0u);
  EXPECT_EQ((co_await db.upsert_batch(std::vector<Record>())).succeeded(), 0u);
  EXPECT_EQ((co_await db.remove_batch(std::vector<std::string>())).succeeded(), 0u);
  EXPECT_TRUE((co_await db.read_batch(std::vector<std::string>())).empty());
}

WEIR_RULE(Batches, of_any_size, "a batch of any size is cut into chunks") {
  // Where each record is a request of its own: as many as pass a chunk.
  const int count = test.backend().request_for_each_record ? 1100 : 2500;
  const auto result = co_await db.create_batch(numbered(0, count), BatchOptions{}.refresh(Refresh::wait));
  EXPECT_EQ(result.succeeded(), static_cast<std::size_t>(count));
  EXPECT_EQ(co_await db.count(), static_cast<std::uint64_t>(count));
  BatchOptions small;
  small.chunk(7).concurrency(2).refresh(Refresh::wait);
  const auto again = co_await db.upsert_batch(numbered(0, 50), small);
  EXPECT_EQ(again.succeeded(), 50u);
  for (std::size_t i = 0; i < again.ids.size(); ++i) EXPECT_EQ(again.ids[i], std::to_string(1000 + i));
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) ids.push_back(std::to_string(1000 + i));
  const auto all = co_await db.read_batch(ids);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(all[i] && all[i]->id == ids[i]) << ids[i];
  EXPECT_EQ((co_await db.remove_batch(ids)).succeeded(), static_cast<std::size_t>(count));
}

WEIR_RULE(Batches, collect_gives_one_error_per_item,
          "collect gives one error per failed item, with its index and id; the other items are stored") {
  co_await store(db, record("1001", R"({"old": true})"), record("1003", R"({"old": true})"));
  auto records = numbered(0, 6);
  records[4].fields["n"] = std::string("nul\0", 4);
  const auto result = co_await db.create_batch(records, collect().refresh(Refresh::wait));
  EXPECT_EQ(result.succeeded(), 3u);
  if (result.errors.size() != 3 || result.ids.size() != 6) co_return ADD_FAILURE() << result.errors.size() << " errors";
  const std::vector<std::size_t> failed{1, 3, 4};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(result.errors[i].index, failed[i]);
    EXPECT_EQ(result.errors[i].id, std::to_string(1000 + failed[i]));
    EXPECT_EQ(result.errors[i].error.kind(), failed[i] == 4 ? errc::invalid_argument : errc::already_exists)
        << result.errors[i].error.what();
    EXPECT_EQ(result.ids[failed[i]], "");
  }
  EXPECT_EQ(co_await found(db, "exists(n)"), "1000 1002 1005");
  EXPECT_EQ(co_await found(db, "old = true"), "1001 1003");
}

WEIR_RULE(Batches, the_same_id_twice, "collect: the second of two items with one id fails like any other") {
  auto records = numbered(0, 3);
  records[2].id = "1000";
  const auto result = co_await db.create_batch(records, collect().refresh(Refresh::wait));
  EXPECT_EQ(result.succeeded(), 2u);
  if (result.errors.size() != 1) co_return ADD_FAILURE() << result.errors.size() << " errors";
  EXPECT_EQ(result.errors.front().index, 2u);
  EXPECT_EQ(result.errors.front().error.kind(), errc::already_exists);
  const auto kept = co_await db.read("1000");
  EXPECT_EQ(kept->get<int>("n"), 0);
  auto twice = numbered(0, 2);
  twice[1].id = "1000";
  twice[1].fields["n"] = 77;
  EXPECT_EQ((co_await db.upsert_batch(twice)).succeeded(), 2u);
  const auto last = co_await db.read("1000");
  EXPECT_EQ(last->get<int>("n"), 77) << "items of a batch are written in input order";
}

WEIR_RULE(Batches, stop_throws_the_first_error, "stop throws that item's error; items after it are not tried") {
  co_await store(db, record("1002", R"({"old": true})"));
  BatchOptions one_by_one;
  one_by_one.chunk(1).concurrency(1);
  EXPECT_FAILS(db.create_batch(numbered(0, 6), one_by_one), already_exists);
  EXPECT_FALSE(co_await db.exists("1004")) << "after the failed item";
  EXPECT_FALSE(co_await db.exists("1005"));
  const auto kept = co_await db.read("1002");
  EXPECT_TRUE(kept && kept->get<bool>("old"));
}

WEIR_RULE(Batches, atomic, "atomic batches are all or nothing where transactions exist, and refused elsewhere") {
  co_await store(db, record("1003", R"({"old": true})"));
  BatchOptions atomic;
  atomic.atomic(true).refresh(Refresh::wait);
  if (!db.capabilities().atomic_batch) {
    EXPECT_FAILS(db.create_batch(numbered(0, 3), atomic), unsupported);
    EXPECT_FAILS(db.upsert_batch(numbered(0, 3), atomic), unsupported);
    EXPECT_EQ(co_await db.count(), 1u);
    co_return;
  }
  EXPECT_FAILS(db.create_batch(numbered(0, 6), atomic), already_exists);
  EXPECT_EQ(co_await db.count(), 1u) << "all or nothing";
  BatchOptions in_chunks = atomic;
  in_chunks.chunk(2);
  EXPECT_FAILS(db.create_batch(numbered(0, 6), in_chunks), already_exists);
  EXPECT_EQ(co_await db.count(), 1u) << "all or nothing, also over several chunks";
  EXPECT_EQ((co_await db.create_batch(numbered(10, 5), in_chunks)).succeeded(), 5u);
  EXPECT_EQ(co_await db.count(), 6u);
  auto invalid = numbered(20, 3);
  invalid[2].fields["v"] = std::string("\0", 1);
  EXPECT_FAILS(db.upsert_batch(invalid, atomic), invalid_argument);
  EXPECT_EQ(co_await db.count(), 6u);
  const std::vector<std::string> ids{"1010", "1011"};
  EXPECT_EQ((co_await db.remove_batch(ids, atomic)).succeeded(), 2u);
}

WEIR_RULE(Batches, remove, "remove_batch: \"\" for an absent id") {
  co_await store(db, numbered(0, 4));
  const std::vector<std::string> ids{"1003", "none", "1000", "1003"};
  const auto result = co_await db.remove_batch(ids, collect().refresh(Refresh::wait));
  EXPECT_EQ(result.ids, (std::vector<std::string>{"1003", "", "1000", ""}));
  EXPECT_TRUE(result.errors.empty());
  EXPECT_EQ(result.succeeded(), 2u);
  EXPECT_EQ(co_await found(db, Query{}), "1001 1002");
}

WEIR_RULE(Batches, read, "read_batch: in input order, nothing for an absent id, twice for an id given twice") {
  co_await store(db, numbered(0, 3));
  const std::vector<std::string> ids{"1002", "none", "1000", "1002"};
  const auto got = co_await db.read_batch(ids);
  if (got.size() != 4) co_return ADD_FAILURE() << got.size();
  EXPECT_TRUE(got[0] && got[0]->id == "1002");
  EXPECT_FALSE(got[1]);
  EXPECT_TRUE(got[2] && got[2]->id == "1000");
  EXPECT_TRUE(got[3] && got[3]->id == "1002");
}

WEIR_RULE(Batches, write_a_stream, "write: a stream of any length, bounded memory, any source") {
  int made = 0;
  auto next = [&made]() -> awaitable<std::optional<Record>> {
    if (made == 150) co_return std::nullopt;
    Record one;
    one.id = std::to_string(1000 + made);
    one.fields["n"] = made++;
    co_return one;
  };
  WriteStreamOptions options;
  options.chunk(20);
  auto source = RecordStream::from(next);
  const auto stats = co_await db.write(std::move(source), options);
  EXPECT_EQ(stats.written, 150u);
  EXPECT_EQ(stats.skipped, 0u);
  EXPECT_EQ(stats.failed, 0u);
  EXPECT_EQ((co_await db.read("1149"))->get<int>("n"), 149);
}

WEIR_RULE(Batches, write_a_stream_over_records, "OnConflict: insert, upsert, skip") {
  co_await store(db, record("1001", R"({"old": true})"));
  auto with = [](AsyncDatabase to, OnConflict what, OnError on_error) -> awaitable<WriteStats> {
    WriteStreamOptions options;
    options.on_conflict(what).on_error(on_error).chunk(2);
    auto source = RecordStream::from(numbered(0, 3));
    auto stats = co_await to.write(std::move(source), options);
    co_return stats;
  };
  auto stats = co_await with(db, OnConflict::skip, OnError::stop);
  EXPECT_EQ(stats.written, 2u);
  EXPECT_EQ(stats.skipped, 1u);
  EXPECT_TRUE((co_await db.read("1001"))->get<bool>("old"));
  stats = co_await with(db, OnConflict::insert, OnError::collect);
  EXPECT_EQ(stats.written, 0u);
  EXPECT_EQ(stats.failed, 3u);
  if (stats.errors.size() == 3) {
    EXPECT_EQ(stats.errors[2].index, 2u);
    EXPECT_EQ(stats.errors[2].id, "1002");
  } else {
    ADD_FAILURE() << stats.errors.size();
  }
  EXPECT_FAILS(with(db, OnConflict::insert, OnError::stop), already_exists);
  stats = co_await with(db, OnConflict::upsert, OnError::stop);
  EXPECT_EQ(stats.written, 3u);
  EXPECT_EQ((co_await db.read("1001"))->get<int>("n"), 1);
}

WEIR_RULE(Batches, write_a_stream_of_another_database,
          "write: any source, also a stream of another database, or of itself") {
  auto other = co_await test.open_another();
  co_await store(db, numbered(0, 60));
  WriteStreamOptions options;
  options.chunk(7);
  auto stream = db.stream(Query(field("n") >= 10), StreamOptions{}.batch_size(8));
  const auto stats = co_await other.write(std::move(stream), options);
  EXPECT_EQ(stats.written, 50u);
  EXPECT_EQ(co_await other.count(), 50u);
  co_await other.close();
}

WEIR_RULE(Batches, a_failing_source, "write: what the source throws ends it; what was written stays") {
  int made = 0;
  auto next = [&made]() -> awaitable<std::optional<Record>> {
    if (made == 25) throw std::runtime_error("the source broke");
    Record one;
    one.id = std::to_string(1000 + made++);
    co_return one;
  };
  WriteStreamOptions options;
  options.chunk(10);
  auto source = RecordStream::from(next);
  bool thrown = false;
  try {
    co_await db.write(std::move(source), options);
  } catch (const std::exception& error) {
    thrown = std::string(error.what()).find("the source broke") != std::string::npos;
  }
  EXPECT_TRUE(thrown);
  EXPECT_GE(co_await db.count(), 20u);
}

WEIR_RULE(Batches, remove_where, "remove_where removes every record that matches; gives their number") {
  co_await store(db, numbered(0, 30));
  EXPECT_EQ(co_await db.remove_where(Query(field("n") >= 20)), 10u);
  EXPECT_EQ(co_await db.remove_where(Query(field("n") >= 20)), 0u);
  EXPECT_EQ(co_await db.count(), 20u);
  EXPECT_EQ(co_await db.remove_where(Query(field("none") != 1)), 20u);
  EXPECT_EQ(co_await db.count(), 0u);
}

WEIR_RULE(Batches, patch_where, "patch_where patches every record that matches; gives their number") {
  co_await store(db, numbered(0, 10));
  const Json merge{{"seen", true}, {"n", nullptr}};
  const auto before = co_await db.read("1009");
  EXPECT_EQ(co_await db.patch_where(Query(field("n") >= 7), merge), 3u);
  EXPECT_EQ(co_await found(db, "seen = true"), "1007 1008 1009");
  EXPECT_EQ(co_await found(db, "not exists(n)"), "1007 1008 1009");
  EXPECT_NE((co_await db.read("1009"))->version, before->version);
  EXPECT_EQ(co_await db.patch_where(Query(field("n") > 99), merge), 0u);
  EXPECT_FAILS(db.patch_where(Query{}, Json::array()), invalid_argument);
}

WEIR_RULE(Batches, where_takes_no_page,
          "remove_where, patch_where: order, limit and offset are refused (invalid_query)") {
  co_await store(db, numbered(0, 3));
  for (const auto& query : {Query{}.limit(1), Query{}.offset(1), Query{}.order_by("n")}) {
    EXPECT_FAILS(db.remove_where(query), invalid_query);
    EXPECT_FAILS(db.patch_where(query, Json::object()), invalid_query);
  }
  EXPECT_EQ(co_await db.count(), 3u);
}

}  // namespace weir::conformance
