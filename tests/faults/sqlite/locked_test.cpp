// Somebody else has the file locked: another process, or a transaction of ours.

#include "faults/sqlite/other_program.hpp"
#include "integration/sqlite/fixture.hpp"

#include <weir/sqlite.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <fstream>

namespace weir {
namespace {

using test::on_loop;
using test::OtherProgram;
using test::TemporaryFolder;
using namespace std::chrono_literals;

awaitable<std::optional<Error>> create_fails(AsyncDatabase db, std::string id) {
  try {
    co_await db.create(Record{}.with_id(id));
  } catch (const Error& error) {
    co_return error;
  }
  co_return std::nullopt;
}

CallOptions once(std::chrono::milliseconds timeout) {
  return CallOptions{}.timeout(timeout).retry(RetryOptions{}.max_attempts(1));
}

// Runs it on the loop, which can be run again afterwards.
void run_on(boost::asio::io_context& loop, awaitable<void> body) {
  boost::asio::co_spawn(loop, std::move(body), boost::asio::detached);
  loop.run();
  loop.restart();
}

// A database with one record, whose writers wait long for a lock.
AsyncDatabase open_patient(boost::asio::io_context& loop, const std::string& file) {
  AsyncDatabase db;
  auto open = [&]() -> awaitable<void> {
    db = co_await AsyncDatabase::open("sqlite:" + file + "?busy_timeout=60s");
    co_await db.create(Record{}.with_id("before"));
  };
  run_on(loop, open());
  return db;
}

TEST(Locked, unavailable_after_busy_timeout) {
  TemporaryFolder folder;
  auto body = [&]() -> awaitable<void> {
    auto first = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db") + "?busy_timeout=40ms");
    auto db = first.with(once(10s));
    co_await db.create(Record{}.with_id("before"));
    OtherProgram other(folder.file("a.db"));
    const auto error = co_await create_fails(db, "during");
    EXPECT_TRUE(error.has_value());
    if (!error) co_return;
    EXPECT_EQ(error->kind(), errc::unavailable) << error->what();
    EXPECT_TRUE(error->transient());
    EXPECT_FALSE(error->maybe_applied());
    EXPECT_EQ(error->server_code(), "5");
    EXPECT_TRUE((co_await db.read("before")).has_value());
    other.finish();
    EXPECT_FALSE((co_await create_fails(db, "after")).has_value());
    EXPECT_FALSE(co_await db.exists("during"));
    co_await db.close();
  };
  on_loop(body());
}

TEST(Locked, the_deadline_comes_first) {
  TemporaryFolder folder;
  auto body = [&]() -> awaitable<void> {
    auto first = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db") + "?busy_timeout=60s");
    auto db = first.with(once(1s));
    co_await first.create(Record{}.with_id("before"));
    OtherProgram other(folder.file("a.db"));
    const auto begin = std::chrono::steady_clock::now();
    const auto error = co_await create_fails(db, "during");
    EXPECT_TRUE(error && error->kind() == errc::timeout) << (error ? error->what() : "no error");
    EXPECT_NE((error ? std::string(error->what()) : "").find("another process"), std::string::npos);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
    other.finish();
    EXPECT_FALSE(co_await first.exists("during"));
    EXPECT_FALSE((co_await create_fails(first, "after")).has_value());
    co_await first.close();
  };
  on_loop(body());
}

TEST(Locked, waiting_can_be_cancelled) {
  TemporaryFolder folder;
  boost::asio::io_context loop(1);
  const AsyncDatabase db = open_patient(loop, folder.file("a.db"));
  OtherProgram other(folder.file("a.db"));
  boost::asio::cancellation_signal signal;
  std::optional<errc> outcome;
  auto write = [&]() -> awaitable<void> {
    const auto error = co_await create_fails(db, "during");
    outcome = error ? error->kind() : errc::server_error;
  };
  boost::asio::co_spawn(loop, write(), boost::asio::bind_cancellation_slot(signal.slot(), boost::asio::detached));
  boost::asio::post(loop,
                    [&] { boost::asio::post(loop, [&] { signal.emit(boost::asio::cancellation_type::terminal); }); });
  loop.run();
  EXPECT_EQ(outcome, errc::cancelled);
  other.finish();
  loop.restart();
  auto check = [&]() -> awaitable<void> {
    EXPECT_FALSE(co_await db.exists("during"));
    EXPECT_FALSE((co_await create_fails(db, "after")).has_value());
    co_await db.close();
  };
  run_on(loop, check());
}

// How many transactions the log of a file holds (https://www.sqlite.org/fileformat2.html#the_write_ahead_log): the last
// frame of each says how long the file is after it.
int commits_in_log(const std::string& file) {
  std::ifstream in(file + "-wal", std::ios::binary);
  const std::string log(std::istreambuf_iterator<char>(in), {});
  const auto number = [&log](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(log.at(at + i));
    return value;
  };
  int commits = 0;
  if (log.size() < 32) return 0;
  const std::size_t frame = 24 + number(8);
  for (std::size_t at = 32; at + frame <= log.size() && log.compare(at + 8, 8, log, 16, 8) == 0; at += frame)
    if (number(at + 4) != 0) ++commits;
  return commits;
}

TEST(Locked, writes_that_waited_together_are_one_commit) {
  TemporaryFolder folder;
  const std::string file = folder.file("a.db");
  boost::asio::io_context loop(1);
  const AsyncDatabase db = open_patient(loop, file);
  const int before = commits_in_log(file);
  EXPECT_GT(before, 0);
  OtherProgram other(file);
  int written = 0;
  auto write = [&](int i) -> awaitable<void> {
    // One of them fails, alone.
    const std::string id = i == 7 ? "before" : std::to_string(i);
    const auto error = co_await create_fails(db.with(once(60s)), id);
    EXPECT_EQ(error.has_value(), i == 7);
    if (!error) ++written;
  };
  for (int i = 0; i < 50; ++i) boost::asio::co_spawn(loop, write(i), boost::asio::detached);
  while (db.stats().waiters < 50) loop.run_one();
  other.finish();
  loop.run();
  EXPECT_EQ(written, 49);
  EXPECT_EQ(commits_in_log(file), before + 1);
  loop.restart();
  auto close = [&]() -> awaitable<void> { co_await db.close(); };
  run_on(loop, close());
}

TEST(Locked, a_transaction_of_ours_is_named) {
  TemporaryFolder folder;
  auto body = [&]() -> awaitable<void> {
    auto first = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db"));
    auto tx = co_await first.with(CallOptions{}.tag("nightly")).begin();
    co_await tx.create(Record{}.with_id("inside"));
    const auto error = co_await create_fails(first.with(once(500ms)), "outside");
    EXPECT_TRUE(error && (error->kind() == errc::pool_timeout || error->kind() == errc::timeout))
        << (error ? error->what() : "");
    if (error) {
      EXPECT_NE(std::string(error->what()).find("a transaction (nightly) has held it for"), std::string::npos)
          << error->what();
    }
    EXPECT_FALSE(co_await first.exists("inside"));
    co_await tx.commit();
    EXPECT_TRUE(co_await first.exists("inside"));
    EXPECT_FALSE((co_await create_fails(first, "outside")).has_value());
    co_await first.close();
  };
  on_loop(body());
}

TEST(Locked, streams_are_bounded_and_say_so) {
  TemporaryFolder folder;
  auto body = [&]() -> awaitable<void> {
    auto db = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db") + "?max_size=1");
    std::vector<Record> records;
    for (int i = 0; i < 5000; ++i) records.push_back(Record{}.with_id(std::to_string(i)));
    co_await db.create_batch(std::move(records));
    auto outer = db.stream({}, StreamOptions{}.batch_size(10));
    co_await outer.next();
    auto inner = db.with(once(50ms)).stream();
    try {
      co_await inner.next();
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), errc::pool_timeout) << error.what();
      EXPECT_NE(std::string(error.what()).find("max_size"), std::string::npos);
    }
    co_await outer.close();
    auto again = db.stream();
    std::size_t count = 0;
    while (auto record = co_await again.next()) ++count;
    EXPECT_EQ(count, 5000U);
    co_await db.close();
  };
  on_loop(body());
}

TEST(Locked, the_queue_is_bounded) {
  TemporaryFolder folder;
  auto body = [&]() -> awaitable<void> {
    auto db = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db") + "?max_waiters=3");
    auto tx = co_await db.begin();
    const auto executor = co_await boost::asio::this_coro::executor;
    int full = 0;
    int written = 0;
    auto write = [&](int i) -> awaitable<void> {
      const auto error = co_await create_fails(db.with(once(10s)), std::to_string(i));
      if (!error) ++written;
      if (error && error->kind() == errc::pool_full) ++full;
    };
    for (int i = 0; i < 8; ++i) boost::asio::co_spawn(executor, write(i), boost::asio::detached);
    while (full < 5) co_await boost::asio::post(executor, boost::asio::use_awaitable);
    co_await tx.rollback();
    while (written < 3) co_await boost::asio::post(executor, boost::asio::use_awaitable);
    EXPECT_EQ(full, 5);
    co_await db.close();
  };
  on_loop(body());
}

}  // namespace
}  // namespace weir
