// Option inline_reads: what is short is read on the caller's thread, the rest by the readers.

#include "integration/sqlite/fixture.hpp"
#include "support/outcome.hpp"

#include <chrono>

namespace weir {
namespace {

using test::on_loop;
using test::TemporaryFolder;

std::string url(const TemporaryFolder& folder) {
  return "sqlite:" + folder.file("inline.db") + "?index=n&inline_reads=true";
}

awaitable<void> fill(AsyncDatabase db, std::size_t count) {
  std::vector<Record> records;
  records.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    records.push_back(Record{}.with_id("r" + std::to_string(i)).set("n", i).set("odd", i % 2 == 1));
  co_await db.create_batch(std::move(records));
}

std::uint64_t on_the_callers_thread(const AsyncDatabase& db) { return db.stats().acquires_immediate; }
std::uint64_t on_a_reader(const AsyncDatabase& db) { return db.stats().acquires_waited; }

// What was done within the time that a loop may be held up was not handed over; a busy machine may need longer.
class Watch {
 public:
  explicit Watch(AsyncDatabase db) : db_(std::move(db)), readers_(on_a_reader(db_)) {}
  void check(const char* what) const {
    if (std::chrono::steady_clock::now() - begun_ < std::chrono::microseconds(200)) {
      EXPECT_EQ(on_a_reader(db_), readers_) << what;
    }
  }

 private:
  AsyncDatabase db_;
  std::uint64_t readers_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

awaitable<void> short_ones(AsyncDatabase db) {
  co_await fill(db, 1000);
  const auto immediate = on_the_callers_thread(db);
  {
    const Watch watch(db);
    EXPECT_EQ((co_await db.search(Query(field("n").between(100, 104)))).size(), 5U);
    watch.check("search");
  }
  {
    const Watch watch(db);
    EXPECT_EQ(co_await db.count(Query(field("n") < 7)), 7U);
    watch.check("count");
  }
  {
    const Watch watch(db);
    EXPECT_TRUE(co_await db.exists("r1"));
    EXPECT_FALSE(co_await db.exists("r1000"));
    watch.check("exists");
  }
  {
    std::vector<std::string> ids{"r3", "nobody", "r4"};
    const Watch watch(db);
    const auto several = co_await db.read_batch(std::move(ids));
    watch.check("read_batch");
    EXPECT_EQ(several.size(), 3U);
    EXPECT_TRUE(several[0] && !several[1] && several[2]);
  }
  EXPECT_EQ((co_await db.read("r5"))->get<int>("n"), 5);
  EXPECT_GE(on_the_callers_thread(db), immediate + 4) << "the point reads and the first of the others";
}

TEST(InlineReads, are_short) {
  const TemporaryFolder folder;
  on_loop([](std::string where) -> awaitable<void> {
    const auto db = co_await AsyncDatabase::open(where);
    co_await short_ones(db);
    co_await db.close();
  }(url(folder)));
}

awaitable<void> long_ones(AsyncDatabase db) {
  co_await fill(db, 5'000);
  const Query all(field("odd") == true);  // no index: every record is looked at
  const auto immediate = on_the_callers_thread(db);
  const auto before = on_a_reader(db);
  EXPECT_EQ(co_await db.count(all), 2'500U);
  EXPECT_EQ(on_the_callers_thread(db), immediate + 1) << "it is tried";
  EXPECT_EQ(on_a_reader(db), before + 1) << "and handed over";
  // Tried again after one call, three, seven and fifteen.
  for (int i = 0; i < 30; ++i) EXPECT_EQ(co_await db.count(all), 2'500U);
  EXPECT_EQ(on_the_callers_thread(db), immediate + 5);
  EXPECT_EQ(on_a_reader(db), before + 31);
  EXPECT_EQ((co_await db.search(all)).size(), 2'500U);
  // The connection that was tried is as good as new.
  EXPECT_EQ(co_await db.count(Query(field("n") < 7)), 7U);
  EXPECT_EQ((co_await db.search(Query(field("n") < 7))).size(), 7U);
}

TEST(InlineReads, give_way_when_they_are_long) {
  const TemporaryFolder folder;
  on_loop([](std::string where) -> awaitable<void> {
    const auto db = co_await AsyncDatabase::open(where);
    co_await long_ones(db);
    co_await db.close();
  }(url(folder)));
}

TEST(InlineReads, end_with_the_handle) {
  const TemporaryFolder folder;
  on_loop([](std::string where) -> awaitable<void> {
    const auto db = co_await AsyncDatabase::open(where);
    co_await fill(db, 10);
    co_await db.close();
    auto closed = [&db] { return db.count(Query(field("n") < 7)); };
    const auto after = co_await test::outcome_of(closed);
    EXPECT_TRUE(after.is(errc::pool_closed)) << after;
  }(url(folder)));
}

}  // namespace
}  // namespace weir
