#include "cli/record_ids.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace weir::cli {
namespace {

TEST(RecordIds, AreUuidsOfVersionSevenInTheOrderOfTheInput) {
  const RecordIds ids(0x0123456789ab, 0xffeeddccbbaa9988);
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::string last;
  std::set<std::string> all;
  for (const std::uint64_t offset : {0ULL, 1ULL, 255ULL, 256ULL, 1ULL << 32U, (1ULL << 40U) - 1}) {
    const auto id = ids.id(offset);
    EXPECT_TRUE(std::regex_match(id, form)) << id;
    EXPECT_TRUE(id.starts_with("01234567-89ab-7988-")) << id;
    EXPECT_GT(id, last);
    last = id;
    all.insert(id);
  }
  EXPECT_EQ(all.size(), 6U);
}

TEST(RecordIds, TheSamePlaceHasTheSameIdAndAnotherImportAnother) {
  EXPECT_EQ(RecordIds(1, 2).id(3), RecordIds(1, 2).id(3));
  EXPECT_NE(RecordIds(1, 2).id(3), RecordIds(1, std::uint64_t{2} << 20U).id(3));
  EXPECT_NE(RecordIds(1, 2).id(3), RecordIds(2, 2).id(3));
}

}  // namespace
}  // namespace weir::cli
