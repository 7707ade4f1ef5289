// Records as objects, and what a query says about ids.
#include "backends/s3/record_codec.hpp"
#include "backends/s3/scan_plan.hpp"
#include "support/outcome.hpp"
#include "support/random.hpp"
#include "support/random_data.hpp"
#include "support/reference.hpp"

#include <weir/field.hpp>

#include <gtest/gtest.h>

namespace weir::s3 {
namespace {

std::map<std::string, std::string> as_map(const RecordObject& object) {
  return {object.metadata.begin(), object.metadata.end()};
}

TEST(Codec, ThereAndBack) {
  test::Random random(test::seed());
  for (auto& record : test::random_records(random, 300, test::Mixing::mixed)) {
    if (random.chance(50)) record.metadata["note"] = std::string(random.below(3000), 'm') + "é 😀\t\x7f";
    const auto object = encode_record(record, "w1");
    for (const auto& [name, value] : object.metadata)
      for (const char c : value) ASSERT_TRUE(c > ' ' && c < 0x7F) << name;
    const auto back = decode_record(record.id, object.body, as_map(object), "etag");
    ASSERT_TRUE(back);
    EXPECT_EQ(back->id, record.id);
    EXPECT_EQ(back->version, "etag");
    EXPECT_TRUE(test::same_value(back->fields, record.fields)) << object.body;
    EXPECT_TRUE(test::same_value(back->metadata, record.metadata)) << object.body;
    EXPECT_NE(object.body, encode_record(record, "w2").body);
  }
}

TEST(Codec, OursAndForeign) {
  const auto record = [](std::string_view body, const std::map<std::string, std::string>& metadata) {
    return decode_record("a", body, metadata, "v");
  };
  const std::map<std::string, std::string> none, ours{{"weir", "record"}}, removed{{"weir", "removed"}};
  constexpr std::string_view whole = R"({"id":"a","write":"w","fields":{"n":1}})";
  EXPECT_TRUE(record(whole, none));  // copied by a tool that left the metadata behind
  EXPECT_TRUE(record(whole, ours));
  EXPECT_FALSE(record("", removed));
  for (const char* other : {"", "{", "[]", "{}", "1", R"({"id":"b","write":"w","fields":{}})",
                            R"({"id":"a","fields":{}})", R"({"id":"a","write":"w","fields":[]})"}) {
    EXPECT_FALSE(record(other, none)) << other;
    EXPECT_TRUE(test::fails_with(test::outcome_now([&] { record(other, ours); }), errc::corrupt_data)) << other;
  }
  EXPECT_TRUE(is_removed(0, removed));
  EXPECT_FALSE(is_removed(0, none));
  EXPECT_FALSE(is_removed(1, removed));
}

TEST(Codec, AsciiJson) {
  EXPECT_EQ(ascii_json(R"({"a b":"é😀"})"), R"({"a\u0020b":"\u00e9\ud83d\ude00"})");
  EXPECT_EQ(ascii_json("\"\x7f\""), "\"\\u007f\"");
}

TEST(Plan, Ids) {
  const auto ids = [](const Filter& filter) { return plan_scan(Query(filter), false).ids; };
  const auto list = [](std::vector<std::string> all) { return std::optional(std::move(all)); };
  EXPECT_EQ(ids(id() == "a"), list({"a"}));
  EXPECT_EQ(ids(id().in("b", "a", "b")), list({"a", "b"}));
  EXPECT_EQ(ids(id().in("b", "a") && field("x") == 1 && id() == "b"), list({"b"}));
  EXPECT_EQ(ids(id() == "a" && id() == "b"), list({}));
  EXPECT_EQ(ids(id() == 1), list({}));
  EXPECT_FALSE(ids(id() != "a"));
  EXPECT_FALSE(ids(id() == "a" || field("x") == 1));
  EXPECT_FALSE(ids(!(id() == "a")));
  EXPECT_FALSE(ids(field("id") == "a"));
}

TEST(Plan, PrefixesAndWhatIdsDecide) {
  auto plan = plan_scan(Query(id().starts_with("ab") && id().starts_with("a") && field("x") == 1), false);
  EXPECT_EQ(plan.id_prefix, "ab");
  EXPECT_FALSE(plan.only_ids);
  EXPECT_TRUE(may_match(plan, "abc"));
  EXPECT_FALSE(may_match(plan, "ac"));
  plan = plan_scan(Query((id() < "b" || id() > "x") && !(id() == "a")), false);
  EXPECT_TRUE(plan.only_ids);
  EXPECT_TRUE(may_match(plan, "aa"));
  EXPECT_FALSE(may_match(plan, "a"));
  EXPECT_FALSE(may_match(plan, "c"));
  plan = plan_scan(Query(id() == "a" || field("x") == 1), false);
  EXPECT_TRUE(may_match(plan, "anything"));
  EXPECT_TRUE(plan_scan(Query{}, false).only_ids);
  EXPECT_FALSE(plan_scan(Query(field("x").exists()), false).only_ids);
}

TEST(Plan, NeverLosesARecord) {
  test::Random random(test::seed() + 1);
  const auto records = test::random_records(random, 60, test::Mixing::mixed);
  for (int i = 0; i < 3000; ++i) {
    const auto query = test::random_query(random, test::Mixing::mixed);
    const auto plan = plan_scan(query, false);
    for (const auto& record : records) {
      if (!query.compare(record)) {
        if (plan.only_ids) {
          ASSERT_FALSE(may_match(plan, record.id)) << query.to_json().dump();
        }
        continue;
      }
      ASSERT_TRUE(may_match(plan, record.id)) << query.to_json().dump() << " " << record.id;
      ASSERT_TRUE(record.id.starts_with(plan.id_prefix)) << query.to_json().dump();
      if (plan.ids) {
        ASSERT_TRUE(std::find(plan.ids->begin(), plan.ids->end(), record.id) != plan.ids->end());
      }
    }
  }
}

TEST(Plan, Sequence) {
  using Sequence = ScanPlan::Sequence;
  EXPECT_EQ(plan_scan(Query{}, false).sequence, Sequence::any);
  EXPECT_EQ(plan_scan(Query{}, true).sequence, Sequence::by_id);
  EXPECT_EQ(plan_scan(Query{}.limit(3), false).sequence, Sequence::by_id);
  EXPECT_EQ(plan_scan(Query{}.order_by("n").limit(3), false).sequence, Sequence::by_fields);
  const auto descending = plan_scan(Query{}.order_by(id(), Order::desc), false);
  EXPECT_EQ(descending.sequence, Sequence::by_id);
  EXPECT_TRUE(descending.descending);
}

TEST(Plan, PartsAreTheSameForEver) {
  EXPECT_EQ(part_of("", 7), part_of("", 7));
  std::size_t counts[3] = {0, 0, 0};
  for (int i = 0; i < 3000; ++i) ++counts[part_of("record-" + std::to_string(i), 3)];
  for (const auto count : counts) EXPECT_GT(count, 800u);
}

}  // namespace
}  // namespace weir::s3
