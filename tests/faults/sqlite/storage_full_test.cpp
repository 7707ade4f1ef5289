// No room left on the disk, at every write of a small operation: it fails as `storage_full`, nothing that was stored
// before is lost, and the handle goes on when there is room again.

#include "faults/sqlite/failing_vfs.hpp"
#include "integration/sqlite/fixture.hpp"

#include <weir/sqlite.hpp>

#include <functional>

namespace weir {
namespace {

using test::FullDisk;
using test::on_loop;
using test::TemporaryFolder;

constexpr int stored_before = 20;

Record filled(int i) {
  return Record{}.with_id("k" + std::to_string(i)).set("n", i).set("text", std::string(500, 'x'));
}

awaitable<void> prepare(AsyncDatabase db) {
  std::vector<Record> records;
  for (int i = 0; i < stored_before; ++i) records.push_back(filled(i));
  co_await db.create_batch(std::move(records));
}

awaitable<void> check_kept(AsyncDatabase db) {
  for (int i = 0; i < stored_before; ++i) {
    const auto record = co_await db.read("k" + std::to_string(i));
    EXPECT_TRUE(record.has_value()) << i;
    EXPECT_EQ(record ? record->get<int>("n") : -1, i);
  }
  auto& native = db.native<SqliteDatabase>();
  const auto rows = co_await native.query("PRAGMA integrity_check");
  EXPECT_EQ(rows.at(0).get<std::string>(0), "ok");
}

using Operation = std::function<awaitable<void>(AsyncDatabase)>;

// The operation with room for 0, 1, 2 … writes, until it succeeds.
awaitable<void> at_every_write(FullDisk& disk, std::string url, Operation operation,
                               std::function<awaitable<bool>(AsyncDatabase)> done) {
  auto db = co_await AsyncDatabase::open(url);
  co_await prepare(db);
  for (long room = 0; room < 500; ++room) {
    disk.room_for(room);
    bool failed = false;
    try {
      co_await operation(db);
    } catch (const Error& error) {
      failed = true;
      EXPECT_EQ(error.kind(), errc::storage_full) << error.what() << " with room for " << room;
      EXPECT_FALSE(error.maybe_applied());
    }
    const bool ran_out = disk.ran_out();
    disk.room_for_everything();
    EXPECT_FALSE(failed && !ran_out);
    EXPECT_EQ(co_await done(db), !failed) << "with room for " << room;
    co_await check_kept(db);
    if (!failed) {
      EXPECT_GT(room, 0);
      co_await db.close();
      // What is read now comes from the file alone.
      auto again = co_await AsyncDatabase::open(url);
      co_await check_kept(again);
      EXPECT_TRUE(co_await done(again));
      co_await again.close();
      co_return;
    }
  }
  ADD_FAILURE() << "it never succeeded";
}

TEST(StorageFull, create) {
  TemporaryFolder folder;
  FullDisk disk;
  on_loop(at_every_write(
      disk, "sqlite:" + folder.file("a.db"),
      [](AsyncDatabase db) -> awaitable<void> { co_await db.create(filled(100)); },
      [](AsyncDatabase db) -> awaitable<bool> { return db.exists("k100"); }));
}

// The file, its log, the log's index and the table are made on the way.
TEST(StorageFull, a_new_file) {
  TemporaryFolder folder;
  FullDisk disk;
  bool done = false;
  for (long room = 0; room < 200 && !done; ++room) {
    auto body = [&]() -> awaitable<void> {
      auto db = co_await AsyncDatabase::open("sqlite:" + folder.file(std::to_string(room) + ".db"));
      disk.room_for(room);
      try {
        co_await db.create(filled(1));
        done = true;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), errc::storage_full) << error.what() << " with room for " << room;
        EXPECT_TRUE(disk.ran_out());
      }
      disk.room_for_everything();
      if (!done) co_await db.create(filled(1));
      EXPECT_TRUE(co_await db.exists("k1")) << "with room for " << room;
      co_await db.close();
    };
    on_loop(body());
  }
  EXPECT_TRUE(done);
}

TEST(StorageFull, atomic_batch) {
  TemporaryFolder folder;
  FullDisk disk;
  on_loop(at_every_write(
      disk, "sqlite:" + folder.file("a.db") + "?index=n",
      [](AsyncDatabase db) -> awaitable<void> {
        std::vector<Record> records;
        for (int i = 100; i < 130; ++i) records.push_back(filled(i));
        co_await db.create_batch(std::move(records), BatchOptions{}.atomic(true));
      },
      [](AsyncDatabase db) -> awaitable<bool> {
        const auto count = co_await db.count(Query(field("n") >= 100));
        EXPECT_TRUE(count == 0 || count == 30) << count;
        co_return count == 30;
      }));
}

TEST(StorageFull, transaction) {
  TemporaryFolder folder;
  FullDisk disk;
  on_loop(at_every_write(
      disk, "sqlite:" + folder.file("a.db"),
      [](AsyncDatabase db) -> awaitable<void> {
        auto tx = co_await db.begin();
        co_await tx.create(filled(100));
        co_await tx.remove("k3");
        co_await tx.create(filled(3));
        co_await tx.commit();
      },
      [](AsyncDatabase db) -> awaitable<bool> { return db.exists("k100"); }));
}

TEST(StorageFull, patch_where) {
  TemporaryFolder folder;
  FullDisk disk;
  on_loop(at_every_write(
      disk, "sqlite:" + folder.file("a.db"),
      [](AsyncDatabase db) -> awaitable<void> {
        Json patch = {{"marked", true}};
        co_await db.patch_where(Query(field("n") < 10), patch);
      },
      [](AsyncDatabase db) -> awaitable<bool> {
        const auto count = co_await db.count(Query(field("marked") == true));
        EXPECT_TRUE(count == 0 || count == 10) << count;
        co_return count == 10;
      }));
}

// Several writers in one group: those that did not fit fail, none fails that is stored, none is stored that failed.
TEST(StorageFull, group_of_writers) {
  TemporaryFolder folder;
  FullDisk disk;
  const std::string url = "sqlite:" + folder.file("a.db");
  for (long room = 0; room < 40; ++room) {
    boost::asio::io_context loop(1);
    AsyncDatabase db;
    auto open = [&]() -> awaitable<void> {
      db = co_await AsyncDatabase::open(url);
      if (room == 0) co_await prepare(db);
      co_await db.remove_where(Query(field("n") >= 100));
      co_await db.native<SqliteDatabase>().checkpoint();
      disk.room_for(room);
    };
    boost::asio::co_spawn(loop, open(), boost::asio::detached);
    loop.run();
    loop.restart();
    std::vector<int> outcome(16, -1);
    auto write = [&](int i) -> awaitable<void> {
      try {
        co_await db.create(filled(100 + i));
        outcome[static_cast<std::size_t>(i)] = 1;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), errc::storage_full) << error.what();
        outcome[static_cast<std::size_t>(i)] = 0;
      }
    };
    for (int i = 0; i < 16; ++i) boost::asio::co_spawn(loop, write(i), boost::asio::detached);
    loop.run();
    loop.restart();
    disk.room_for_everything();
    auto check = [&]() -> awaitable<void> {
      for (int i = 0; i < 16; ++i) {
        const bool there = co_await db.exists("k" + std::to_string(100 + i));
        EXPECT_EQ(there ? 1 : 0, outcome[static_cast<std::size_t>(i)]) << "room " << room << " writer " << i;
      }
      co_await check_kept(db);
      co_await db.close();
    };
    boost::asio::co_spawn(loop, check(), boost::asio::detached);
    loop.run();
  }
}

}  // namespace
}  // namespace weir
