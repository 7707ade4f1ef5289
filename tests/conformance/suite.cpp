#include "conformance/suite.hpp"

#include "conformance/missing_server.hpp"
#include "support/reference.hpp"

#include <cstdlib>
#include <set>
#include <stdexcept>

namespace weir::conformance {
namespace {

std::vector<BackendUnderTest>& registered() {
  static std::vector<BackendUnderTest> all;
  return all;
}

Json with_url(Json options, const std::string& url) {
  options["url"] = url;
  return options;
}

}  // namespace

void register_backend_under_test(BackendUnderTest backend) {
  if (backend.name.empty() || !backend.fresh)
    throw std::invalid_argument("a backend under test needs a name and fresh()");
  for (const auto& other : registered())
    if (other.name == backend.name) throw std::invalid_argument("two backends under test are called " + backend.name);
  registered().push_back(std::move(backend));
}

const std::vector<BackendUnderTest>& backends_under_test() { return registered(); }

int run_suite(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

std::string backend_name(const testing::TestParamInfo<std::size_t>& info) { return registered()[info.param].name; }

std::vector<std::size_t> backend_indexes() {
  std::vector<std::size_t> all(registered().size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

void Suite::SetUp() {
  try {
    fresh_ = backend().fresh();
  } catch (const MissingServer& missing) {
    const char* const ci = std::getenv("CI");
    if (ci != nullptr && std::string_view(ci) == "true") FAIL() << missing.what();
    GTEST_SKIP() << missing.what();
  } catch (const UnfitServer& unfit) {
    GTEST_SKIP() << unfit.what();
  }
  database_ = test::run_on(io_, AsyncDatabase::open(fresh_.url));
}

void Suite::TearDown() {
  // What a test leaves behind must not hinder the end of the database.
  if (database_) test::run_on(io_, database_.close(std::chrono::seconds(5)));
}

awaitable<AsyncDatabase> Suite::open_another(Json options) {
  others_.push_back(backend().fresh());
  return AsyncDatabase::open(with_url(std::move(options), others_.back().url));
}

awaitable<AsyncDatabase> Suite::open_again(Json options) const {
  return AsyncDatabase::open(with_url(std::move(options), fresh_.url));
}

void Suite::run_body(awaitable<void> body) { test::run_on(io_, std::move(body)); }

Record record(std::string id, std::string_view fields) {
  Record out(Json::parse(fields));
  out.id = std::move(id);
  return out;
}

std::vector<std::string> ids_of(const std::vector<Record>& records) {
  std::vector<std::string> out;
  for (const auto& one : records) out.push_back(one.id);
  return out;
}

std::string joined(const std::vector<std::string>& ids) {
  std::string out;
  for (const auto& id : ids) out += (out.empty() ? "" : " ") + id;
  return out;
}

awaitable<std::string> found(AsyncDatabase database, Query query) {
  const auto records = co_await database.search(std::move(query));
  co_return joined(ids_of(records));
}

awaitable<std::string> found(AsyncDatabase database, std::string filter_text) {
  auto query = Query::parse(filter_text);
  const auto records = co_await database.search(std::move(query));
  co_return joined(ids_of(records));
}

awaitable<std::vector<Record>> drained(RecordStream stream) {
  std::vector<Record> out;
  for (;;) {
    auto next = co_await stream.next();
    if (!next) break;
    out.push_back(std::move(*next));
  }
  co_return out;
}

awaitable<void> store(AsyncDatabase database, std::vector<Record> records) {
  BatchOptions options;
  options.refresh(Refresh::wait);
  const auto result = co_await database.create_batch(std::move(records), options);
  if (!result.errors.empty()) throw result.errors.front().error;
}

testing::AssertionResult same_record(const Record& expected, const Record& got) {
  if (expected.id == got.id && test::same_value(expected.fields, got.fields) &&
      test::same_value(expected.metadata, got.metadata))
    return testing::AssertionSuccess();
  auto text = [](const Record& one) {
    return Json(one.id).dump() + " " + one.fields.dump() + " metadata " + one.metadata.dump();
  };
  return testing::AssertionFailure() << "expected " << text(expected) << "\n     got " << text(got);
}

testing::AssertionResult same_records(const std::vector<Record>& expected, const std::vector<Record>& got) {
  if (ids_of(expected) != ids_of(got))
    return testing::AssertionFailure() << "expected ids " << Json(ids_of(expected)).dump() << "\n     got ids "
                                       << Json(ids_of(got)).dump();
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (auto same = same_record(expected[i], got[i]); !same) return same;
  return testing::AssertionSuccess();
}

}  // namespace weir::conformance
