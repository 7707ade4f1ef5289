// Archives: how they are written, read back, and how the source is emptied.
#include "backends/s3/packing.hpp"
#include "support/random.hpp"
#include "wire/s3/support.hpp"

#include <weir/database.hpp>
#include <weir/s3_archive.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

namespace weir::s3 {
namespace {

using test::FakeStore;
using test::Fault;
using test::run;

std::string fresh_url() {
  static std::atomic<int> number{0};
  return "memory:archive" + std::to_string(++number);
}

awaitable<void> fill(AsyncDatabase db, int count, int first = 0) {
  std::vector<Record> records;
  test::Random random(7);
  for (int i = first; i < first + count; ++i) {
    Record one;
    one.id = "id/" + std::to_string(100'000 + i);
    one.fields["n"] = i;
    std::string noise;
    for (int k = 0; k < 40; ++k) noise += static_cast<char>('a' + random.below(26));
    one.fields["noise"] = noise;
    if (i % 3 == 0) one.metadata["seen"] = i;
    records.push_back(std::move(one));
  }
  const auto result = co_await db.create_batch(std::move(records));
  EXPECT_TRUE(result.errors.empty());
}

std::string archive_url_of(const FakeStore& store, const std::string& more = "") {
  install();
  return "s3://bucket/attic/2024/?layout=archive&access_key_id=key&secret_access_key=secret&proxy=off&retry.base=1"
         "&retry.throttle_base=1&endpoint_url=" +
         store.origin() + more;
}

awaitable<std::vector<Record>> all_of(AsyncDatabase db) {
  auto records = co_await db.search(Query());
  for (auto& record : records) record.version.clear();
  co_return records;
}

void expect_same(const std::vector<Record>& a, const std::vector<Record>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(a[i].id == b[i].id && a[i].fields == b[i].fields && a[i].metadata == b[i].metadata) << a[i].id;
}

awaitable<void> there_and_back(std::string url, Client client, std::string compression) {
  auto from = co_await AsyncDatabase::open(fresh_url());
  co_await fill(from, 3000);
  ArchiveOptions options;
  options.part_size(20'000).compression(compression);
  const auto stats = co_await archive(from, Query(), client, "attic/2024", options);
  EXPECT_EQ(stats.records, 3000u);
  EXPECT_EQ(stats.verified, 3000u);
  EXPECT_GT(stats.parts, 3u);
  auto packed = co_await AsyncDatabase::open(url);
  const auto before = co_await all_of(from);
  const auto after = co_await all_of(packed);
  expect_same(before, after);
  EXPECT_EQ(co_await from.count(), 3000u) << "nothing was to be removed";
  // Queries: the reference evaluator's, over what is streamed.
  EXPECT_EQ(co_await packed.count(Query(field("n") >= 2990)), 10u);
  auto page = Query(field("n") >= 100);
  page.order_by("n", Order::desc).limit(3).offset(1);
  const auto some = co_await packed.search(page);
  EXPECT_TRUE(some.size() == 3 && some[0].get<int>("n") == 2998);
  Query first;
  first.limit(2).offset(5);
  const auto two = co_await packed.search(first);
  EXPECT_TRUE(two.size() == 2 && two[0].get<int>("n") == 5);
  const auto one = co_await packed.read("id/101234");
  EXPECT_TRUE(one && one->get<int>("n") == 1234);
  const auto none = co_await packed.read("id/1012345");
  EXPECT_FALSE(none.has_value());
  EXPECT_FAILS(packed.upsert(Record()), unsupported);
  co_await packed.close();
}

TEST(Archive, ThereAndBack) {
  for (const std::string compression : {"none", "gzip", "zstd"}) {
    FakeStore store;
    run(there_and_back(archive_url_of(store), client_of(store), compression));
    std::string last;
    std::string text;
    for (const auto& [key, object] : store.objects()) {
      if (!key.starts_with("attic/2024/part-")) continue;
      EXPECT_LE(object.bytes.size(), 20'000u);
      last = key;
      Unpacker unpacker(parse_packing(compression));
      std::string room(10'000'000, '\0');
      const auto step = unpacker.run({object.bytes.data(), object.bytes.size()}, {room.data(), room.size()});
      text.append(room, 0, step.produced);
    }
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3000);
    EXPECT_EQ(text.substr(0, text.find(':')), "{\"id\"");
    // The manifest came last.
    std::string put;
    for (const auto& line : store.log())
      if (line.starts_with("PUT ")) put = line;
    EXPECT_EQ(put, "PUT /bucket/attic/2024/manifest.json");
  }
}

awaitable<ArchiveStats> archived(AsyncDatabase from, Client client, ArchiveOptions options, Query query = Query()) {
  co_return co_await archive(from, std::move(query), client, "attic/2024", options);
}

TEST(Archive, ASingleRecordMayBeLargerThanAPart) {
  FakeStore store;
  auto from = run(AsyncDatabase::open(fresh_url()));
  run(fill(from, 3));
  const auto stats = run(archived(from, client_of(store), ArchiveOptions{}.part_size(1)));
  EXPECT_EQ(stats.parts, 3u);
}

TEST(Archive, OfNothing) {
  FakeStore store;
  auto from = run(AsyncDatabase::open(fresh_url()));
  const auto stats = run(archived(from, client_of(store), {}));
  EXPECT_EQ(stats.parts, 0u);
  auto packed = run(AsyncDatabase::open(archive_url_of(store)));
  EXPECT_EQ(run(packed.count()), 0u);
}

/// Changes and removes records between the archiving and the removal.
TEST(Archive, RemovesWhatItHoldsAndNothingElse) {
  FakeStore store;
  auto from = run(AsyncDatabase::open(fresh_url()));
  run(fill(from, 500));
  run(archived(from, client_of(store), {}));
  run(from.patch("id/100007", Json::parse(R"({"n": -1})")));
  run(from.remove("id/100008"));
  run(fill(from, 10, 1000));  // new ones
  const auto stats = run(archived(from, client_of(store), ArchiveOptions{}.remove_source(true)));
  EXPECT_TRUE(stats.existed);
  EXPECT_EQ(stats.removed, 498u);
  EXPECT_EQ(stats.changed, 1u);
  EXPECT_EQ(stats.gone, 1u);
  const auto left = run(all_of(from));
  ASSERT_EQ(left.size(), 11u);
  EXPECT_EQ(left[0].id, "id/100007");
  auto packed = run(AsyncDatabase::open(archive_url_of(store)));
  EXPECT_EQ(run(packed.count()), 500u);
  // And once more: nothing is left to do.
  const auto again = run(archived(from, client_of(store), ArchiveOptions{}.remove_source(true)));
  EXPECT_EQ(again.removed, 0u);
  EXPECT_EQ(again.gone, 499u);
}

TEST(Archive, OnePassThatArchivesAndRemoves) {
  FakeStore store;
  auto from = run(AsyncDatabase::open(fresh_url()));
  run(fill(from, 200));
  const auto stats =
      run(archived(from, client_of(store), ArchiveOptions{}.remove_source(true), Query(field("n") < 150)));
  EXPECT_EQ(stats.removed, 150u);
  EXPECT_EQ(run(from.count()), 50u);
  // Of another query: not the same archive.
  const auto other = test::outcome_now([&] { run(archived(from, client_of(store), {}, Query(field("n") < 151))); });
  EXPECT_TRUE(test::fails_with(other, errc::already_exists));
}

TEST(Archive, NothingIsRemovedWhenABitIsWrong) {
  FakeStore store;
  auto from = run(AsyncDatabase::open(fresh_url()));
  run(fill(from, 500));
  run(archived(from, client_of(store), ArchiveOptions{}.part_size(8000)));
  // The second part is another one by now.
  auto object = store.objects().at("attic/2024/part-000002.ndjson.zst");
  object.bytes[object.bytes.size() / 2] ^= 1;
  store.put("attic/2024/part-000002.ndjson.zst", object.bytes);
  const auto outcome =
      test::outcome_now([&] { run(archived(from, client_of(store), ArchiveOptions{}.remove_source(true))); });
  EXPECT_TRUE(test::fails_with(outcome, errc::corrupt_data));
  EXPECT_EQ(run(from.count()), 500u);
  auto packed = run(AsyncDatabase::open(archive_url_of(store)));
  const auto read = test::outcome_now([&] { run(packed.count()); });
  EXPECT_TRUE(test::fails_with(read, errc::corrupt_data));
}

TEST(Archive, AFailureMidwayLeavesNothing) {
  FakeStore store;
  auto from = run(AsyncDatabase::open(fresh_url()));
  run(fill(from, 500));
  store.choose([](std::uint64_t, const test::Received& request) {
    return request.target().find("part-000003") != std::string::npos ? Fault::internal : Fault::none;
  });
  const auto outcome =
      test::outcome_now([&] { run(archived(from, client_of(store), ArchiveOptions{}.part_size(4000))); });
  EXPECT_TRUE(test::fails_with(outcome, errc::server_error));
  EXPECT_TRUE(store.objects().empty());
  EXPECT_EQ(store.uploads(), 0u);
  // Repeatable.
  store.choose({});
  EXPECT_EQ(run(archived(from, client_of(store), ArchiveOptions{}.part_size(4000))).records, 500u);
}

TEST(Archive, ACancellationLeavesNothing) {
  FakeStore store;
  auto from = run(AsyncDatabase::open(fresh_url()));
  run(fill(from, 500));
  boost::asio::io_context io(1);
  boost::asio::cancellation_signal signal;
  ArchiveOptions options;
  options.part_size(4000);
  options.progress([&signal](const ArchiveStats& stats) {
    if (stats.parts == 2) signal.emit(boost::asio::cancellation_type::terminal);
  });
  std::exception_ptr error;
  boost::asio::co_spawn(io, archived(from, client_of(store), options),
                        boost::asio::bind_cancellation_slot(
                            signal.slot(), [&error](std::exception_ptr e, const ArchiveStats&) { error = e; }));
  io.run();
  ASSERT_TRUE(error);
  EXPECT_TRUE(test::Outcome::from(error).cancelled());
  std::vector<std::string> left;
  for (const auto& [key, object] : store.objects()) left.push_back(key);
  EXPECT_THAT(left, testing::IsEmpty());
}

TEST(Archive, WhatADeadProgramLeftBehind) {
  FakeStore store;
  auto from = run(AsyncDatabase::open(fresh_url()));
  run(fill(from, 500));
  const auto options = ArchiveOptions{}.part_size(4000);
  run(archived(from, client_of(store), options));
  const auto whole = store.objects();
  // Killed before the manifest: the same parts are taken as they are.
  run(client_of(store).remove("attic/2024/manifest.json"));
  run(client_of(store).remove("attic/2024/part-000002.ndjson.zst"));
  EXPECT_EQ(run(archived(from, client_of(store), options)).records, 500u);
  EXPECT_EQ(store.writes().at("attic/2024/part-000001.ndjson.zst"), 1);
  EXPECT_EQ(store.objects().size(), whole.size());
  // The source is another one by now: the parts are not written over, unless that is asked for.
  run(client_of(store).remove("attic/2024/manifest.json"));
  run(from.patch("id/100001", Json::parse(R"({"n": -1})")));
  const auto refused = test::outcome_now([&] { run(archived(from, client_of(store), options)); });
  EXPECT_TRUE(test::fails_with(refused, errc::already_exists));
  store.put("attic/2024/part-time.txt", "somebody else's");
  auto discarding = options;
  EXPECT_EQ(run(archived(from, client_of(store), discarding.discard_unfinished(true))).records, 500u);
  EXPECT_TRUE(store.objects().contains("attic/2024/part-time.txt"));
}

TEST(Archive, WholeRecordsInTheirOwnOrder) {
  FakeStore store;
  auto from = run(AsyncDatabase::open(fresh_url()));
  for (auto query : {Query().limit(3), Query().order_by("n"), Query().select({"n"})}) {
    const auto outcome = test::outcome_now([&] { run(archived(from, client_of(store), {}, query)); });
    EXPECT_TRUE(test::fails_with(outcome, errc::invalid_argument));
  }
  EXPECT_EQ(store.requests(), 0u);
}

}  // namespace
}  // namespace weir::s3
