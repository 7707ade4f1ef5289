// Loops, handles, streams and transactions that end in the middle of something; cancelling at every point.

#include "integration/sqlite/fixture.hpp"
#include "support/only_thread.hpp"

#include <weir/sqlite.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/this_coro.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace weir {
namespace {

namespace asio = boost::asio;
using test::on_loop;
using test::TemporaryFolder;

// The library's own, of all open files.
std::size_t threads_of_files() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(entry.path() / "comm");
    std::string name;
    std::getline(file, name);
    if (name.starts_with("weir-sq-")) ++count;
  }
  return count;
}

// At once, unless the last user was one of the threads itself.
bool all_threads_end() {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (threads_of_files() != 0 && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  return threads_of_files() == 0;
}

awaitable<AsyncDatabase> open_with_records(std::string url, int count) {
  auto db = co_await AsyncDatabase::open(url);
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) records.push_back(Record{}.with_id("r" + std::to_string(i)).set("n", i));
  co_await db.upsert_batch(std::move(records));
  co_return db;
}

AsyncDatabase opened(const std::string& url, int count) {
  AsyncDatabase db;
  auto body = [&]() -> awaitable<void> { db = co_await open_with_records(url, count); };
  on_loop(body());
  return db;
}

TEST(Lifetime, threads_are_joined_by_the_last_user) {
  TemporaryFolder folder;
  ASSERT_TRUE(all_threads_end()) << "of an earlier test";
  {
    auto db = opened("sqlite:" + folder.file("a.db"), 3);
    EXPECT_GT(threads_of_files(), 0U);
    auto same = opened("sqlite:" + folder.file("./a.db"), 0);  // the same file: the same threads
    const auto with_two = threads_of_files();
    auto copy = db;
    db = AsyncDatabase();
    EXPECT_EQ(threads_of_files(), with_two);
  }
  EXPECT_TRUE(all_threads_end());
  EXPECT_FALSE(std::filesystem::exists(folder.file("a.db-wal")));  // the file was closed
}

using Operation = std::function<awaitable<void>(AsyncDatabase)>;

std::vector<std::pair<const char*, Operation>> operations() {
  std::vector<std::pair<const char*, Operation>> out;
  out.emplace_back("create", [](AsyncDatabase db) -> awaitable<void> { co_await db.upsert(Record{}.with_id("new")); });
  out.emplace_back("read", [](AsyncDatabase db) -> awaitable<void> { co_await db.read("r1"); });
  out.emplace_back("search", [](AsyncDatabase db) -> awaitable<void> { co_await db.search(Query(field("n") > 5)); });
  out.emplace_back("count", [](AsyncDatabase db) -> awaitable<void> { co_await db.count(); });
  out.emplace_back("batch", [](AsyncDatabase db) -> awaitable<void> {
    std::vector<Record> records;
    for (int i = 0; i < 30; ++i) records.push_back(Record{}.with_id("b" + std::to_string(i)));
    co_await db.upsert_batch(std::move(records), BatchOptions{}.chunk(10));
  });
  out.emplace_back("read_batch", [](AsyncDatabase db) -> awaitable<void> {
    std::vector<std::string> ids{"r1", "none", "r2"};
    co_await db.read_batch(std::move(ids));
  });
  out.emplace_back("stream", [](AsyncDatabase db) -> awaitable<void> {
    auto stream = db.stream({}, StreamOptions{}.batch_size(20));
    while (auto record = co_await stream.next()) {
    }
  });
  out.emplace_back("stream_closed", [](AsyncDatabase db) -> awaitable<void> {
    auto stream = db.stream({}, StreamOptions{}.batch_size(20));
    co_await stream.next();
    co_await stream.close();
  });
  out.emplace_back("transaction", [](AsyncDatabase db) -> awaitable<void> {
    auto tx = co_await db.begin();
    co_await tx.upsert(Record{}.with_id("t1"));
    auto inner = co_await tx.savepoint();
    co_await inner.upsert(Record{}.with_id("t2"));
    co_await inner.commit();
    auto stream = tx.stream({}, StreamOptions{}.batch_size(20));
    co_await stream.next();
    co_await tx.upsert(Record{}.with_id("t3"));
    co_await stream.next();
    co_await tx.commit();
  });
  out.emplace_back("snapshot", [](AsyncDatabase db) -> awaitable<void> {
    auto tx = co_await db.begin(TransactionOptions{}.read_only(true));
    co_await tx.count();
    co_await tx.rollback();
  });
  out.emplace_back("patch_where", [](AsyncDatabase db) -> awaitable<void> {
    Json patch = {{"m", 1}};
    co_await db.patch_where(Query(field("n") < 3), patch);
  });
  out.emplace_back("native", [](AsyncDatabase db) -> awaitable<void> {
    auto& native = db.native<SqliteDatabase>();
    co_await native.query("SELECT count(*) FROM records");
    co_await native.execute("UPDATE records SET version = version WHERE id = ?1", "r1");
  });
  return out;
}

