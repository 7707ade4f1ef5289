// What holds of every filter and every record, on random ones.
#include "core/evaluate.hpp"
#include "generator.hpp"
#include "support.hpp"
#include "support/sanitizers.hpp"

#include <algorithm>

namespace weir::core::test {
namespace {

constexpr std::uint64_t seed = 20'261'121;

std::vector<Record> some_records(Generator& generator, std::size_t count) {
  std::vector<Record> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(generator.record(i));
  return out;
}

std::vector<std::string> ids(const std::vector<Record>& records) {
  std::vector<std::string> out;
  for (const Record& record : records) out.push_back(record.id);
  return out;
}

TEST(Property, TheEvaluatorAgreesWithTheOracle) {
  Generator generator(seed);
  std::size_t satisfied = 0;
  const auto count = weir::test::repetitions(4000);
  for (std::size_t round = 0; round < count; ++round) {
    const auto records = some_records(generator, 12);
    const auto expression = generator.expression();
    const Json form = to_json(expression);
    const Filter filter = Filter::from_json(form);
    for (const Record& record : records) {
      const bool expected = oracle::evaluate(expression, record);
      satisfied += expected ? 1 : 0;
      ASSERT_EQ(filter.compare(record), expected) << "seed " << seed << " round " << round << "\n"
                                                  << form << "\n"
                                                  << record.id << " " << record.fields;
    }
  }
  // The data would be worthless if nearly all of it gave one answer.
  EXPECT_GT(satisfied, count * 12 / 5);
  EXPECT_LT(satisfied, count * 12 * 4 / 5);
}

TEST(Property, TextAndJsonFormsAreReadBackToTheSameFilter) {
  Generator generator(seed + 1);
  for (int round = 0; round < weir::test::rounds(5000); ++round) {
    const Json form = to_json(generator.expression());
    const Filter filter = Filter::from_json(form);
    ASSERT_EQ(filter.to_json(), form) << "seed " << seed + 1 << " round " << round;
    const std::string text = filter.to_string();
    const Filter read = Filter::parse(text);
    ASSERT_EQ(read.to_string(), text) << "seed " << seed + 1 << " round " << round;
    for (const Record& record : some_records(generator, 5))
      ASSERT_EQ(read.compare(record), filter.compare(record)) << text << "\n" << record.fields;
    ASSERT_EQ(parse_json(dump_json(form)), form);
  }
}

TEST(Property, ComplementAndDeMorganHold) {
  Generator generator(seed + 2);
  for (int round = 0; round < weir::test::rounds(3000); ++round) {
    const Filter a = Filter::from_json(to_json(generator.expression(2)));
    const Filter b = Filter::from_json(to_json(generator.expression(2)));
    for (const Record& record : some_records(generator, 4)) {
      ASSERT_NE(a.compare(record), (!a).compare(record)) << a.to_string();
      ASSERT_EQ((!(a && b)).compare(record), (!a || !b).compare(record)) << a.to_string() << "   " << b.to_string();
      ASSERT_EQ((!(a || b)).compare(record), (!a && !b).compare(record)) << a.to_string() << "   " << b.to_string();
      ASSERT_EQ((a && b).compare(record), a.compare(record) && b.compare(record));
      ASSERT_EQ((a || b).compare(record), a.compare(record) || b.compare(record));
    }
  }
}

TEST(Property, OrderAndPagesAgreeWithTheOracle) {
  Generator generator(seed + 3);
  for (int round = 0; round < weir::test::rounds(1500); ++round) {
    const auto records = some_records(generator, generator.below(25));
    const auto order = generator.order();
    Query query;
    for (const auto& key : order) {
      const auto direction = key.descending ? Order::desc : Order::asc;
      if (key.keys.empty())
        query.order_by(id(), direction);
      else
        query.order_by(path_text(key.keys), direction);
    }
    const auto expected = oracle::sorted(records, order);
    ASSERT_EQ(ids(core::evaluate(records, query)), expected)
        << "seed " << seed + 3 << " round " << round << " " << query.to_json();
    ASSERT_EQ(Query::from_json(query.to_json()).to_json(), query.to_json());
    const std::size_t offset = generator.below(8);
    const std::size_t limit = generator.below(8);
    std::vector<std::string> page;
    for (std::size_t i = offset; i < expected.size() && i < offset + limit; ++i) page.push_back(expected[i]);
    ASSERT_EQ(ids(core::evaluate(records, query.offset(offset).limit(limit))), page)
        << "seed " << seed + 3 << " round " << round;
  }
}

// Whatever stands in a text, the parser answers with a filter or with invalid_query.
TEST(Property, BrokenTextIsAlwaysAnInvalidQuery) {
  Generator generator(seed + 4);
  std::size_t refused = 0;
  for (int round = 0; round < weir::test::rounds(20'000); ++round) {
    std::string text = Filter::from_json(to_json(generator.expression(2))).to_string();
    for (std::size_t i = 1 + generator.below(3); i > 0 && !text.empty(); --i) {
      const std::size_t at = generator.below(text.size());
      switch (generator.below(3)) {
        case 0: text.erase(at, 1 + generator.below(3)); break;
        case 1: text.insert(at, 1, static_cast<char>(generator.below(256))); break;
        default: text[at] = "()`'\"\\ =,%{["[generator.below(12)];
      }
    }
    try {
      const Filter filter = Filter::parse(text);
      ASSERT_EQ(Filter::parse(filter.to_string()).to_string(), filter.to_string()) << text;
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), errc::invalid_query) << text << ": " << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000U);
}

TEST(Property, BrokenJsonIsAlwaysAnInvalidArgument) {
  Generator generator(seed + 5);
  for (int round = 0; round < weir::test::rounds(20'000); ++round) {
    const Json whole = generator.record(1).fields;
    std::string text = dump_json(whole);
    ASSERT_EQ(parse_json(text), whole);
    ASSERT_EQ(Json::parse(text), whole);
    const std::size_t at = generator.below(text.size());
    if (generator.chance(2))
      text[at] = static_cast<char>(generator.below(256));
    else
      text.erase(at, 1);
    // Both readers take the same texts, but for what ours refuses on purpose.
    try {
      const Json ours = parse_json(text);
      ASSERT_EQ(ours, Json::parse(text)) << text;
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), errc::invalid_argument);
      const std::string why = error.what();
      const bool on_purpose = why.find("in this object already") != std::string::npos ||
                              why.find("an integer outside") != std::string::npos;
      ASSERT_TRUE(on_purpose || !Json::accept(text)) << text << ": " << why;
    }
  }
}

}  // namespace
}  // namespace weir::core::test
