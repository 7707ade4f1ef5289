#include "unit/copy/faulty_store.hpp"
#include "unit/copy/run_loop.hpp"

#include <weir/weir.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using weir::AsyncDatabase;
using weir::awaitable;
using weir::CopyOptions;
using weir::CopyProgress;
using weir::CopyStats;
using weir::errc;
using weir::Error;
using weir::field;
using weir::OnConflict;
using weir::Query;
using weir::Record;
using weir::test::faulty_data;
using weir::test::FaultyData;

/// A source with `count` records and an empty target, both of memory.
class Pair {
 public:
  Pair() = default;
  AsyncDatabase from;
  AsyncDatabase to;
};

awaitable<Pair> open_pair(std::size_t count) {
  Pair pair;
  pair.from = co_await AsyncDatabase::open("memory:");
  pair.to = co_await AsyncDatabase::open("memory:");
  FaultyData content;
  content.fill(count);
  std::vector<Record> records;
  for (auto& [id, record] : content.records) records.push_back(record);
  if (!records.empty()) co_await pair.from.create_batch(std::move(records));
  co_return pair;
}

awaitable<void> expect_equal(Pair pair) {
  const auto wanted = co_await pair.from.search(Query());
  const auto stored = co_await pair.to.search(Query());
  EXPECT_EQ(wanted.size(), stored.size());
  for (std::size_t i = 0; i < std::min(wanted.size(), stored.size()); ++i) {
    EXPECT_EQ(wanted[i].id, stored[i].id);
    EXPECT_EQ(wanted[i].fields, stored[i].fields);
  }
}

/// The error of a copy; a failure when there is none.
awaitable<Error> error_of(Pair pair, Query query, CopyOptions options) {
  std::optional<Error> failure;
  try {
    co_await weir::copy(pair.from, std::move(query), pair.to, std::move(options));
  } catch (const Error& error) {
    failure = error;
  }
  EXPECT_TRUE(failure);
  co_return failure.value_or(Error(errc::server_error, "none"));
}

awaitable<void> everything(std::size_t count, CopyOptions options) {
  const auto pair = co_await open_pair(count);
  const auto stats = co_await weir::copy(pair.from, Query(), pair.to, std::move(options));
  EXPECT_EQ(stats.read, count);
  EXPECT_EQ(stats.written, count);
  EXPECT_EQ(stats.skipped + stats.rejected, 0U);
  EXPECT_GT(stats.elapsed.count(), 0);
  co_await expect_equal(pair);
}

TEST(Copy, everything_in_all_shapes) {
  for (const std::size_t count : {0U, 1U, 9U, 10U, 11U, 1000U})
    for (const std::size_t partitions : {1U, 3U, 16U})
      for (const std::size_t chunk : {1U, 10U, 1000U})
        weir::test::run(everything(count, CopyOptions().partitions(partitions).chunk(chunk)));
}

TEST(Copy, on_a_loop_that_many_threads_run) {
  weir::test::run_on_threads(everything(2000, CopyOptions().partitions(8).chunk(7)));
}

awaitable<void> a_query() {
  const auto pair = co_await open_pair(100);
  const auto page = Query(field("n") >= 10).order_by("n", weir::Order::desc).limit(5).offset(2).select("n");
  const auto stats = co_await weir::copy(pair.from, page, pair.to);
  EXPECT_EQ(stats.written, 5U);
  const auto stored = co_await pair.to.search(Query());
  std::vector<std::string> ids;
  for (const auto& record : stored) {
    ids.push_back(record.id);
    EXPECT_EQ(record.fields.size(), 1U);
  }
  EXPECT_THAT(ids, ElementsAre("r000093", "r000094", "r000095", "r000096", "r000097"));
}

TEST(Copy, what_the_query_finds) { weir::test::run(a_query()); }

