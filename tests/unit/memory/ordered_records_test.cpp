#include "backends/memory/ordered_records.hpp"

#include "support/sanitizers.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace weir::memory {
namespace {

RecordPointer record(const std::string& id, int value) {
  Record made;
  made.id = id;
  made.fields["v"] = value;
  return std::make_shared<const Record>(std::move(made));
}

using Model = std::map<std::string, RecordPointer>;

void expect_equal(const OrderedRecords::Snapshot& snapshot, const Model& model) {
  auto expected = model.begin();
  std::size_t size = 0;
  for (const auto& chunk : snapshot.chunks()) {
    ASSERT_FALSE(chunk->empty());
    for (const auto& stored : *chunk) {
      ASSERT_NE(expected, model.end());
      ASSERT_EQ(stored, expected->second);
      ++expected;
      ++size;
    }
  }
  ASSERT_EQ(size, model.size());
}

TEST(OrderedRecords, random_writes_give_what_an_ordered_map_gives_and_snapshots_never_change) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  OrderedRecords records;
  Model model;
  std::vector<std::pair<OrderedRecords::Snapshot, Model>> taken;
  for (int step = 0; step < weir::test::rounds(20000); ++step) {
    const auto id = std::to_string(random() % 4000);
    switch (random() % 8) {
      case 0:
      case 1:
        records.erase(id);
        model.erase(id);
        break;
      case 2:
        if (step % 50 == 0) taken.emplace_back(records.snapshot(), model);
        break;
      default: {
        const auto made = record(id, step);
        records.insert_or_replace(made);
        model[id] = made;
      }
    }
    ASSERT_EQ(records.size(), model.size());
  }
  expect_equal(records.snapshot(), model);
  for (const auto& [snapshot, then] : taken) {
    expect_equal(snapshot, then);
    for (int i = 0; i < 20; ++i) {
      const auto id = std::to_string(random() % 4000);
      const auto found = then.find(id);
      EXPECT_EQ(snapshot.find(id), found == then.end() ? nullptr : found->second);
    }
  }
}

TEST(OrderedRecords, ids_in_order_fill_their_chunks) {
  OrderedRecords records;
  for (int i = 0; i < 5120; ++i) records.insert_or_replace(record(std::to_string(100000 + i), i));
  EXPECT_EQ(records.snapshot().chunks().size(), 10U);
}

TEST(OrderedRecords, an_empty_one_finds_nothing) {
  OrderedRecords records;
  EXPECT_EQ(records.snapshot().find("a"), nullptr);
  records.erase("a");
  records.insert_or_replace(record("a", 1));
  records.erase("a");
  EXPECT_EQ(records.snapshot().chunks().size(), 0U);
  EXPECT_EQ(records.size(), 0U);
}

}  // namespace
}  // namespace weir::memory
