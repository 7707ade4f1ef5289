#include "backends/sqlite/json_text.hpp"

#include "backends/sqlite/codec.hpp"
#include "backends/sqlite/json_scan.hpp"
#include "support/sanitizers.hpp"
#include "unit/sqlite/random_data.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace weir::sqlite {
namespace {

TEST(JsonText, random_values_come_back_equal_and_read_as_others_read_them) {
  constexpr std::uint64_t seed = 3;
  test::RandomData random(seed);
  for (std::size_t round = 0; round < weir::test::repetitions(20'000); ++round) {
    const Json value = random.object();
    const std::string text = write_json(value);
    ASSERT_EQ(parse_json(text), value) << "seed " << seed << " round " << round << " " << text;
    ASSERT_EQ(Json::parse(text), value) << "seed " << seed << " round " << round << " " << text;
    ASSERT_EQ(parse_json(value.dump(2)), value) << "seed " << seed << " round " << round;
  }
}

TEST(JsonText, doubles_come_back_bit_by_bit) {
  constexpr std::uint64_t seed = 5;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200'000; ++round) {
    const auto number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    const Json back = parse_json(write_json(Json(number)));
    // One that is written in full may be an integer for the reader, of the same value.
    ASSERT_EQ(back.get<double>(), number) << "seed " << seed << " round " << round;
    ASSERT_EQ(back, Json(number)) << "seed " << seed << " round " << round;
  }
}

TEST(JsonText, numbers_keep_their_kind) {
  EXPECT_EQ(write_json(Json(1.0)), "1.0");
  EXPECT_EQ(write_json(Json(1)), "1");
  EXPECT_EQ(write_json(Json(1e300)), "1e+300");
  EXPECT_TRUE(parse_json("1.0").is_number_float());
  EXPECT_EQ(parse_json("9223372036854775807").get<std::int64_t>(), INT64_MAX);
  // What others may have written beyond int64 is a double.
  EXPECT_EQ(parse_json("10000000000000000000"), Json(1e19));
}

TEST(JsonText, keys_out_of_order_and_twice) {
  EXPECT_EQ(parse_json(R"({"b":1,"a":2,"b":3})"), (Json{{"a", 2}, {"b", 3}}));
}

TEST(JsonText, refuses_what_is_no_json) {
  for (const char* text : {"", "{", "{}x", "[1,]", "{\"a\":1,}", "nul", "\"\xff\"", "\"\\u0000\"", "\"\\ud800\"", "1.",
                           "--1", "{a:1}", "[1 2]", "\"a"}) {
    EXPECT_THROW(parse_json(text), CorruptJson) << text;
  }
  EXPECT_THROW(parse_json(std::string(1'000'000, '[')), CorruptJson);
}

// Text is looked at eight bytes at a time: what is special has to be seen at each place.
TEST(JsonText, one_special_character_anywhere) {
  for (const std::string& special : {std::string("\""), std::string("\\"), std::string("\n"), std::string("\x01"),
                                     std::string("\x7f"), std::string("\xc3\xa9"), std::string("\xf0\x9f\x98\x80")}) {
    for (std::size_t size = 0; size < 20; ++size) {
      for (std::size_t place = 0; place <= size; ++place) {
        const std::string text = std::string(size, 'x').insert(place, special);
        const Json value{{text, text}};
        ASSERT_EQ(parse_json(write_json(value)), value) << text;
      }
    }
  }
  for (const std::string& special : {std::string("\xff"), std::string(1, '\0')})
    for (std::size_t place = 0; place < 20; ++place)
      EXPECT_THROW(parse_json('"' + std::string(20, 'x').insert(place, special) + '"'), CorruptJson) << place;
}

TEST(JsonText, into_a_value_that_is_there) {
  Json object = Json::object();
  parse_json(R"({"a":[1,{"b":null}]})", object);
  EXPECT_EQ(object, (Json{{"a", {1, {{"b", nullptr}}}}}));
  for (const char* text : {"[]", "null", "1", "\"x\"", "false"}) {
    Json other = Json::object();
    parse_json(text, other);
    EXPECT_EQ(other, Json::parse(text));
  }
}

TEST(Codec, versions) {
  EXPECT_EQ(parse_version("12"), 12);
  for (const char* text : {"", "x", "1x", " 1", "99999999999999999999", "+1"})
    EXPECT_FALSE(parse_version(text)) << text;
}

TEST(Codec, a_broken_row_is_corrupt_data_and_names_its_id) {
  try {
    decode({"broken", "[]", "{}", 1});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), errc::corrupt_data);
    EXPECT_NE(std::string(error.what()).find("broken"), std::string::npos);
  }
}

}  // namespace
}  // namespace weir::sqlite
