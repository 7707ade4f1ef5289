// What the file's threads promise: settings of the connections, where a coroutine goes on, readers side by side, and
// several processes that make the same file at once.

#include "integration/sqlite/fixture.hpp"
#include "support/only_thread.hpp"

#include <weir/sqlite.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <thread>

namespace weir {
namespace {

namespace asio = boost::asio;
using test::on_loop;
using test::TemporaryFolder;

awaitable<std::string> pragma(AsyncDatabase db, std::string name) {
  const auto rows = co_await db.native<SqliteDatabase>().query("SELECT * FROM pragma_" + name);
  co_return std::to_string(rows.at(0).get<std::int64_t>(0));
}

awaitable<std::string> journal_mode(AsyncDatabase db) {
  const auto rows = co_await db.native<SqliteDatabase>().query("PRAGMA journal_mode");
  co_return rows.at(0).get<std::string>(0);
}

TEST(Threads, settings_of_the_connections) {
  TemporaryFolder folder;
  auto body = [&]() -> awaitable<void> {
    auto db = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db"));
    co_await db.ping();
    EXPECT_EQ(co_await journal_mode(db), "wal");
    EXPECT_EQ(co_await pragma(db, "synchronous"), "1");
    EXPECT_EQ(co_await pragma(db, "foreign_keys"), "1");
    // The writer's own connection.
    auto tx = co_await db.begin();
    auto& native = tx.native<SqliteTransaction>();
    for (const char* name : {"synchronous", "foreign_keys"}) {
      const auto rows = co_await native.query("SELECT * FROM pragma_" + std::string(name));
      EXPECT_EQ(rows.at(0).get<int>(0), 1) << name;
    }
    co_await tx.rollback();
    co_await db.close();
    auto full = co_await AsyncDatabase::open("sqlite:" + folder.file("b.db") +
                                             "?synchronous=full&journal_mode=delete&foreign_keys=false");
    co_await full.ping();
    EXPECT_EQ(co_await journal_mode(full), "delete");
    EXPECT_EQ(co_await pragma(full, "synchronous"), "2");
    EXPECT_EQ(co_await pragma(full, "foreign_keys"), "0");
    co_await full.close();
  };
  on_loop(body());
}

// Every operation comes back to the executor of the coroutine: here a strand of a pool of threads.
TEST(Threads, a_coroutine_goes_on_where_it_was) {
  TemporaryFolder folder;
  asio::io_context loop(4);
  auto strand = asio::make_strand(loop);
  int steps = 0;
  auto body = [&]() -> awaitable<void> {
    const auto here = [&] {
      EXPECT_TRUE(strand.running_in_this_thread());
      ++steps;
    };
    auto db = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db"));
    here();
    co_await db.create(Record{}.with_id("a").set("n", 1));
    here();
    EXPECT_TRUE((co_await db.read("a")).has_value());
    here();
    EXPECT_EQ(co_await db.count(), 1U);
    here();
    auto stream = db.stream();
    EXPECT_TRUE((co_await stream.next()).has_value());
    here();
    EXPECT_FALSE((co_await stream.next()).has_value());
    here();
    auto tx = co_await db.begin();
    here();
    co_await tx.commit();
    here();
    co_await db.close();
    here();
  };
  std::exception_ptr failure;
  asio::co_spawn(strand, body(), [&](std::exception_ptr error) { failure = std::move(error); });
  std::array<std::thread, 3> threads;
  for (auto& thread : threads) thread = std::thread([&] { loop.run(); });
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(failure);
  EXPECT_EQ(steps, 9);
}

awaitable<void> count_for_ever(AsyncDatabase db) {
  co_await db.native<SqliteDatabase>().query(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
}

// An interrupted statement ends when SQLite next looks, which a single call of a function does not do. Who was told
// that its operation is cancelled finds it counted no more all the same.
TEST(Threads, what_was_answered_is_not_in_use) {
  TemporaryFolder folder;
  asio::io_context loop(1);
  asio::cancellation_signal signal;
  std::size_t used_while_it_ran = 0;
  std::optional<std::uint64_t> used_after_its_answer;
  AsyncDatabase db;
  auto long_call = [&]() -> awaitable<void> {
    co_await db.native<SqliteDatabase>().query(
        "SELECT length(replace(hex(zeroblob(8000000)), '0', '12345678')), length(replace(hex(zeroblob(8000001)), '0', "
        "'12345678')), length(replace(hex(zeroblob(8000002)), '0', '12345678'))");
  };
  auto watch = [&]() -> awaitable<void> {
    db = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db"));
    co_await db.ping();
    auto answered = [&](std::exception_ptr error) {
      EXPECT_TRUE(error) << "it ended before it was cancelled";
      used_after_its_answer = db.stats().used;
    };
    asio::co_spawn(loop, long_call(), asio::bind_cancellation_slot(signal.slot(), answered));
    while (used_while_it_ran == 0 && !used_after_its_answer) {
      co_await asio::post(asio::use_awaitable);
      used_while_it_ran = db.stats().used;
    }
    signal.emit(asio::cancellation_type::terminal);
  };
  asio::co_spawn(loop, watch(), asio::detached);
  loop.run();
  EXPECT_EQ(used_while_it_ran, 1U);
  EXPECT_EQ(used_after_its_answer, std::optional<std::uint64_t>(0));
}

// Two streams, of which one may have a connection; none has one yet when the database is closed.
TEST(Threads, closing_ends_what_waits_to_be_admitted) {
  TemporaryFolder folder;
  asio::io_context loop(1);
  AsyncDatabase db;
  int ended = 0;
  auto open = [&]() -> awaitable<void> {
    db = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db") +
                                      "?readers=1&max_size=1&timeout=0&acquire_timeout=0");
    co_await db.create(Record{}.with_id("a").set("n", 1));
  };
  asio::co_spawn(loop, open(), asio::detached);
  loop.run();
  loop.restart();
  const auto over = [&](std::exception_ptr error) {
    EXPECT_TRUE(error);
    ++ended;
  };
  auto stream = [&]() -> awaitable<void> {
    auto all = db.stream();
    co_await all.next();
  };
  asio::co_spawn(loop, count_for_ever(db), over);
  asio::co_spawn(loop, stream(), over);
  asio::co_spawn(loop, stream(), over);
  auto close = [&]() -> awaitable<void> {
    while (db.stats().used == 0 || db.stats().waiters < 2) co_await asio::post(asio::use_awaitable);
    co_await db.close(std::chrono::milliseconds(20));
  };
  asio::co_spawn(loop, close(), asio::detached);
  loop.run_for(std::chrono::seconds(20));
  EXPECT_TRUE(loop.stopped()) << "something still waits";
  EXPECT_EQ(ended, 3);
}

// Three readers, two of which never come to an end: reads and writes go on, and cancelling ends the two.
TEST(Threads, readers_side_by_side) {
  TemporaryFolder folder;
  asio::io_context loop(1);
  AsyncDatabase db;
  auto open = [&]() -> awaitable<void> {
    db = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db") + "?readers=3&timeout=0");
    co_await db.create(Record{}.with_id("a").set("n", 1));
  };
  asio::co_spawn(loop, open(), asio::detached);
  loop.run();
  loop.restart();
  std::array<asio::cancellation_signal, 2> signals;
  int cancelled = 0;
  for (auto& signal : signals)
    asio::co_spawn(loop, count_for_ever(db), asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error) {
                     EXPECT_TRUE(error);
                     ++cancelled;
                   }));
  auto body = [&]() -> awaitable<void> {
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE((co_await db.read("a")).has_value());
      EXPECT_EQ((co_await db.search(Query(field("n") == 1))).size(), 1U);
      co_await db.upsert(Record{}.with_id("b").set("n", 2));
    }
    EXPECT_EQ(cancelled, 0);
    for (auto& signal : signals) signal.emit(asio::cancellation_type::terminal);
  };
  asio::co_spawn(loop, body(), asio::detached);
  loop.run();
  EXPECT_EQ(cancelled, 2);
  loop.restart();
  auto close = [&]() -> awaitable<void> { co_await db.close(); };
  asio::co_spawn(loop, close(), asio::detached);
  loop.run();
}