awaitable<void> wrong_options() {
  const auto pair = co_await open_pair(1);
  const std::string file = "/nowhere/copy.json";
  struct Case {
    Query query;
    CopyOptions options;
  };
  std::vector<Case> cases;
  cases.push_back({Query(), CopyOptions().partitions(0)});
  cases.push_back({Query(), CopyOptions().chunk(0)});
  cases.push_back({Query().limit(3), CopyOptions().partitions(2)});
  cases.push_back({Query().offset(3), CopyOptions().partitions(2)});
  cases.push_back({Query().limit(3), CopyOptions().checkpoint(file)});
  cases.push_back({Query().offset(1), CopyOptions().checkpoint(file)});
  cases.push_back({Query().order_by("n"), CopyOptions().checkpoint(file)});
  for (auto& entry : cases) {
    const auto error = co_await error_of(pair, entry.query, entry.options);
    EXPECT_EQ(error.kind(), errc::invalid_argument) << error.what();
  }
  Pair half;
  half.from = pair.from;
  const auto no_target = co_await error_of(half, Query(), CopyOptions());
  EXPECT_EQ(no_target.kind(), errc::invalid_argument);
  std::swap(half.from, half.to);
  const auto no_source = co_await error_of(half, Query(), CopyOptions());
  EXPECT_EQ(no_source.kind(), errc::invalid_argument);
}

TEST(Copy, options_that_do_not_fit_are_refused) { weir::test::run(wrong_options()); }

awaitable<void> transformed() {
  const auto pair = co_await open_pair(10);
  CopyOptions options;
  options.transform([](Record record) -> std::optional<Record> {
    const auto n = record.get<int>("n");
    if (n % 3 == 0) return std::nullopt;
    if (n % 3 == 1) return Record().set("rewritten", n);
    record.id = "renamed " + record.id;
    return record;
  });
  const auto stats = co_await weir::copy(pair.from, Query(), pair.to, options);
  EXPECT_EQ(stats.read, 10U);
  EXPECT_EQ(stats.written, 6U);
  EXPECT_EQ(stats.skipped, 4U);
  const auto rewritten = co_await pair.to.read("r000001");
  EXPECT_EQ(rewritten->get<int>("rewritten"), 1) << "without an id of its own it keeps the source's";
  EXPECT_TRUE(co_await pair.to.exists("renamed r000002"));
  EXPECT_FALSE(co_await pair.to.exists("r000003"));
}

TEST(Copy, transform_changes_renames_and_drops) { weir::test::run(transformed()); }

