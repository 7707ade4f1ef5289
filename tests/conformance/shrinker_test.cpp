// The differential test tested: a backend that is wrong in a known way has to be found out, and the case made small.

#include "conformance/differential.hpp"
#include "conformance/suite.hpp"
#include "support/random_data.hpp"
#include "support/reference.hpp"

#include <weir/backend.hpp>

#include <map>

namespace weir::conformance {
namespace {

bool holds_emoji(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().find("😀") != std::string::npos;
  return value.is_structured() && std::any_of(value.begin(), value.end(), holds_emoji);
}

bool negates(const Json& filter) {
  if (filter.contains("not")) return true;
  for (const char* kind : {"and", "or"})
    if (filter.contains(kind)) return std::any_of(filter[kind].begin(), filter[kind].end(), negates);
  return false;
}

/// Right in everything, but: a query with a `not` in it does not see records with an emoji.
class WrongBackend final : public Backend {
 public:
  Capabilities capabilities() const override { return {}; }
  awaitable<std::optional<Record>> read(CallContext, std::string id) override {
    const auto at = records_.find(id);
    if (at == records_.end()) co_return std::nullopt;
    co_return at->second;
  }
  awaitable<bool> write(CallContext, WriteKind, Record record, WriteOptions) override {
    auto id = record.id;
    record.version = "1";
    records_.insert_or_assign(std::move(id), std::move(record));
    co_return true;
  }
  RecordStream scan(CallContext, Query query, StreamOptions) override {
    const bool blind = negates(query.filter().to_json());
    std::vector<Record> seen;
    for (const auto& [id, record] : records_)
      if (!blind || !holds_emoji(record.fields)) seen.push_back(record);
    return RecordStream::from(test::reference_search(seen, query));
  }
  awaitable<Health> ping(CallContext) override { co_return Health(); }

 private:
  std::map<std::string, Record> records_;
};

awaitable<std::shared_ptr<Backend>> make_wrong(Config) { co_return std::make_shared<WrongBackend>(); }

awaitable<std::optional<std::string>> ask(std::vector<Record> records, Query query) {
  auto database = co_await AsyncDatabase::open("wrong:x");
  co_await store(database, records);
  auto wrong = co_await difference(database, std::move(records), std::move(query));
  co_return wrong;
}

TEST(Shrinker, finds_a_wrong_backend_and_makes_the_case_small) {
  register_backend("wrong", make_wrong);
  const auto seed = test::seed();
  const StillWrong wrong = [](const std::vector<Record>& records, const Query& query) {
    return test::run(ask(records, query));
  };
  int found = 0;
  for (std::size_t set = 0; set < 400 && found < 3; ++set) {
    test::Random random(seed + set);
    Difference difference;
    difference.records = test::random_records(random, 30);
    difference.query = test::random_query(random);
    const auto what = wrong(difference.records, difference.query);
    if (!what) continue;
    ++found;
    difference.what = *what;
    const auto smallest = shrink(difference, wrong);
    SCOPED_TRACE(describe(smallest, seed));
    EXPECT_TRUE(wrong(smallest.records, smallest.query)) << "still the fault";
    ASSERT_EQ(smallest.records.size(), 1u);
    EXPECT_TRUE(holds_emoji(smallest.records.front().fields));
    EXPECT_LE(smallest.records.front().fields.dump().size(), 60u) << "nothing but what holds the emoji";
    const auto query = smallest.query.to_json();
    EXPECT_EQ(query.size(), 1u) << "nothing but the filter: " << query.dump();
    EXPECT_LE(query.dump().size(), 120u) << query.dump();
  }
  EXPECT_EQ(found, 3) << "the fault was not found in 400 data sets";
}

TEST(Shrinker, says_how_to_repeat) {
  Difference difference;
  difference.what = "search: …";
  difference.records = {record("a", R"({"x": 1})")};
  difference.query = Query(field("x") == 1);
  const auto text = describe(difference, 42);
  EXPECT_NE(text.find("WEIR_SEED=42"), std::string::npos);
  EXPECT_NE(text.find(R"({"x":1})"), std::string::npos);
  EXPECT_NE(text.find(R"("where")"), std::string::npos);
}

TEST(Shrinker, a_right_backend_shows_nothing) {
  const auto none = [](const std::vector<Record>& records,
                       const Query& query) -> awaitable<std::optional<std::string>> {
    auto database = co_await AsyncDatabase::open("memory:");
    co_await store(database, records);
    auto wrong = co_await difference(database, records, query);
    co_return wrong;
  };
  test::Random random(7);
  const auto records = test::random_records(random, 20);
  for (int i = 0; i < 50; ++i) {
    const auto wrong = test::run(none(records, test::random_query(random)));
    EXPECT_FALSE(wrong) << *wrong;
  }
}

TEST(Random, is_the_same_for_the_same_seed) {
  test::Random one(5);
  test::Random two(5);
  const auto a = test::random_records(one, 10);
  const auto b = test::random_records(two, 10);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].fields, b[i].fields);
  EXPECT_EQ(test::random_query(one).to_json(), test::random_query(two).to_json());
}

}  // namespace
}  // namespace weir::conformance
