#include "cli/table.hpp"

#include "cli/formats/utf8.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace weir::cli {
namespace {

using testing::HasSubstr;

Record record(const char* id, const char* fields) { return Record(Json::parse(fields)).with_id(id); }

std::string table(std::size_t width, const std::vector<Record>& records, bool colour = false) {
  TableWriter writer(Terminal(width, colour), "id");
  std::string out;
  writer.begin(out);
  for (const auto& each : records) writer.write(out, each);
  writer.end(out);
  return out;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

TEST(Table, AlignsByDisplayWidth) {
  EXPECT_EQ(
      table(80, {record("1", R"({"name":"Ann","age":30})"), record("22", R"({"name":"日本","age":7,"x":{"y":[1]}})")}),
      "id  age  name  x.y\n"
      "──  ───  ────  ───\n"
      "1    30  Ann\n"
      "22    7  日本  [1]\n");
}

TEST(Table, NothingIsWiderThanTheTerminal) {
  std::string fields = "{";
  for (int i = 0; i < 30; ++i)
    fields += (i > 0 ? ",\"f" : "\"f") + std::to_string(i) + "\":\"日本語 and much more text\"";
  fields += "}";
  for (const std::size_t width : {20U, 33U, 80U, 200U}) {
    const auto text =
        table(width, {record("an id that is rather long, longer than any column should be, really", fields.c_str())});
    const auto all = lines(text);
    ASSERT_GE(all.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_LE(display_width(all[i]), width) << all[i];
    EXPECT_THAT(text, HasSubstr("not shown for want of room"));
    EXPECT_THAT(text, HasSubstr("…"));
  }
}

TEST(Table, DataCannotSteerTheTerminal) {
  const auto text = table(80, {record("a\x1b[2Jb", R"({"x":"1\u001b]0;title\u0007\n2","y\u001b":1})")});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\x07'), std::string::npos);
  EXPECT_EQ(lines(text).size(), 3U);
}

TEST(Table, ColourOnlyWhereItIsWanted) {
  EXPECT_THAT(table(80, {record("1", "{}")}, true), HasSubstr("\x1b[1m"));
  EXPECT_EQ(table(80, {record("1", "{}")}).find('\x1b'), std::string::npos);
}

TEST(Table, LaterRecordsKeepTheLayoutOfTheFirst) {
  std::vector<Record> records;
  for (int i = 0; i < 500; ++i) records.push_back(record("k", R"({"a":1})"));
  records.push_back(record("k", R"({"a":1234567,"new":1})"));
  const auto all = lines(table(80, records));
  EXPECT_EQ(all.size(), 503U);
  EXPECT_EQ(all.back(), "k   …");
}

TEST(Table, NoRecordsNoTable) { EXPECT_EQ(table(80, {}), ""); }

TEST(Table, Fit) {
  EXPECT_EQ(fit("abc", 5, false), "abc  ");
  EXPECT_EQ(fit("abc", 5, true), "  abc");
  EXPECT_EQ(fit("abcdef", 4, false), "abc…");
  EXPECT_EQ(fit("日本語", 4, false), "日… ");
  EXPECT_EQ(fit("abc", 0, false), "");
}

}  // namespace
}  // namespace weir::cli
