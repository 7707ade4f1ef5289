// Files that are no database, damaged ones, and folders that may not be written.

#include "integration/sqlite/fixture.hpp"
#include "support/only_thread.hpp"

#include <weir/sqlite.hpp>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

namespace weir {
namespace {

using test::on_loop;
using test::TemporaryFolder;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

awaitable<std::optional<Error>> failure_of(awaitable<void> operation) {
  try {
    co_await std::move(operation);
  } catch (const Error& error) {
    co_return error;
  }
  co_return std::nullopt;
}

awaitable<void> create_one(AsyncDatabase db) { co_await db.create(Record{}.with_id("x")); }
awaitable<void> count_all(AsyncDatabase db) { co_await db.count(); }
awaitable<void> read_one(AsyncDatabase db) { co_await db.read("k7"); }

TEST(BadFiles, not_a_database_is_left_as_it_is) {
  TemporaryFolder folder;
  const std::string text = "dear diary, " + std::string(5000, '.');
  write_file(folder.file("diary.txt"), text);
  auto body = [&]() -> awaitable<void> {
    auto db = co_await AsyncDatabase::open("sqlite:" + folder.file("diary.txt"));
    for (auto operation : {create_one, count_all, read_one}) {
      const auto error = co_await failure_of(operation(db));
      EXPECT_TRUE(error.has_value());
      if (!error) continue;
      EXPECT_EQ(error->kind(), errc::corrupt_data) << error->what();
      EXPECT_EQ(error->server_code(), "26");
      EXPECT_EQ(error->backend(), "sqlite");
      EXPECT_FALSE(error->transient());
    }
    const auto health = co_await db.ping();
    EXPECT_FALSE(health.reachable);
    EXPECT_FALSE(health.error.empty());
    co_await db.close();
  };
  on_loop(body());
  EXPECT_EQ(read_file(folder.file("diary.txt")), text);
}

// Every page but the first is overwritten in turn. Whatever is asked gives what was stored or says corrupt_data.
TEST(BadFiles, damaged_pages) {
  TemporaryFolder folder;
  const std::string good = folder.file("good.db");
  auto fill = [&]() -> awaitable<void> {
    auto db = co_await AsyncDatabase::open("sqlite:" + good + "?index=n");
    std::vector<Record> records;
    for (int i = 0; i < 200; ++i)
      records.push_back(Record{}.with_id("k" + std::to_string(i)).set("n", i).set("text", std::string(100, 'x')));
    co_await db.create_batch(std::move(records));
    co_await db.close();
  };
  on_loop(fill());
  const std::string content = read_file(good);
  ASSERT_GT(content.size(), 8U * 4096);
  int corrupt = 0;
  for (std::size_t page = 1; page < content.size() / 4096; ++page) {
    std::string damaged = content;
    damaged.replace(page * 4096, 4096, std::string(4096, '\xA5'));
    const std::string path = folder.file("damaged" + std::to_string(page) + ".db");
    write_file(path, damaged);
    auto body = [&]() -> awaitable<void> {
      auto db = co_await AsyncDatabase::open("sqlite:" + path + "?index=n");
      for (int i = 0; i < 200; i += 10) {
        try {
          const auto record = co_await db.read("k" + std::to_string(i));
          EXPECT_EQ(record ? record->get<int>("n") : i, i);
        } catch (const Error& error) {
          EXPECT_EQ(error.kind(), errc::corrupt_data) << error.what();
          ++corrupt;
        }
      }
      try {
        const auto found = co_await db.search(Query(field("n") >= 0));
        EXPECT_EQ(found.size(), 200U);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), errc::corrupt_data) << error.what();
        ++corrupt;
      }
      co_await db.close();
    };
    on_loop(body());
  }
  EXPECT_GT(corrupt, 0);
}

TEST(BadFiles, fields_that_are_no_json_name_the_record) {
  TemporaryFolder folder;
  auto body = [&]() -> awaitable<void> {
    auto db = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db"));
    co_await db.create(Record{}.with_id("good").set("n", 1));
    co_await db.native<SqliteDatabase>().execute(
        "INSERT INTO records (id, fields, version) VALUES ('bad', '{\"n\":', 1)");
    for (int way = 0; way < 3; ++way) {
      try {
        if (way == 0) co_await db.read("bad");
        if (way == 1) co_await db.search(Query());
        if (way == 2) co_await db.count(Query(field("n") == 5));
        ADD_FAILURE() << way;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), errc::corrupt_data) << error.what();
      }
    }
    EXPECT_TRUE((co_await db.read("good")).has_value());
    co_await db.close();
  };
  on_loop(body());
}

TEST(BadFiles, no_such_folder_and_no_such_file) {
  TemporaryFolder folder;
  auto body = [&]() -> awaitable<void> {
    auto db = co_await AsyncDatabase::open("sqlite:" + folder.file("none/a.db"));
    auto error = co_await failure_of(create_one(db));
    EXPECT_TRUE(error && error->kind() == errc::permission_denied) << (error ? error->what() : "");
    co_await db.close();
    auto strict = co_await AsyncDatabase::open("sqlite:" + folder.file("b.db") + "?create_if_missing=false");
    error = co_await failure_of(create_one(strict));
    EXPECT_TRUE(error && error->kind() == errc::not_found) << (error ? error->what() : "");
    co_await strict.close();
    EXPECT_FALSE(std::filesystem::exists(folder.file("b.db")));
  };
  on_loop(body());
}

// Permissions mean nothing to root, so that the test goes on in a child that gives the rights up.
int as_unprivileged(const std::function<void()>& body) {
  test::wait_until_only_thread();
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(3);
    body();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

TEST(BadFiles, read_only_folder) {
  TemporaryFolder folder;
  auto fill = [&]() -> awaitable<void> {
    auto db = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db"));
    co_await db.create(Record{}.with_id("k7").set("n", 7));
    co_await db.close();
  };
  on_loop(fill());
  ::chmod(folder.file("a.db").c_str(), 0444);
  ::chmod(folder.path().c_str(), 0555);
  EXPECT_EQ(as_unprivileged([&] {
              auto body = [&]() -> awaitable<void> {
                auto db = co_await AsyncDatabase::open("sqlite:" + folder.file("a.db"));
                const auto error = co_await failure_of(create_one(db));
                EXPECT_TRUE(error && error->kind() == errc::permission_denied) << (error ? error->what() : "");
                auto fresh = co_await AsyncDatabase::open("sqlite:" + folder.file("b.db"));
                const auto refused = co_await failure_of(create_one(fresh));
                EXPECT_TRUE(refused && refused->kind() == errc::permission_denied) << (refused ? refused->what() : "");
              };
              on_loop(body());
            }),
            0);
  ::chmod(folder.path().c_str(), 0755);
}

}  // namespace
}  // namespace weir
