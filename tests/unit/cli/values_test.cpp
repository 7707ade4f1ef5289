#include "cli/values.hpp"

#include <weir/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

template <class F>
std::string refusal(F call) {
  try {
    call();
    return "taken";
  } catch (const Error& error) {
    return std::string(error.message());
  }
}

TEST(Values, Durations) {
  EXPECT_EQ(parse_duration("-", "250"), 250ms);
  EXPECT_EQ(parse_duration("-", "250ms"), 250ms);
  EXPECT_EQ(parse_duration("-", "30s"), 30s);
  EXPECT_EQ(parse_duration("-", "2m"), 2min);
  EXPECT_EQ(parse_duration("-", "1h"), 1h);
  for (const char* bad : {"", "s", "-1s", "1.5s", "1 s", "10y", "99999999999999999999", "9223372036854775807h"})
    EXPECT_THAT(refusal([&] { parse_duration("--timeout", bad); }), HasSubstr("--timeout")) << bad;
}

TEST(Values, Sizes) {
  EXPECT_EQ(parse_size("-", "4096"), 4096U);
  EXPECT_EQ(parse_size("-", "1MB"), 1'000'000U);
  EXPECT_EQ(parse_size("-", "16MiB"), std::size_t{16} << 20);
  EXPECT_THAT(refusal([] { parse_size("--max-line", "16M"); }), HasSubstr("unknown unit"));
}

TEST(Values, Numbers) {
  EXPECT_EQ(parse_number("-", "010", 0, 100), 10U);
  for (const char* bad : {"", "-1", "+1", "1.0", "1e3", "0x10", "x", "18446744073709551616"})
    EXPECT_THAT(refusal([&] { parse_number("--limit", bad, 0, 1000); }), HasSubstr("--limit")) << bad;
  EXPECT_THAT(refusal([] { parse_number("--chunk", "0", 1, 9); }), HasSubstr("from 1 to 9"));
}

TEST(Values, Partitions) {
  EXPECT_EQ(parse_partition("1/4").index(), 1U);
  EXPECT_EQ(parse_partition("1/4").count(), 4U);
  for (const char* bad : {"", "1", "1/", "/4", "4/4", "1/4x", "0/0", "-1/4"})
    EXPECT_THAT(refusal([&] { parse_partition(bad); }), HasSubstr("--partition")) << bad;
}

TEST(Values, Lists) {
  EXPECT_THAT(split_list("-", "a, b.c ,d\\,e"), ElementsAre("a", "b.c", "d,e"));
  EXPECT_THAT(refusal([] { split_list("--select", "a,,b"); }), HasSubstr("--select"));
}

TEST(Values, Orders) {
  EXPECT_THAT(parse_order("age:desc, name,x:asc"),
              ElementsAre(Pair("age", Order::desc), Pair("name", Order::asc), Pair("x", Order::asc)));
  EXPECT_THAT(refusal([] { parse_order("age:down"); }), HasSubstr("asc or desc"));
}

}  // namespace
}  // namespace weir::cli