// The file, its mode, table and index are made once, whoever is first.
TEST(Threads, processes_that_make_the_same_file_at_once) {
  TemporaryFolder folder;
  const std::string url = "sqlite:" + folder.file("a.db") + "?index=n&busy_timeout=60s";
  constexpr int processes = 6;
  constexpr int records = 25;
  std::array<pid_t, processes> children{};
  test::wait_until_only_thread();
  for (int p = 0; p < processes; ++p) {
    children[static_cast<std::size_t>(p)] = ::fork();
    if (children[static_cast<std::size_t>(p)] != 0) continue;
    auto body = [&]() -> awaitable<void> {
      auto db = co_await AsyncDatabase::open(url);
      for (int i = 0; i < records; ++i)
        co_await db.create(Record{}.with_id(std::to_string(p) + "-" + std::to_string(i)).set("n", i));
      co_await db.close();
    };
    on_loop(body());
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  auto check = [&]() -> awaitable<void> {
    auto db = co_await AsyncDatabase::open(url);
    EXPECT_EQ(co_await db.count(), static_cast<std::size_t>(processes * records));
    EXPECT_EQ(co_await db.count(Query(field("n") == 3)), static_cast<std::size_t>(processes));
    co_await db.close();
  };
  on_loop(check());
}

TEST(Threads, explain_names_the_index) {
  TemporaryFolder folder;
  auto body = [&]() -> awaitable<void> {
    auto db = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db") + "?index=age,address.city");
    std::vector<Record> people;
    for (int i = 0; i < 300; ++i)
      people.push_back(Record{}.with_id(std::to_string(i)).set("age", i).set("address.city", "c" + std::to_string(i)));
    co_await db.create_batch(std::move(people));
    auto plan = co_await db.explain(Query(field("age") == 5));
    EXPECT_EQ(plan.at("index"), Json::array({"records by age"})) << plan.dump(2);
    plan = co_await db.explain(Query(field("address.city").starts_with("c1") && field("age") != 7));
    EXPECT_EQ(plan.at("index"), Json::array({"records by address.city"})) << plan.dump(2);
    plan = co_await db.explain(Query(field("height") == 5));
    EXPECT_EQ(plan.at("evaluated"), "by the store") << plan.dump(2);
    // Opened without the option, the index stays and is not used.
    auto without = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db"));
    plan = co_await without.explain(Query(field("age") == 5));
    EXPECT_EQ(plan.at("index").dump().find("by age"), std::string::npos) << plan.dump(2);
    EXPECT_EQ((co_await without.search(Query(field("age") == 5))).size(), 1U);
    co_await without.close();
    co_await db.close();
  };
  on_loop(body());
}

}  // namespace
}  // namespace weir
