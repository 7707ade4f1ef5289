#include "backends/sqlite/filter_program.hpp"

#include "backends/sqlite/json_text.hpp"
#include "core/record_order.hpp"
#include "support/sanitizers.hpp"
#include "unit/sqlite/random_data.hpp"

#include <weir/query.hpp>

#include <gtest/gtest.h>

namespace weir::sqlite {
namespace {

bool matches(const Filter& filter, const std::string& id, const std::string& fields) {
  return FilterProgram::compile(filter, {&filter.node()})->matches(id, fields);
}

TEST(FilterProgram, agrees_with_the_reference_on_random_data) {
  constexpr std::uint64_t seed = 20261121;
  test::RandomData random(seed);
  for (std::size_t round = 0; round < weir::test::repetitions(20'000); ++round) {
    Record record(random.object());
    record.id = random.id();
    const Filter filter = random.filter();
    ASSERT_EQ(matches(filter, record.id, write_json(record.fields)), filter.compare(record))
        << "seed " << seed << " round " << round << "\nfilter " << filter.to_json().dump() << "\nid " << record.id
        << "\nfields " << record.fields.dump();
  }
}

TEST(FilterProgram, reads_text_that_others_wrote) {
  const std::string fields = " { \"\\u0061\" : [ 1 , \"\\ud83d\\ude00\\n\" ] ,\n\t\"b\" : { } } ";
  EXPECT_TRUE(matches(Filter("a", Operator::eq, "😀\n"), "x", fields));
  EXPECT_TRUE(matches(Filter("a", Operator::eq, 1), "x", fields));
  EXPECT_FALSE(matches(Filter("b", Operator::exists), "x", fields));
}

TEST(FilterProgram, refuses_malformed_text) {
  for (const char* text :
       {"", "[1]", "{", "{\"a\"", "{\"a\":}", "{\"a\":1", "{\"a\":1,}", "{\"a\":\"x}", "{\"a\":\"\\q\"}", "{\"a\":01x}",
        "{\"a\":tru}", "{\"a\":[1,2}", "{\"z\":\"\\ud800\"}x", "{\"a\":1}}"}) {
    EXPECT_THROW(matches(Filter("a", Operator::eq, 9), "x", text), CorruptJson) << text;
  }
}

TEST(FilterProgram, refuses_full_text) { EXPECT_THROW(matches(Filter("a", Operator::match, "x"), "x", "{}"), Error); }

TEST(FilterProgram, takes_more_comparisons_than_fit_on_the_stack) {
  std::vector<Filter> many;
  for (int i = 0; i < 200; ++i) many.emplace_back("a", Operator::eq, i);
  EXPECT_TRUE(matches(Filter::any_of(many), "x", "{\"a\":199}"));
  EXPECT_FALSE(matches(Filter::any_of(many), "x", "{\"a\":200}"));
}

// The key that a row is sorted by, compared as SQLite compares what weir_key gives, orders records as the reference
// does.
TEST(KeyProgram, agrees_with_the_reference_on_random_data) {
  constexpr std::uint64_t seed = 7;
  test::RandomData random(seed);
  for (std::size_t round = 0; round < weir::test::repetitions(20'000); ++round) {
    Record left(random.object());
    Record right(random.object());
    left.id = right.id = "same";
    const Order order = random.chance(50) ? Order::asc : Order::desc;
    const OrderKey key{random.path(), order};
    const KeyProgram program(key.path, order);
    Scalar a;
    Scalar b;
    std::string a_text;
    std::string b_text;
    const bool has_a = program.find(write_json(left.fields), a, a_text);
    const bool has_b = program.find(write_json(right.fields), b, b_text);
    int mine = 0;
    if (has_a != has_b) {
      mine = has_a ? -1 : 1;
    } else if (has_a) {
      mine = core::compare(a, b);
      if (order == Order::desc) mine = -mine;
    }
    const int reference = core::RecordOrder({key}).compare(left, right);
    ASSERT_EQ(mine < 0, reference < 0) << "seed " << seed << " round " << round;
    ASSERT_EQ(mine > 0, reference > 0) << "seed " << seed << " round " << round << " " << key.path.to_string() << " "
                                       << left.fields.dump() << " " << right.fields.dump();
  }
}

}  // namespace
}  // namespace weir::sqlite
