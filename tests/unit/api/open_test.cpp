// What `open` looks at before any store is asked.

#include "support/outcome.hpp"
#include "support/run.hpp"

#include <weir/backend.hpp>
#include <weir/database.hpp>
#include <weir/log.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

awaitable<AsyncDatabase> open(std::string url) { return AsyncDatabase::open(std::move(url)); }

test::Outcome opened(const std::string& url) {
  return test::outcome_now([&] { static_cast<void>(test::run(open(url))); });
}

// The messages of the library while a database is opened.
std::vector<std::string> logged_by_open(const std::string& url) {
  std::vector<std::string> lines;
  log::set_sink([&](const log::Message& message) {
    lines.push_back(std::string(log::to_string(message.level)) + " " + std::string(message.component) + ": " +
                    std::string(message.text));
  });
  static_cast<void>(test::run(open(url)));
  log::set_sink({});
  return lines;
}

TEST(Open, refuses_options_that_do_not_fit_together) {
  for (const auto& [url, what] :
       {std::pair{"memory:?min_size=11", "'min_size' (11)"}, std::pair{"memory:?retry.base=21s", "'retry.max'"}}) {
    const auto outcome = opened(url);
    EXPECT_TRUE(test::fails_with(outcome, errc::invalid_argument)) << url;
    EXPECT_THAT(outcome.text(), HasSubstr(what));
  }
}

TEST(Open, takes_them_where_they_do) {
  const auto url = "memory:?min_size=2&max_size=2";
  const auto database = test::run(open(url));
  EXPECT_EQ(database.config(), Config::from_url(url));
}

TEST(Open, logs_what_is_legal_and_hardly_meant) {
  EXPECT_THAT(
      logged_by_open("memory:?acquire_timeout=20s&timeout=10s"),
      ElementsAre("warning memory: 'acquire_timeout' (20000 ms) is longer than 'timeout' (10000 ms), which ends "
                  "the wait first"));
  EXPECT_THAT(logged_by_open("memory:"), IsEmpty());
}

/// A store that holds nothing, and is nobody's but the test's.
class Nothing final : public Backend {
 public:
  Capabilities capabilities() const override { return {}; }
  awaitable<std::optional<Record>> read(CallContext, std::string) override { co_return std::nullopt; }
  awaitable<bool> write(CallContext, WriteKind, Record, WriteOptions) override { co_return false; }
  RecordStream scan(CallContext, Query, StreamOptions) override { return RecordStream::from(std::vector<Record>()); }
  awaitable<Health> ping(CallContext) override {
    Health health;
    health.reachable = true;
    health.product = "nothing";
    co_return health;
  }
};

awaitable<std::shared_ptr<Backend>> make_nothing(Config) { co_return std::make_shared<Nothing>(); }

awaitable<std::string> product_behind(std::string url) {
  const auto database = co_await AsyncDatabase::open(std::move(url));
  const auto health = co_await database.ping();
  co_return health.product;
}

// Each test runs in a process of its own: what is registered stays for the others only where they share one.
TEST(Open, takes_the_programs_own_backend_before_the_librarys) {
  register_backend("memory", make_nothing);
  EXPECT_EQ(test::run(product_behind("memory:own")), "nothing");
#ifdef WEIR_TEST_SQLITE
  // The first open has brought in what the program is linked with; before it and after it make no difference.
  register_backend("sqlite", make_nothing);
  EXPECT_EQ(test::run(product_behind("sqlite::memory:")), "nothing");
#endif
}

#ifdef WEIR_TEST_SQLITE
TEST(Open, takes_the_programs_own_backend_when_it_was_there_first) {
  register_backend("sqlite", make_nothing);
  EXPECT_EQ(test::run(product_behind("sqlite::memory:")), "nothing");
}
#endif

}  // namespace
}  // namespace weir
