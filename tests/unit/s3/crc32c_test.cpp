#include "backends/s3/crc32c.hpp"

#include "backends/s3/parts.hpp"
#include "support/outcome.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>

namespace weir::s3 {
namespace {

TEST(Crc32c, KnownValues) {
  // RFC 3720, appendix B.4.
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(crc32c_text(crc32c("123456789")), "4waSgw==");
  EXPECT_EQ(crc32c_text(0), "AAAAAA==");
}

TEST(Crc32c, TheTableAndTheInstructionAgreeInAnyPieces) {
  test::Random random(test::seed());
  for (int round = 0; round < 300; ++round) {
    std::string bytes(random.below(200), '\0');
    for (char& c : bytes) c = static_cast<char>(random.below(256));
    const auto whole = crc32c(bytes);
    ASSERT_EQ(whole, crc32c_by_table(bytes));
    const auto cut = random.below(bytes.size() + 1);
    ASSERT_EQ(whole,
              crc32c(std::string_view(bytes).substr(cut), crc32c_by_table(std::string_view(bytes).substr(0, cut))));
  }
}

TEST(Parts, Plan) {
  constexpr std::uint64_t mib = std::uint64_t{1} << 20;
  const auto check = [](std::uint64_t total, std::uint64_t wished) {
    const auto plan = plan_parts(total, wished);
    std::uint64_t sum = 0;
    EXPECT_LE(plan.count, max_parts);
    for (std::uint64_t i = 0; i < plan.count; ++i) {
      EXPECT_EQ(plan.begin(i), sum);
      sum += plan.size(i);
    }
    EXPECT_EQ(sum, total);
    return plan;
  };
  EXPECT_EQ(check(0, 8 * mib).count, 1u);
  EXPECT_EQ(check(8 * mib, 8 * mib).count, 1u);
  EXPECT_EQ(check(8 * mib + 1, 8 * mib).count, 2u);
  EXPECT_EQ(check(16 * mib, 1).part_size, least_part);
  EXPECT_EQ(check(100'000 * mib, 8 * mib).part_size, 10 * mib);
  EXPECT_LE(check(largest_object, 8 * mib).count, max_parts);
  EXPECT_TRUE(test::fails_with(test::outcome_now([] { plan_parts(largest_object + 1, 1); }), errc::too_large));
}

TEST(Parts, OfUnknownLength) {
  constexpr std::uint64_t mib = std::uint64_t{1} << 20;
  EXPECT_EQ(growing_part(0, 8 * mib, 64 * mib), 8 * mib);
  EXPECT_EQ(growing_part(999, 8 * mib, 64 * mib), 8 * mib);
  EXPECT_EQ(growing_part(1000, 8 * mib, 64 * mib), 16 * mib);
  EXPECT_EQ(growing_part(9999, 8 * mib, 64 * mib), 64 * mib);
  EXPECT_EQ(growing_part(5000, 8 * mib, 1), 8 * mib);
}

}  // namespace
}  // namespace weir::s3
