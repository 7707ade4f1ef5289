#include "backends/postgresql/sql/parameter.hpp"

#include "backends/postgresql/codec.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace weir::postgres {
namespace {

using namespace std::string_literals;

TEST(Parameter, binary_forms) {
  EXPECT_EQ(Parameter::integer(1).bytes(), "\0\0\0\0\0\0\0\1"s);
  EXPECT_EQ(Parameter::integer(-2).bytes(), "\xff\xff\xff\xff\xff\xff\xff\xfe"s);
  EXPECT_EQ(Parameter::boolean(true).bytes(), "\1"s);
  EXPECT_EQ(Parameter::jsonb("{}").bytes(), "\1{}"s);
  EXPECT_EQ(Parameter::jsonpath("$").bytes(), "\1$"s);
  EXPECT_EQ(Parameter::text("a'b").bytes(), "a'b");
  EXPECT_TRUE(Parameter().is_null());
  EXPECT_TRUE(Parameter::null(TypeId::text).is_null());
  EXPECT_FALSE(Parameter::as_text(TypeId::numeric, "1.5").binary());
}

TEST(Parameter, arrays) {
  EXPECT_EQ(Parameter::text_array({}).bytes(), "\0\0\0\0\0\0\0\0\0\0\0\x19"s);
  EXPECT_EQ(Parameter::text_array({"a", ""}).bytes(), "\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\2\0\0\0\1\0\0\0\1a\0\0\0\0"s);
  EXPECT_EQ(Parameter::jsonb_array({"{}"}).bytes(), "\0\0\0\1\0\0\0\0\0\0\x0e\xda\0\0\0\1\0\0\0\1\0\0\0\3\1{}"s);
}

TEST(Parameter, integers_come_back) {
  test::Random random(test::seed());
  for (int i = 0; i < 10'000; ++i) {
    const auto number = static_cast<std::int64_t>(random.bits());
    std::string bytes;
    append_int64(bytes, number);
    EXPECT_EQ(read_int64(bytes), number);
    bytes.clear();
    append_int32(bytes, static_cast<std::int32_t>(number));
    EXPECT_EQ(read_int32(bytes), static_cast<std::int32_t>(number));
    bytes.clear();
    append_int16(bytes, static_cast<std::int16_t>(number));
    EXPECT_EQ(read_int16(bytes), static_cast<std::int16_t>(number));
  }
  EXPECT_EQ(read_int64("1234567"), std::nullopt);
  EXPECT_EQ(read_int32(""), std::nullopt);
}

TEST(Parameter, json_values) {
  EXPECT_EQ(read_jsonb("\1{}"), "{}");
  EXPECT_EQ(read_jsonb("\2{}"), std::nullopt);
  EXPECT_EQ(read_jsonb(""), std::nullopt);
  EXPECT_EQ(json_parameter(Json::object()).bytes(), "\1{}");
  EXPECT_EQ(json_parameter(Json::parse(R"({"a": [1, 2.5]})")).bytes(), "\1{\"a\":[1,2.5]}");
}

TEST(Parameter, versions) {
  EXPECT_EQ(parse_version("12"), 12);
  for (const char* text : {"", "x", "1x", " 1", "99999999999999999999"}) EXPECT_EQ(parse_version(text), std::nullopt);
  EXPECT_EQ(parse_version(version_text(std::numeric_limits<std::int64_t>::max())),
            std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace weir::postgres
