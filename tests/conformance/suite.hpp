#pragma once

// What the tests of the suite are written with.

#include "conformance/backend_under_test.hpp"
#include "support/outcome.hpp"
#include "support/run.hpp"

#include <weir/database.hpp>

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::conformance {

using test::Outcome;
using test::outcome_of;

/// Thrown by Suite::skip.
struct Skipped {
  std::string why;
};

/// The fixture: one fresh database and one loop for each test.
class Suite : public testing::TestWithParam<std::size_t> {
 public:
  const BackendUnderTest& backend() const { return backends_under_test()[GetParam()]; }
  const Licences& licences() const { return backend().licences; }
  /// The fresh database.
  const AsyncDatabase& database() const { return database_; }
  const std::string& url() const { return fresh_.url; }
  boost::asio::io_context& loop() { return io_; }

  /// Another fresh database, opened with more options.
  awaitable<AsyncDatabase> open_another(Json options = Json::object());
  /// The same database opened again.
  awaitable<AsyncDatabase> open_again(Json options = Json::object()) const;
  /// Ends the test: the rule has no meaning on this backend.
  [[noreturn]] void skip(std::string why) const { throw Skipped{std::move(why)}; }

  /// Runs the body of a test.
  void run_body(awaitable<void> body);

 protected:
  void SetUp() override;
  void TearDown() override;

 private:
  boost::asio::io_context io_{1};
  FreshDatabase fresh_;
  std::vector<FreshDatabase> others_;
  AsyncDatabase database_;
};

std::string backend_name(const testing::TestParamInfo<std::size_t>& info);
std::vector<std::size_t> backend_indexes();

/// A record with `fields` in JSON.
Record record(std::string id, std::string_view fields = "{}");
std::vector<std::string> ids_of(const std::vector<Record>& records);
/// "a b c" for ids that are to be compared and printed.
std::string joined(const std::vector<std::string>& ids);
/// The ids that `search` finds, in its order, separated by spaces.
awaitable<std::string> found(AsyncDatabase database, Query query);
awaitable<std::string> found(AsyncDatabase database, std::string filter_text);
/// The records of a stream to its end, one by one.
awaitable<std::vector<Record>> drained(RecordStream stream);
awaitable<void> store(AsyncDatabase database, std::vector<Record> records);
// What a braced list would say: g++ 12 cannot compile one inside a co_await expression.
template <std::same_as<Record>... Each>
std::vector<Record> records_of(Each... each) {
  std::vector<Record> records;
  (records.push_back(std::move(each)), ...);
  return records;
}
template <std::same_as<Record>... Rest>
awaitable<void> store(AsyncDatabase database, Record first, Rest... rest) {
  return store(std::move(database), records_of(std::move(first), std::move(rest)...));
}
/// {key: value} and [values…], for the same reason.
template <class V>
Json object_of(const char* key, V&& value) {
  Json out = Json::object();
  out[key] = std::forward<V>(value);
  return out;
}
template <class... V>
Json list_of(V&&... values) {
  Json out = Json::array();
  (out.push_back(std::forward<V>(values)), ...);
  return out;
}
/// Equal id, fields and metadata (numbers by value); tells the difference.
testing::AssertionResult same_record(const Record& expected, const Record& got);
testing::AssertionResult same_records(const std::vector<Record>& expected, const std::vector<Record>& got);

}  // namespace weir::conformance

/// A group of rules.
#define WEIR_RULES(suite)                                                                                 \
  namespace {                                                                                             \
  class suite : public ::weir::conformance::Suite {};                                                     \
  }                                                                                                       \
  GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(suite);                                                   \
  INSTANTIATE_TEST_SUITE_P(Conformance, suite, testing::ValuesIn(::weir::conformance::backend_indexes()), \
                           ::weir::conformance::backend_name)

/// One rule, quoted; the body is a coroutine with `test` (the fixture) and `db` (the fresh database).
#define WEIR_RULE(suite, name, rule)                                                    \
  static ::weir::awaitable<void> suite##_##name(suite& test, ::weir::AsyncDatabase db); \
  TEST_P(suite, name) {                                                                 \
    RecordProperty("rule", rule);                                                       \
    SCOPED_TRACE(rule);                                                                 \
    try {                                                                               \
      run_body(suite##_##name(*this, database()));                                      \
    } catch (const ::weir::conformance::Skipped& skipped) {                             \
      GTEST_SKIP() << skipped.why;                                                      \
    }                                                                                   \
  }                                                                                     \
  static ::weir::awaitable<void> suite##_##name([[maybe_unused]] suite& test, [[maybe_unused]] ::weir::AsyncDatabase db)
