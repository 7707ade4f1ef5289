// What may be stored, ids, and merge patches.
#include "core/merge_patch.hpp"
#include "core/utf8.hpp"
#include "core/uuid.hpp"
#include "core/validate.hpp"
#include "support.hpp"
#include "support/sanitizers.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <thread>

namespace weir::core::test {
namespace {

template <class Action>
bool refused(Action&& action) {
  const auto error = error_of([&] { return action(), 0; });
  if (error) {
    EXPECT_EQ(error->kind(), errc::invalid_argument) << error->what();
  }
  return error.has_value();
}

std::string message(const Json& fields) {
  const auto error = error_of([&] { return validate_fields(fields), 0; });
  return error ? error->what() : "";
}

// "`id`: 1 to 512 bytes of UTF-8, any characters"
TEST(Validation, IdsAreOneTo512BytesOfUtf8) {
  for (const std::string& id : {std::string("a"), std::string(512, 'x'), std::string("/%.. \"'`\\"), std::string("🙂"),
                                std::string("a\nb\t"), std::string("\x7F")})
    EXPECT_FALSE(refused([&] { validate_id(id); })) << id;
  for (const std::string& id : {std::string(), std::string(513, 'x'), std::string("\xFF"), std::string("a\0b", 3),
                                std::string("\xED\xA0\x80"), std::string("\xC0\x80")})
    EXPECT_TRUE(refused([&] { validate_id(id); })) << id.size();
  EXPECT_FALSE(refused([] { validate_record(Record{}); })) << "an id will be assigned";
  EXPECT_TRUE(refused([] { validate_record(Record{}.with_id(std::string(513, 'x'))); }));
}

// "Integers from −2^63 to 2^63−1 are exact; one outside is refused with `invalid_argument`"
TEST(Validation, IntegersAreThoseOfInt64) {
  EXPECT_EQ(message({{"a", std::numeric_limits<std::int64_t>::max()}, {"b", std::numeric_limits<std::int64_t>::min()}}),
            "");
  EXPECT_EQ(message({{"a", std::uint64_t{9223372036854775807U}}}), "");
  EXPECT_NE(message({{"a", std::uint64_t{9223372036854775808U}}}), "");
  EXPECT_EQ(message({{"a", 9223372036854775808.0}, {"b", 1e308}, {"c", -0.0}, {"d", 5e-324}}), "");
}

// "NaN, infinities and `\u0000` (in ids, keys and strings) are refused everywhere."
TEST(Validation, NotANumberInfinitiesAndNulAreRefused) {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity()})
    EXPECT_EQ(message({{"x", {{"y", Json::array({1, bad})}}}}),
              "fields at x.y[1]: NaN and infinities cannot be stored");
  EXPECT_EQ(message({{"x", std::string("secret\0", 7)}}), "fields at x: holds U+0000");
  Json key = Json::object();
  key[std::string("a\0b", 3)] = 1;
  EXPECT_NE(message({{"x", key}}).find("fields at x: a key holds U+0000"), std::string::npos);
}

TEST(Validation, TextIsUtf8) {
  for (const char* bad : {"\xFF", "\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xF8\x88\x80\x80\x80", "aaaaaaaaaaaaaaaa\xFE", "\xE2\x82"}) {
    EXPECT_EQ(message({{"a.b", {{"c", bad}}}}), "fields at a\\.b.c: not valid UTF-8");
    Json key = Json::object();
    key[bad] = 1;
    EXPECT_NE(message(key), "") << "in a key";
  }
  for (const char* good :
       {"", "ascii only, longer than a word", "é€🙂", "\u007F\u0080\u07FF\u0800\uD7FF\uE000\uFFFF", "\xF4\x8F\xBF\xBF"})
    EXPECT_EQ(message({{"a", good}}), "") << good;
}

TEST(Validation, ErrorsNameThePathAndNeverShowTheData) {
  const std::string text = message({{"user", {{"secrets", Json::array({"fine", Json{{"pin", "1234\xFF"}}})}}}});
  EXPECT_NE(text.find("user.secrets[1].pin"), std::string::npos) << text;
  EXPECT_EQ(text.find("1234"), std::string::npos) << text;
}

// "nested to any depth the store takes (at least 64; at most 8 arrays directly inside one another)"
TEST(Validation, NestingIsBounded) {
  const auto objects = [](std::size_t count) {
    Json json = Json::object();
    for (std::size_t i = 1; i < count; ++i) json = Json{{"a", std::move(json)}};
    return json;
  };
  const auto arrays = [](std::size_t count) {
    Json json = Json::array();
    for (std::size_t i = 1; i < count; ++i) json = Json::array({std::move(json)});
    return Json{{"a", std::move(json)}};
  };
  static_assert(max_object_depth >= 64);
  EXPECT_EQ(message(objects(64)), "");
  EXPECT_EQ(message(objects(max_object_depth)), "");
  EXPECT_NE(message(objects(max_object_depth + 1)), "");
  EXPECT_EQ(message(arrays(8)), "");
  EXPECT_EQ(message(arrays(9)), "fields at a[0][0][0][0][0][0][0][0]: more than 8 arrays directly inside one another");
  EXPECT_EQ(message({{"a", Json::array({Json{{"b", arrays(8)["a"]}}})}}), "") << "an object between them begins anew";
  EXPECT_NE(message(objects(weir::test::repetitions(1'000'000))), "");
  EXPECT_NE(message(arrays(weir::test::repetitions(1'000'000))), "");
}

