// "every backend is held to it by one conformance suite and by a differential test that runs random data and random
// queries on all of them". WEIR_SEED repeats a run; WEIR_FULL=1 runs all queries under a sanitizer too.

#include "conformance/differential.hpp"
#include "conformance/suite.hpp"
#include "support/random_data.hpp"
#include "support/sanitizers.hpp"

namespace weir::conformance {

WEIR_RULES(Differential);

namespace {

constexpr std::size_t queries_of_a_data_set = 100;

// Loads the records into a fresh database each time: this is what shrinking asks for again and again.
std::optional<std::string> on_a_fresh_database(const BackendUnderTest& backend, const std::vector<Record>& records,
                                               const Query& query) {
  const auto fresh = backend.fresh();
  auto check = [](std::string url, std::vector<Record> stored, Query asked,
                  bool limits) -> awaitable<std::optional<std::string>> {
    auto database = co_await AsyncDatabase::open(std::move(url));
    co_await store(database, stored);
    auto wrong = co_await difference(database, std::move(stored), std::move(asked), limits);
    co_await database.close();
    co_return wrong;
  };
  return test::run(check(fresh.url, records, query, backend.licences.pattern_limits));
}

}  // namespace

WEIR_RULE(Differential, random_queries, "One program must get the same answer whichever backend its URL names") {
  const auto seed = test::seed();
  const auto& backend = test.backend();
  const auto mixing = backend.licences.one_type_per_path ? test::Mixing::one_per_path : test::Mixing::mixed;
  const auto all = test::repetitions(backend.differential_queries);
  const auto sets = std::max<std::size_t>(all / queries_of_a_data_set, 1);
  for (std::size_t set = 0; set < sets; ++set) {
    test::Random random(seed + set * 1'000'003);
    const auto records = test::random_records(random, random.below(backend.differential_records) + 1, mixing);
    auto database = co_await test.open_another();
    co_await store(database, records);
    for (std::size_t i = 0; i < std::min(all, queries_of_a_data_set); ++i) {
      const auto query = test::random_query(random, mixing);
      const auto wrong = co_await difference(database, records, query, backend.licences.pattern_limits);
      if (!wrong) continue;
      Difference found;
      found.records = records;
      found.query = query;
      found.what = *wrong;
      const StillWrong again = [&backend](const std::vector<Record>& fewer, const Query& smaller) {
        return on_a_fresh_database(backend, fewer, smaller);
      };
      // In a data set of its own the fault must show as well; if not, it depends on what ran before.
      if (again(records, query)) found = shrink(std::move(found), again);
      ADD_FAILURE() << "data set " << set << ", query " << i << ": " << describe(found, seed);
      co_return;
    }
    co_await database.close();
  }
}

WEIR_RULE(Differential, written_piecemeal, "the same after updates, patches and removals instead of one load") {
  test::Random random(test::seed() + 77);
  const auto mixing = test.licences().one_type_per_path ? test::Mixing::one_per_path : test::Mixing::mixed;
  auto records = test::random_records(random, 30, mixing);
  const auto replacements = test::random_records(random, 30, mixing);
  for (std::size_t i = 0; i < replacements.size(); ++i) {
    auto first = replacements[i];
    first.id = records[i].id;
    co_await db.create(first);
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i % 3 == 0) {
      EXPECT_TRUE(co_await db.update(records[i].id, records[i]));
    } else if (i % 3 == 1) {
      co_await db.upsert(records[i]);
    } else {
      EXPECT_TRUE(co_await db.remove(records[i].id));
    }
  }
  std::vector<Record> left;
  for (std::size_t i = 0; i < records.size(); ++i)
    if (i % 3 != 2) left.push_back(records[i]);
  const int queries = test.backend().request_for_each_record ? 10 : 60;
  for (int i = 0; i < queries; ++i) {
    const auto query = test::random_query(random, mixing);
    const auto wrong = co_await difference(db, left, query, test.licences().pattern_limits);
    if (wrong) co_return ADD_FAILURE() << *wrong << "\n" << query.to_json().dump();
  }
}

}  // namespace weir::conformance
