#include "cli/formats/json_array_reader.hpp"

#include "unit/formats/reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::cli::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(JsonArrayReader, ReadsTheElements) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::string::npos}) {
    const auto outcome =
        read_all("\xEF\xBB\xBF [ {\"a\":\"]},\\\"\"} ,\n[[]], 3\n,\"x\" , null,true ]\n", json(), step);
    EXPECT_EQ(outcome.error, "");
    EXPECT_THAT(outcome.problems, IsEmpty());
    EXPECT_THAT(outcome.values, ElementsAre(Json{{"a", "]},\""}}, Json::parse("[[]]"), 3, "x", nullptr, true));
    EXPECT_THAT(outcome.lines, ElementsAre(1, 2, 2, 3, 3, 3));
  }
}

TEST(JsonArrayReader, FindsTheArrayAtAPointer) {
  const std::string text =
      R"({"skip":{"rows":[9]},"a/b":[{"x":1},{"m~n":[1,2],"y":"]"}],"3":{"1":[5]},"tail":[[],{"k":"}"}]})";
  const struct {
    std::string at;
    std::vector<Json> values;
  } cases[] = {
      {"/a~1b", {Json{{"x", 1}}, Json::parse(R"({"m~n":[1,2],"y":"]"})")}},
      {"/a~1b/1/m~0n", {1, 2}},
      {"/3/1", {5}},
      {"/skip/rows", {9}},
      {"/tail/0", {}},
  };
  for (const auto& test : cases)
    for (const std::size_t step : {std::size_t{1}, std::string::npos}) {
      const auto outcome = read_all(text, json(test.at), step);
      EXPECT_EQ(outcome.error, "") << test.at;
      EXPECT_EQ(outcome.values, test.values) << test.at;
    }
}

TEST(JsonArrayReader, SaysWhatIsNotThere) {
  const struct {
    std::string text;
    std::string at;
    std::string error;
  } cases[] = {
      {"{}", "", "the document is no array; --at POINTER names one"},
      {"", "", "the input is empty"},
      {"  ", "", "the input is empty"},
      {"{\"a\":1}", "/b", "there is no key \"b\""},
      {"{\"a\":1}", "/a", "--at /a is no array"},
      {"{\"a\":1}", "/a/b", "leads through a plain value"},
      {"[[1]]", "/1", "there is no element 1"},
      {"[[1]]", "/x", "is no index of an array"},
      {"[[1]]", "/00", "is no index of an array"},
      {"[[1]]", "a", "is no JSON pointer"},
      {"[[1]]", "/~2", "after ~ comes 0 or 1"},
      {"[1", "", "in:1:3: the document ends inside the array"},
      {"[1,]", "", "in:1:4: an element should be here"},
      {"[1 2]", "", "in:1:4: a comma or ] should be here"},
      {"[,1]", "", "in:1:2: unexpected ','"},
      {"[\n {\"a\":[}]", "", "in:2:2: in the value that begins here, brackets do not match"},
      {"[\"abc", "", "the document ends inside a string"},
      {"[{\"abc\":", "", "the document ends inside a value"},
      {"[1] 2", "", "in:1:5: something follows the end"},
      {"{\"a\":[1],\"b\":2", "/a", "the document is cut off"},
      {"{\"a\":[1]]", "/a", "a comma or a closing bracket should be here"},
      {"{\"a\" [1]}", "/a", "a colon should be here"},
      {"{a:[1]}", "/a", "a key in double quotes should be here"},
  };
  for (const auto& test : cases) {
    const auto outcome = read_all(test.text, json(test.at));
    EXPECT_THAT(outcome.error, HasSubstr(test.error)) << test.text << " at " << test.at;
  }
}

TEST(JsonArrayReader, ABadElementIsNamedAndTheNextIsRead) {
  const auto outcome = read_all("[{\"a\":1},\n  {\"a\":\n   x},{\"a\" 1},\"\xFF\", {\"a\":2}]", json());
  EXPECT_EQ(outcome.error, "");
  EXPECT_THAT(outcome.values, ElementsAre(Json{{"a", 1}}, Json{{"a", 2}}));
  ASSERT_EQ(outcome.problems.size(), 3U);
  EXPECT_THAT(outcome.problems[0], HasSubstr("in:3:4: "));
  EXPECT_THAT(outcome.problems[1], HasSubstr("in:3:12: "));
  EXPECT_THAT(outcome.problems[2], HasSubstr("UTF-8"));
}

TEST(JsonArrayReader, AnElementOverTheLimitIsAProblemAndTheNextIsRead) {
  const auto outcome = read_all("[1, [\"" + std::string(300'000, 'x') + "\"], 2]", json().max_item_bytes(1000), 4096);
  EXPECT_EQ(outcome.error, "");
  EXPECT_THAT(outcome.values, ElementsAre(1, 2));
  EXPECT_THAT(outcome.problems, ElementsAre("in:1:5: an element of 300004 bytes, more than the limit of 1000 bytes"));
  EXPECT_THAT(outcome.codes, ElementsAre(errc::too_large));
}

TEST(JsonArrayReader, GoesOnFromEveryPosition) {
  const std::string text = "{\"x\":[0],\"a\":[ {\"n\":1},\n{\"n\":2} ,{\"n\":3}\n],\"t\":[{}]} ";
  std::vector<Json> all = read_all(text, json("/a")).values;
  for (std::size_t taken = 0; taken <= all.size(); ++taken) {
    MemorySource source(text);
    const auto reader = make_reader(source, json("/a"));
    Document document;
    for (std::size_t i = 0; i < taken; ++i) ASSERT_TRUE(reader->next(document));
    const Json position = reader->position();
    const auto rest = read_all(text.substr(position["offset"].get<std::size_t>()), json("/a").from(position), 2);
    EXPECT_EQ(rest.error, "");
    EXPECT_EQ(rest.values, std::vector<Json>(all.begin() + static_cast<std::ptrdiff_t>(taken), all.end()));
  }
}

TEST(JsonPointer, Parses) {
  EXPECT_THAT(parse_pointer(""), IsEmpty());
  EXPECT_THAT(parse_pointer("/"), ElementsAre(""));
  EXPECT_THAT(parse_pointer("/a//b~1c~0d~01"), ElementsAre("a", "", "b/c~d~1"));
}

}  // namespace
}  // namespace weir::cli::test