TEST(Validation, TakesObjectsOnly) {
  for (const char* text : {"[]", "null", "1", "\"x\""})
    EXPECT_TRUE(refused([&] { validate_fields(json(text)); })) << text;
  Record r;
  r.metadata = json("[]");
  EXPECT_TRUE(refused([&] { validate_record(r); }));
  EXPECT_NE(message({{"a", Json::binary({1, 2})}}), "");
  const auto error = error_of([&] { return validate_fields(json("[]"), "merge patch"), 0; });
  EXPECT_NE(std::string(error->what()).find("merge patch"), std::string::npos);
}

// RFC 7396, appendix A.
TEST(MergePatch, FollowsTheExamplesOfTheRfc) {
  struct Example {
    const char* target;
    const char* patch;
    const char* result;
  };
  for (const Example& example : std::vector<Example>{
           {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
           {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
           {R"({"a":"b"})", R"({"a":null})", "{}"},
           {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
           {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
           {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
           {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
           {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
           {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
           {"[1,2]", R"({"a":"b","c":null})", R"({"a":"b"})"},
           {"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
           {R"({"a":{"b":1}})", R"({"a":{"b":{"c":null,"d":[null]}}})", R"({"a":{"b":{"d":[null]}}})"}}) {
    Json target = json(example.target);
    merge_patch(target, json(example.patch));
    EXPECT_EQ(target, json(example.result)) << example.target << " " << example.patch;
  }
  Json target = Json::object();
  for (const char* patch : {"null", "[]", "\"x\"", "1"})
    EXPECT_TRUE(refused([&] { merge_patch(target, json(patch)); })) << patch;
}

// RFC 9562, appendix A.6: the example of a version 7.
TEST(Uuid, IsWrittenAsInTheExampleOfTheRfc) {
  EXPECT_EQ(uuid_v7(0x017F22E279B0, UuidRandom{0xCC3, 0x18C4DC0C0C07398F}), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_EQ(uuid_v7(0, UuidRandom{}), "00000000-0000-7000-8000-000000000000");
  EXPECT_EQ(uuid_v7(0xFFFFFFFFFFFF, UuidRandom{0xFFFF, ~std::uint64_t{0}}), "ffffffff-ffff-7fff-bfff-ffffffffffff");
}

TEST(Uuid, AscendWithinAMillisecondAndWhenTheClockStepsBack) {
  UuidGenerator generator;
  std::string last = generator.next(1000, {0x0FF, 5});
  for (const std::uint64_t time : {1000U, 1000U, 999U, 5U, 1000U, 1001U, 1000U, 2000U, 1U}) {
    for (const std::uint64_t low : {std::uint64_t{0}, std::uint64_t{0xFFFFFFFF}, ~std::uint64_t{0}}) {
      std::string next = generator.next(time, {0, low});
      EXPECT_LT(last, next) << time;
      last = std::move(next);
    }
  }
}

TEST(Uuid, CarryFromBitToBitAndIntoTheTime) {
  constexpr std::uint64_t full = (std::uint64_t{1} << 62U) - 1;
  UuidGenerator carry;
  EXPECT_EQ(carry.next(1, {0x001, full}), uuid_v7(1, {0x001, full}));
  EXPECT_EQ(carry.next(1, {0, 0}), uuid_v7(1, {0x002, 0}));
  UuidGenerator overflow;
  EXPECT_EQ(overflow.next(1, {0xFFF, full}), uuid_v7(1, {0xFFF, full}));
  EXPECT_EQ(overflow.next(1, {0x123, 7}), uuid_v7(2, {0x123, 7}));
  EXPECT_EQ(overflow.next(2, {0, 1}), uuid_v7(2, {0x123, 9}));
}

TEST(Uuid, NewOnesAreUniqueAcrossThreads) {
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& mine : made)
    threads.emplace_back([&mine] {
      for (int i = 0; i < 5000; ++i) mine.push_back(new_id());
    });
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 20'000U);
  EXPECT_EQ(all.begin()->size(), 36U);
  EXPECT_EQ((*all.begin())[14], '7');
}

TEST(Utf8, DecodesWhatItEncodes) {
  for (char32_t code = 1; code <= 0x10FFFF; code += code < 0x900 ? 1 : 37) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, code);
    std::size_t position = 0;
    ASSERT_EQ(decode_utf8(text, position), code);
    ASSERT_EQ(position, text.size());
    ASSERT_EQ(check_text(text), TextFault::none);
  }
}

}  // namespace
}  // namespace weir::core::test
