#include "backends/sqlite/kept_rows.hpp"

#include "support/sanitizers.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace {

using weir::sqlite::KeptRows;

TEST(KeptRows, what_is_more_than_the_memory_goes_into_a_file) {
  KeptRows rows(1000);
  const std::string text(300, 'x');
  rows.push({"a", text, "{}", 1});
  EXPECT_FALSE(rows.uses_file());
  for (int i = 0; i < 10; ++i) {
    const auto id = "b" + std::to_string(i);
    rows.push({id, text, "", i});
  }
  EXPECT_TRUE(rows.uses_file());
  EXPECT_EQ(rows.pop()->id, "a");
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(rows.empty());
    const auto row = rows.pop();
    ASSERT_TRUE(row);
    EXPECT_EQ(row->id, "b" + std::to_string(i));
    EXPECT_EQ(row->fields, text);
    EXPECT_EQ(row->metadata, "");
    EXPECT_EQ(row->version, i);
  }
  EXPECT_TRUE(rows.empty());
  EXPECT_FALSE(rows.pop());
}

TEST(KeptRows, come_back_as_they_went_in) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto text = [&](std::size_t most) {
    std::string out(random() % most, '\0');
    for (char& c : out) c = static_cast<char>(random());
    return out;
  };
  for (int round = 0; round < weir::test::rounds(50); ++round) {
    KeptRows rows(random() % 5000);
    std::vector<weir::sqlite::KeptRow> expected;
    for (auto left = random() % 100; left > 0; --left) {
      expected.push_back({text(30), text(400), text(60), static_cast<std::int64_t>(random()) - (1LL << 31)});
      const auto& last = expected.back();
      rows.push({last.id, last.fields, last.metadata, last.version});
    }
    for (const auto& one : expected) {
      const auto row = rows.pop();
      ASSERT_TRUE(row);
      EXPECT_EQ(row->id, one.id);
      EXPECT_EQ(row->fields, one.fields);
      EXPECT_EQ(row->metadata, one.metadata);
      EXPECT_EQ(row->version, one.version);
    }
    EXPECT_TRUE(rows.empty());
  }
}

}  // namespace
