// JSON as text, and records as JSON.
#include "core/record_json.hpp"
#include "support.hpp"
#include "support/sanitizers.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace weir::core::test {
namespace {

TEST(JsonText, ReadsEveryKindOfValue) {
  EXPECT_EQ(parse_json(" { \"a\" : [ 1 , -2.5e3 , true , false , null , \"x\" , { } , [ ] ] }\r\n\t"),
            (Json{{"a", Json::array({1, -2500.0, true, false, nullptr, "x", Json::object(), Json::array()})}}));
  EXPECT_EQ(parse_json("5"), Json(5));
  EXPECT_EQ(parse_json("\xEF\xBB\xBF{}"), Json::object()) << "a byte order mark";
  EXPECT_EQ(parse_json(R"("\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude42")"), Json("\"\\/\b\f\n\r\t\u00e9€🙂"));
  EXPECT_EQ(parse_json(R"({"b":1,"a":2,"":3})"), (Json{{"a", 2}, {"b", 1}, {"", 3}}));
}

TEST(JsonText, IntegersAreExactAndDoublesAreDoubles) {
  EXPECT_EQ(parse_json("9223372036854775807").get<std::int64_t>(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_json("-9223372036854775808").get<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(parse_json("1").is_number_integer());
  EXPECT_TRUE(parse_json("1.0").is_number_float());
  EXPECT_TRUE(parse_json("1e0").is_number_float());
  EXPECT_EQ(parse_json("-0").get<std::int64_t>(), 0);
  EXPECT_EQ(parse_json("1e-999").get<double>(), 0.0);
  EXPECT_EQ(parse_json("0.000000000000000000000000000001e-400").get<double>(), 0.0);
  EXPECT_EQ(parse_json("5e-324").get<double>(), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(parse_json("1.7976931348623157e308").get<double>(), std::numeric_limits<double>::max());
}

struct Fault {
  std::string_view text;
  std::string_view part;
};

TEST(JsonText, FaultsNameLineAndColumn) {
  for (const Fault& fault :
       std::vector<Fault>{{"", "line 1, column 1: the text ends where a value was expected"},
                          {"{\n  \"a\": 1,\n  \"b\": oops\n}", "line 3, column 8: expected a value"},
                          {"{\"ü\": tru}", "line 1, column 7: expected a value"},
                          {"{\"a\" 1}", "line 1, column 6: expected a colon"},
                          {"{a: 1}", "line 1, column 2: expected a key in double quotes"},
                          {"{\"a\":1,}", "line 1, column 8: expected a key"},
                          {"{\"a\":1 \"b\":2}", "line 1, column 8: expected a comma or the end of the object"},
                          {"[1,]", "line 1, column 4: expected a value"},
                          {"[1 2]", "line 1, column 4: expected a comma or the end of the list"},
                          {"[1", "line 1, column 3: expected a comma or the end of the list"},
                          {"{} x", "line 1, column 4: text behind the end"},
                          {"{}{}", "line 1, column 3: text behind the end"},
                          {"\"abc", "a string without its closing quote"},
                          {"\"a\nb\"", "line 1, column 3: a control character"},
                          {"\"\\x\"", "line 1, column 2: an unknown escape"},
                          {"\"\\u12\"", "an unknown escape"},
                          {"\"\\'\"", "an unknown escape"},
                          {"\"\\ud83d\"", "half of a surrogate pair"},
                          {"\"\\ud83d\\u0041\"", "half of a surrogate pair"},
                          {"\"\\ude42\"", "half of a surrogate pair"},
                          {"\"\xFF\"", "line 1, column 2: not valid UTF-8"},
                          {"01", "a malformed number"},
                          {"-", "a malformed number"},
                          {"1.", "a malformed number"},
                          {".5", "expected a value"},
                          {"+1", "expected a value"},
                          {"1e", "a malformed number"},
                          {"0x10", "text behind the end"},
                          {"NaN", "expected a value"},
                          {"Infinity", "expected a value"},
                          {"'x'", "expected a value"},
                          {"// x\n1", "expected a value"},
                          {"1e999", "too large for a double"},
                          {"-1e999", "too large for a double"},
                          {"[1,\n9223372036854775808]", "line 2, column 1: an integer outside -2^63 to 2^63-1"},
                          {"-9223372036854775809", "an integer outside"},
                          {"123456789012345678901234567890", "an integer outside"},
                          {"{\"a\":1,\"b\":2,\n\"a\":3}", "line 2, column 1: a key that is in this object already"}})
    EXPECT_FAILURE(errc::invalid_argument, fault.part, parse_json(fault.text));
  const auto error = error_of([] { return parse_json("{\"card\": \"4711 secret\" oops}"); });
  EXPECT_EQ(std::string(error->what()).find("secret"), std::string::npos) << "the text is never part of the message";
}

TEST(JsonText, OfAStoreIsTakenAsItIsMeant) {
  EXPECT_EQ(parse_stored_json("10000000000000000000").get<double>(), 1e19);
  EXPECT_EQ(parse_stored_json("-10000000000000000000").get<double>(), -1e19);
  EXPECT_EQ(parse_stored_json("18446744073709551616").get<double>(), 0x1p64);
  EXPECT_TRUE(parse_stored_json("9223372036854775807").is_number_integer());
  EXPECT_EQ(parse_stored_json(R"({"a":1,"a":2})"), (Json{{"a", 2}}));
  EXPECT_FAILURE(errc::corrupt_data, "line 1", parse_stored_json("{"));
  EXPECT_FAILURE(errc::corrupt_data, "line 1", parse_stored_json("\xEF\xBB\xBF{}"));
}

TEST(JsonText, HostileNestingIsRefused) {
  for (const std::string_view piece : {"[", "{\"a\":", "[{\"a\":"}) {
    std::string text;
    while (text.size() < 1'000'000) text += piece;
    EXPECT_FAILURE(errc::invalid_argument, "deeper", parse_json(text));
    EXPECT_FAILURE(errc::corrupt_data, "deeper", parse_stored_json(text));
  }
  Json deep = 1;
  for (int i = 0; i < 100'000; ++i) deep = Json::array({std::move(deep)});
  EXPECT_FAILURE(errc::invalid_argument, "deeper", dump_json(deep));
  const std::string most = std::string(max_json_depth, '[') + std::string(max_json_depth, ']');
  EXPECT_EQ(dump_json(parse_json(most)), most);
}

TEST(JsonText, IsWrittenCompactly) {
  EXPECT_EQ(dump_json(json(R"({ "b": [1, 2.0, true, null, "x"], "a": {} })")), R"({"a":{},"b":[1,2.0,true,null,"x"]})");
  EXPECT_EQ(dump_json("\"\\\b\f\n\r\t\x01\x1F é🙂/\x7F"), "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f é🙂/\x7F\"");
  EXPECT_EQ(dump_json(std::string("a\0b", 3)), "\"a\\u0000b\"");
  EXPECT_EQ(dump_json(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(dump_json(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_FAILURE(errc::invalid_argument, "NaN", dump_json(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FAILURE(errc::invalid_argument, "UTF-8", dump_json("\xFF"));
  EXPECT_FAILURE(errc::invalid_argument, "UTF-8", dump_json(std::string("\0\xFF", 2)));
  EXPECT_FAILURE(errc::invalid_argument, "binary", dump_json(Json::binary({1})));
}

// Stores that read decimals as decimals need every digit where a double is sparser than the integers.
TEST(JsonText, DoublesAreWrittenForEveryStore) {
  const std::vector<std::pair<double, std::string_view>> table{{1.0, "1.0"},
                                                               {-0.0, "0.0"},
                                                               {0.1, "0.1"},
                                                               {1e22, "1e+22"},
                                                               {1e-7, "1e-07"},
                                                               {123456789.0, "123456789.0"},
                                                               {0x1p53, "9007199254740992.0"},
                                                               {0x1p60, "1152921504606846976.0"},
                                                               {-0x1p60, "-1152921504606846976.0"},
                                                               {0x1p63, "9223372036854775808.0"},
                                                               {1e19, "10000000000000000000.0"},
                                                               {0x1p64, "18446744073709551616.0"}};
  for (const auto& [number, text] : table) EXPECT_EQ(dump_json(number), text);
}

TEST(JsonText, DoublesComeBackBitByBit) {
  constexpr unsigned seed = 7;
  std::mt19937_64 random(seed);
  for (int i = 0; i < weir::test::rounds(200'000); ++i) {
    auto number = std::bit_cast<double>(random());
    if (i % 3 == 0) number = static_cast<double>(static_cast<std::int64_t>(random()));
    if (i % 7 == 0) number = static_cast<double>(random()) * 4;
    if (!std::isfinite(number) || number == 0) continue;
    const std::string text = dump_json(number);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(parse_json(text).get<double>()), std::bit_cast<std::uint64_t>(number))
        << text << " seed " << seed;
    ASSERT_EQ(Json::parse(text).get<double>(), number) << "another reader";
  }
}

// "Record as JSON (one a line in files and pipes)"
TEST(RecordJson, IsReadAndWritten) {
  const char* full = R"({"id":"k","version":"7","fields":{"a":1},"metadata":{"m":true}})";
  const Record r = record_from_json(json(full));
  EXPECT_EQ(r.id, "k");
  EXPECT_EQ(r.version, "7");
  EXPECT_EQ(r.fields, json(R"({"a":1})"));
  EXPECT_EQ(r.metadata, json(R"({"m":true})"));
  std::string line;
  append_record(line, r);
  EXPECT_EQ(line, full);
  EXPECT_EQ(record_to_json(r), json(full));
  line.clear();
  append_record(line, Record{}.set("a\\.b", "x\n"));
  EXPECT_EQ(line, R"({"fields":{"a.b":"x\n"}})");
  EXPECT_EQ(record_to_json(Record{}), json(R"({"fields":{}})"));
}

TEST(RecordJson, AnythingElseIsRefused) {
  for (const char* text :
       {"[]", "1", "{}", R"({"id":"k"})", R"({"id":5,"fields":{}})", R"({"fields":[]})", R"({"fields":{},"version":1})",
        R"({"fields":{},"metadata":null})", R"({"fields":{},"name":"Ada"})"})
    EXPECT_FAILURE(errc::invalid_argument, "record", record_from_json(json(text)));
  EXPECT_FAILURE(errc::invalid_argument, "\"name\"", record_from_json(json(R"({"fields":{},"name":"Ada"})")));
}

}  // namespace
}  // namespace weir::core::test
