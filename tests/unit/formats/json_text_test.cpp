#include "cli/formats/json_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace weir::cli {
namespace {

using testing::HasSubstr;

TEST(JsonText, GivesWhatNlohmannGives) {
  for (const std::string text :
       {R"({"a":[1,-2,3.5,null,true,"x\u00e9\n"],"b":{"c":{}},"d":[]})", "[]", "{}", "\"s\"", "17", "-0.0", "null",
        "9223372036854775807", "-9223372036854775808", " [ 1 , 2 ] ", R"({"z":1,"a":2})", "5e-324"})
    EXPECT_EQ(parse_json(text), Json::parse(text)) << text;
}

TEST(JsonText, SaysWhatIsWrong) {
  const struct {
    std::string text;
    std::string reason;
    std::size_t position;
  } cases[] = {
      {R"({"a":1)", "unexpected end of input", 7},
      {R"({"a":1,})", "expected string literal", 8},
      {"{'a':1}", "expected string literal", 2},
      {"[1 2]", "unexpected number literal", 4},
      {"1 x", "expected end of input", 3},
      {"[NaN]", "invalid literal", 2},
      {"\"\xFF\"", "ill-formed UTF-8", 2},
      {"\"a\tb\"", "control character", 3},
      {R"("\u0000")", "U+0000", 0},
      {R"({"\u0000":1})", "U+0000", 0},
      {R"({"a":1,"a":2})", "\"a\" is there twice", 0},
      {R"({"b":1,"a":1,"b":2})", "\"b\" is there twice", 0},
      {"[9223372036854775808]", "outside the range of integers", 0},
      {"[-9223372036854775809]", "outside the range of integers", 0},
      {"[123456789012345678901234567890]", "outside the range of integers", 0},
      {"1e999", "overflow", 5},
      {R"("\ud800")", "surrogate", 8},
  };
  for (const auto& test : cases) {
    try {
      parse_json(test.text);
      ADD_FAILURE() << test.text << " was taken";
    } catch (const JsonTextError& error) {
      EXPECT_THAT(error.reason(), HasSubstr(test.reason)) << test.text;
      EXPECT_EQ(error.position(), test.position) << test.text << ": " << error.reason();
      EXPECT_THAT(error.reason(), Not(HasSubstr("json.exception")));
    }
  }
}

TEST(JsonText, NestingIsBounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(parse_json(nested(most_nesting)).dump().size(), 2 * most_nesting);
  EXPECT_THROW(parse_json(nested(most_nesting + 1)), JsonTextError);
  EXPECT_THROW(parse_json(std::string(10'000'000, '[')), JsonTextError);
}

TEST(JsonText, AMessageDoesNotRepeatAHugeToken) {
  try {
    parse_json("[\"" + std::string(1'000'000, 'x'));
    ADD_FAILURE();
  } catch (const JsonTextError& error) {
    EXPECT_LT(error.reason().size(), 300U) << error.reason().substr(0, 300);
  }
}

}  // namespace
}  // namespace weir::cli
