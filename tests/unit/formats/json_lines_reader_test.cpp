#include "unit/formats/reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::cli::test {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(JsonLinesReader, ReadsAValueALineWhateverTheLineEnds) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::string::npos}) {
    const auto outcome = read_all("\xEF\xBB\xBF{\"a\":1}\r\n\n  \r\n{\"a\":2}\n[3]", jsonl(), step);
    EXPECT_THAT(outcome.values, ElementsAre(Json{{"a", 1}}, Json{{"a", 2}}, Json::array({3})));
    EXPECT_THAT(outcome.lines, ElementsAre(1, 4, 5));
    EXPECT_THAT(outcome.problems, IsEmpty());
    EXPECT_EQ(outcome.error, "");
  }
}

TEST(JsonLinesReader, ABadLineIsNamedAndTheNextIsRead) {
  const auto whole = read_all("{\"a\":1}\n{\"\xC3\xA9\":\n\"\xFF\"\n\"x\0y\"\n{\"a\":2}\n"s, jsonl());
  EXPECT_THAT(whole.values, ElementsAre(Json{{"a", 1}}, Json{{"a", 2}}));
  ASSERT_EQ(whole.problems.size(), 3U);
  // The column counts characters: é is one.
  EXPECT_THAT(whole.problems[0], testing::StartsWith("in:2:6: unexpected end of input"));
  EXPECT_THAT(whole.problems[1], HasSubstr("in:3:2: invalid string: ill-formed UTF-8 byte"));
  EXPECT_THAT(whole.problems[2], HasSubstr("in:4:3: invalid string: control character U+0000"));
}

TEST(JsonLinesReader, ALineOverTheLimitIsAProblemAndTheNextIsRead) {
  for (const std::size_t step : {std::size_t{1000}, std::string::npos}) {
    auto options = jsonl().max_item_bytes(4096);
    const std::string text = "{\"a\":1}\n\"" + std::string(1'000'000, 'x') + "\"\n{\"a\":2}\n\"" +
                             std::string(5000, 'y');  // the last without a line's end
    const auto outcome = read_all(text, options, step);
    EXPECT_THAT(outcome.values, ElementsAre(Json{{"a", 1}}, Json{{"a", 2}}));
    EXPECT_THAT(outcome.problems, ElementsAre("in:2: a line of 1000003 bytes, more than the limit of 4 KiB",
                                              "in:4: a line of 5001 bytes, more than the limit of 4 KiB"));
    EXPECT_THAT(outcome.codes, ElementsAre(errc::too_large, errc::too_large));
  }
}

TEST(JsonLinesReader, ALineAsLongAsTheLimitIsRead) {
  const auto line = "\"" + std::string(98, 'x') + "\"";
  EXPECT_EQ(read_all(line + "\n", jsonl().max_item_bytes(100)).values.size(), 1U);
  EXPECT_EQ(read_all(line + "\n", jsonl().max_item_bytes(99)).values.size(), 0U);
}

TEST(JsonLinesReader, GoesOnFromAPosition) {
  const std::string text = "\xEF\xBB\xBF{\"a\":1}\n\n{\"a\":2}\n{\"a\":3}\n";
  MemorySource source(text);
  const auto reader = make_reader(source, jsonl());
  Document document;
  ASSERT_TRUE(reader->next(document));
  ASSERT_TRUE(reader->next(document));
  const Json position = reader->position();
  EXPECT_EQ(position["line"], 4);
  const auto rest = read_all(text.substr(position["offset"].get<std::size_t>()), jsonl().from(position));
  EXPECT_THAT(rest.values, ElementsAre(Json{{"a", 3}}));
  EXPECT_THAT(rest.lines, ElementsAre(4));
}

TEST(JsonLinesReader, EmptyInputHasNoItems) {
  const auto outcome = read_all("", jsonl());
  EXPECT_THAT(outcome.values, IsEmpty());
  EXPECT_EQ(outcome.error, "");
}

}  // namespace
}  // namespace weir::cli::test
