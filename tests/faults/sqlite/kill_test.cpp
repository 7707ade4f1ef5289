// kill -9 in the middle of concurrent writes: everything that was acknowledged is there, and the file is whole.

#include "integration/sqlite/fixture.hpp"
#include "support/only_thread.hpp"

#include <weir/sqlite.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <set>

namespace weir {
namespace {

using test::on_loop;
using test::TemporaryFolder;

constexpr int rounds = 50;
constexpr int writers = 8;

// Writes for ever and says each id on the pipe once the write was acknowledged. One line is one write(2), so that a
// line is there whole or not at all.
awaitable<void> writer(AsyncDatabase db, std::string prefix, int out) {
  for (int i = 0;; ++i) {
    const std::string id = prefix + std::to_string(i);
    if (i % 3 == 2) {
      std::vector<Record> batch;
      for (int k = 0; k < 5; ++k) batch.push_back(Record{}.with_id(id + "." + std::to_string(k)).set("n", k));
      co_await db.create_batch(std::move(batch), BatchOptions{}.atomic(true));
      const std::string line = id + ".4\n";
      if (::write(out, line.data(), line.size()) < 0) co_return;
    } else {
      co_await db.create(Record{}.with_id(id).set("n", i).set("text", std::string(200, 'x')));
      const std::string line = id + "\n";
      if (::write(out, line.data(), line.size()) < 0) co_return;
    }
  }
}

[[noreturn]] void child(const std::string& url, int round, int out) {
  boost::asio::io_context loop(1);
  AsyncDatabase db;
  auto open = [&]() -> awaitable<void> {
    db = co_await AsyncDatabase::open(url);
    for (int i = 0; i < writers; ++i)
      boost::asio::co_spawn(loop, writer(db, std::to_string(round) + "-" + std::to_string(i) + "-", out),
                            boost::asio::detached);
  };
  boost::asio::co_spawn(loop, open(), [](std::exception_ptr error) {
    if (error) ::_exit(9);
  });
  loop.run();
  ::_exit(8);
}

TEST(Kill, every_acknowledged_write_is_there) {
  constexpr unsigned seed = 4711;
  std::mt19937 random(seed);
  TemporaryFolder folder;
  const std::string url = "sqlite:" + folder.file("a.db") + "?index=n";
  std::set<std::string> acknowledged;
  for (int round = 0; round < rounds; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    test::wait_until_only_thread();
    const pid_t process = ::fork();
    ASSERT_GE(process, 0);
    if (process == 0) {
      ::close(pipe_ends[0]);
      child(url, round, pipe_ends[1]);
    }
    ::close(pipe_ends[1]);
    // Killed when so many lines have come: at any point of whatever is under way then.
    const auto until = std::uniform_int_distribution<std::size_t>(0, 400)(random);
    std::string text;
    char buffer[512];
    std::size_t lines = 0;
    bool killed = false;
    for (;;) {
      if (!killed && lines >= until) {
        ::kill(process, SIGKILL);
        killed = true;
      }
      const auto got = ::read(pipe_ends[0], buffer, sizeof buffer);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
      lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }
    ::close(pipe_ends[0]);
    int status = 0;
    ::waitpid(process, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "seed " << seed << " round " << round << ": the child ended by itself, "
                                     << status;
    std::set<std::string> now;
    for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
      now.insert(text.substr(at, end - at));
    acknowledged.insert(now.begin(), now.end());
    const bool last = round + 1 == rounds;
    auto check = [&]() -> awaitable<void> {
      auto db = co_await AsyncDatabase::open(url);
      for (const std::string& id : last ? acknowledged : now)
        EXPECT_TRUE(co_await db.exists(id)) << "seed " << seed << " round " << round << " id " << id;
      // A batch is there whole or not at all.
      const auto parts = co_await db.count(Query(weir::id().like("%.%")));
      EXPECT_EQ(parts % 5, 0U);
      const auto rows = co_await db.native<SqliteDatabase>().query("PRAGMA integrity_check");
      EXPECT_EQ(rows.at(0).get<std::string>(0), "ok");
      co_await db.close();
    };
    on_loop(check());
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(acknowledged.size(), 1000U);
}

}  // namespace
}  // namespace weir