// Everything is given back: at once, or as soon as the threads have come to it.
awaitable<void> nothing_is_held(AsyncDatabase db, const char* name) {
  // A transaction needs the writer, a stream a connection: both wait for what was given up before them.
  auto tx = co_await db.begin();
  co_await tx.rollback();
  EXPECT_TRUE(co_await db.exists("r1")) << name;
  for (int i = 0; i < 12; ++i) {
    auto stream = db.stream({}, StreamOptions{}.batch_size(1));
    co_await stream.next();
    co_await stream.close();
  }
  EXPECT_EQ(db.stats().waiters, 0U) << name;
}

TEST(Lifetime, cancelled_at_every_point) {
  TemporaryFolder folder;
  auto db = opened("sqlite:" + folder.file("a.db") + "?max_size=2", 100);
  for (const auto& [name, operation] : operations()) {
    bool finished_by_itself = false;
    for (int point = 0; point < 400 && !finished_by_itself; ++point) {
      asio::io_context loop(1);
      asio::cancellation_signal signal;
      std::exception_ptr error;
      bool done = false;
      asio::co_spawn(loop, operation(db), asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failure) {
                       error = std::move(failure);
                       done = true;
                     }));
      for (int i = 0; i < point && !done; ++i) loop.run_one();
      finished_by_itself = done;
      signal.emit(asio::cancellation_type::terminal);
      loop.run();
      EXPECT_TRUE(done) << name << " at " << point;
      if (error) {
        try {
          std::rethrow_exception(error);
        } catch (const boost::system::system_error& failure) {
          EXPECT_TRUE(failure.code() == boost::system::errc::operation_canceled)
              << name << " at " << point << ": " << failure.what();
        }
      }
    }
    EXPECT_TRUE(finished_by_itself) << name;
    on_loop(nothing_is_held(db, name));
  }
}

TEST(Lifetime, loops_destroyed_at_every_point) {
  TemporaryFolder folder;
  auto db = opened("sqlite:" + folder.file("a.db") + "?max_size=2", 100);
  for (const auto& [name, operation] : operations()) {
    bool finished = false;
    for (int point = 0; point < 400 && !finished; ++point) {
      asio::io_context loop(1);
      asio::co_spawn(loop, operation(db), [&](std::exception_ptr) { finished = true; });
      for (int i = 0; i < point && !finished; ++i) loop.run_one();
    }
    EXPECT_TRUE(finished) << name;
    on_loop(nothing_is_held(db, name));
  }
}

awaitable<void> keep_result(awaitable<std::optional<Record>> operation, std::optional<Record>& out) {
  out = co_await std::move(operation);
}

TEST(Lifetime, the_handle_may_die_before_the_operation) {
  TemporaryFolder folder;
  asio::io_context loop(1);
  auto db = opened("sqlite:" + folder.file("a.db"), 10);
  std::optional<Record> found;
  asio::co_spawn(loop, keep_result(db.read("r3"), found), asio::detached);
  db = AsyncDatabase();
  loop.run();
  EXPECT_TRUE(found.has_value());
}