awaitable<void> throwing_transform() {
  const auto pair = co_await open_pair(10);
  CopyOptions options;
  options.transform([](Record) -> std::optional<Record> { throw std::domain_error("mine"); });
  bool thrown = false;
  try {
    co_await weir::copy(pair.from, Query(), pair.to, options);
  } catch (const std::domain_error&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
}

TEST(Copy, an_exception_of_the_transform_comes_out) { weir::test::run(throwing_transform()); }

awaitable<void> conflicts() {
  const auto pair = co_await open_pair(10);
  co_await pair.to.create(Record().with_id("r000004").set("old", true));
  const auto refused = co_await error_of(pair, Query(), CopyOptions().on_conflict(OnConflict::insert));
  EXPECT_EQ(refused.kind(), errc::already_exists);
  EXPECT_THAT(refused.what(), HasSubstr("r000004"));
  const auto kept = co_await pair.to.read("r000004");
  EXPECT_TRUE(kept->find("old")) << "nothing was overwritten";

  const auto target = co_await AsyncDatabase::open("memory:");
  co_await target.create(Record().with_id("r000004").set("old", true));
  const auto skipping = co_await weir::copy(pair.from, Query(), target, CopyOptions().on_conflict(OnConflict::skip));
  EXPECT_EQ(skipping.written, 9U);
  EXPECT_EQ(skipping.skipped, 1U);
  const auto skipped = co_await target.read("r000004");
  EXPECT_TRUE(skipped->find("old"));

  const auto replacing = co_await weir::copy(pair.from, Query(), target);
  EXPECT_EQ(replacing.written, 10U);
  const auto replaced = co_await target.read("r000004");
  EXPECT_FALSE(replaced->find("old"));
}

TEST(Copy, ids_that_are_stored_already) { weir::test::run(conflicts()); }

awaitable<void> reject_some() {
  const auto pair = co_await open_pair(30);
  co_await pair.to.create(Record().with_id("r000004"));
  co_await pair.to.create(Record().with_id("r000017"));
  std::vector<std::string> rejected;
  CopyOptions options;
  options.on_conflict(OnConflict::insert).chunk(7).verify(true);
  options.rejects([&rejected](const Record& record, const Error& error) {
    EXPECT_EQ(error.kind(), errc::already_exists);
    rejected.push_back(record.id);
  });
  const auto stats = co_await weir::copy(pair.from, Query(), pair.to, options);
  EXPECT_EQ(stats.rejected, 2U);
  EXPECT_EQ(stats.written, 28U);
  EXPECT_THAT(rejected, ElementsAre("r000004", "r000017"));
}

TEST(Copy, refused_records_go_to_the_sink) { weir::test::run(reject_some()); }

awaitable<void> watched() {
  const auto pair = co_await open_pair(100);
  std::vector<std::uint64_t> seen;
  CopyOptions options;
  options.chunk(30);
  options.progress([&seen](const CopyProgress& progress) {
    EXPECT_EQ(progress.total(), 100U);
    seen.push_back(progress.stats().written);
  });
  co_await weir::copy(pair.from, Query(), pair.to, options);
  EXPECT_THAT(seen, ElementsAre(30, 60, 90, 100));
  seen.clear();
  options.progress([&seen](const CopyProgress& progress) { seen.push_back(*progress.total()); });
  const auto page = Query().offset(95).limit(50);
  co_await weir::copy(pair.from, page, pair.to, options);
  EXPECT_THAT(seen, ElementsAre(5)) << "offset and limit are counted in";
}

TEST(Copy, progress_after_every_chunk) { weir::test::run(watched()); }

awaitable<void> dry() {
  const auto pair = co_await open_pair(100);
  const auto stats = co_await weir::copy(pair.from, Query(), pair.to, CopyOptions().dry_run(true).verify(true));
  EXPECT_EQ(stats.read, 100U);
  EXPECT_EQ(stats.written, 100U);
  const auto stored = co_await pair.to.count();
  EXPECT_EQ(stored, 0U);
}

TEST(Copy, a_dry_run_writes_nothing) { weir::test::run(dry()); }

/// Names one record after another: an update arrives in the target while the copy runs.
awaitable<void> verified() {
  weir::test::register_faulty();
  const auto source = faulty_data("verify-source");
  const auto target = faulty_data("verify-target");
  source->fill(50);
  Pair pair;
  pair.from = co_await AsyncDatabase::open("faulty:verify-source");
  pair.to = co_await AsyncDatabase::open("faulty:verify-target");
  CopyOptions options;
  options.chunk(10).verify(true).partitions(2);
  const auto stats = co_await weir::copy(pair.from, Query(), pair.to, options);
  EXPECT_EQ(stats.written, 50U);

  std::uint64_t written = 0;
  options.progress([&](const CopyProgress& progress) {
    written = progress.stats().written;
    if (written == 50) target->records.at("r000033").set("n", 34);
  });
  const auto changed = co_await error_of(pair, Query(), options);
  EXPECT_EQ(changed.kind(), errc::conflict);
  EXPECT_THAT(changed.what(), HasSubstr("r000033"));

  options.progress([&](const CopyProgress& progress) {
    if (progress.stats().written == 50) target->records.erase("r000012");
  });
  const auto missing = co_await error_of(pair, Query(), options);
  EXPECT_EQ(missing.kind(), errc::conflict);
  EXPECT_THAT(missing.what(), HasSubstr("r000012"));
}

TEST(Copy, verification_names_the_record_that_differs) { weir::test::run(verified()); }

/// Two records renamed to one: the second overwrites the first, which only a verification at the end can see.
awaitable<void> collided() {
  const auto pair = co_await open_pair(50);
  CopyOptions options;
  options.chunk(10).verify(true);
  options.transform([](Record record) -> std::optional<Record> {
    if (record.id == "r000041") record.id = "r000003";
    return record;
  });
  const auto error = co_await error_of(pair, Query(), options);
  EXPECT_EQ(error.kind(), errc::conflict);
  EXPECT_THAT(error.what(), HasSubstr("r000003"));
}

TEST(Copy, verification_sees_records_that_were_renamed_onto_others) { weir::test::run(collided()); }

}  // namespace