TEST(Lifetime, run_returns_with_everything_open) {
  TemporaryFolder folder;
  auto db = opened("sqlite:" + folder.file("a.db"), 100);
  asio::io_context loop(1);
  RecordStream stream;
  Transaction transaction;
  auto body = [&]() -> awaitable<void> {
    stream = db.stream({}, StreamOptions{}.batch_size(10));
    co_await stream.next();
    transaction = co_await db.begin();
    co_await transaction.upsert(Record{}.with_id("x"));
  };
  asio::co_spawn(loop, body(), asio::detached);
  loop.run();
  loop.restart();
  auto more = [&]() -> awaitable<void> {
    co_await stream.next();
    co_await transaction.commit();
  };
  asio::co_spawn(loop, more(), asio::detached);
  loop.run();
  auto check = [&]() -> awaitable<void> { EXPECT_TRUE(co_await db.exists("x")); };
  on_loop(check());
}

TEST(Lifetime, one_handle_on_many_loops_and_threads) {
  TemporaryFolder folder;
  auto db = opened("sqlite:" + folder.file("a.db"), 100);
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      asio::io_context loop(1);
      auto body = [&](int task) -> awaitable<void> {
        for (int i = 0; i < 50; ++i) {
          const auto id = std::to_string(t) + "-" + std::to_string(task) + "-" + std::to_string(i);
          co_await db.create(Record{}.with_id(id).set("n", i));
          const auto found = co_await db.read(id);
          if (!found || found->get<int>("n") != i) ++failures;
        }
      };
      for (int task = 0; task < 8; ++task)
        asio::co_spawn(loop, body(task), [&](std::exception_ptr error) {
          if (error) ++failures;
        });
      loop.run();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  auto check = [&]() -> awaitable<void> {
    EXPECT_EQ(co_await db.count(), 100U + 4 * 8 * 50);
    co_await db.close();
  };
  on_loop(check());
}

TEST(Lifetime, writes_in_one_group_fail_alone) {
  TemporaryFolder folder;
  auto db = opened("sqlite:" + folder.file("a.db"), 0);
  asio::io_context loop(1);
  int created = 0;
  int refused = 0;
  auto create = [&](int i) -> awaitable<void> {
    try {
      co_await db.create(Record{}.with_id(std::to_string(i % 20)).set("n", i));
      ++created;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), errc::already_exists);
      ++refused;
    }
  };
  for (int i = 0; i < 60; ++i) asio::co_spawn(loop, create(i), asio::detached);
  loop.run();
  EXPECT_EQ(created, 20);
  EXPECT_EQ(refused, 40);
}

TEST(Lifetime, close_ends_it_for_all_copies) {
  TemporaryFolder folder;
  auto db = opened("sqlite:" + folder.file("a.db"), 500);
  auto other = opened("sqlite:" + folder.file("a.db"), 0);
  auto body = [&]() -> awaitable<void> {
    auto copy = db;
    auto stream = db.stream({}, StreamOptions{}.batch_size(10));
    co_await stream.next();
    co_await db.close(std::chrono::milliseconds(20));
    for (int way = 0; way < 3; ++way) {
      try {
        if (way == 0) co_await copy.read("r1");
        if (way == 1) co_await copy.create(Record{}.with_id("x"));
        if (way == 2) {
          while (co_await stream.next()) {
          }
        }
        ADD_FAILURE() << way;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), errc::pool_closed) << error.what();
      }
    }
    EXPECT_TRUE((co_await other.read("r1")).has_value());
    co_await other.close();
  };
  on_loop(body());
}

TEST(Lifetime, a_forked_child_opens_its_own) {
  TemporaryFolder folder;
  const std::string url = "sqlite:" + folder.file("a.db");
  test::wait_until_only_thread();
  auto db = opened(url, 10);  // whose threads are idle from here on
  const pid_t child = ::fork();
  if (child == 0) {
    int result = 0;
    auto body = [&]() -> awaitable<void> {
      try {
        co_await db.read("r1");
        result |= 1;
      } catch (const Error& error) {
        if (error.kind() != errc::unavailable) result |= 2;
      }
      auto own = co_await AsyncDatabase::open(url);
      if (!(co_await own.read("r1")).has_value()) result |= 4;
      co_await own.close();
    };
    on_loop(body());
    db = AsyncDatabase();
    ::_exit(testing::Test::HasFailure() ? 99 : result);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  auto check = [&]() -> awaitable<void> { EXPECT_TRUE((co_await db.read("r1")).has_value()); };
  on_loop(check());
}

}  // namespace
}  // namespace weir
