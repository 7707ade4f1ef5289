#include "cli/formats/utf8.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace weir::cli {
namespace {

TEST(Utf8, FindsTheFirstByteThatIsNoUtf8) {
  const struct {
    std::string text;
    std::optional<std::size_t> bad;
  } cases[] = {
      {"", {}},
      {"plain ascii, more than eight bytes", {}},
      {"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", {}},
      {"\xF4\x8F\xBF\xBF", {}},  // U+10FFFF
      {"\xF4\x90\x80\x80", 0},   // above
      {"12345678\xFF", 8},       // never a byte of UTF-8
      {"a\xC0\x80", 1},          // overlong NUL
      {"a\xE0\x80\xAF", 1},      // overlong slash
      {"a\xED\xA0\x80", 1},      // a surrogate
      {"a\xE2\x82", 1},          // cut off
      {"a\x80", 1},              // continuation alone
      {"\xC3\xA9\xC3", 2},       // cut off after a good one
  };
  for (const auto& test : cases) EXPECT_EQ(invalid_utf8(test.text), test.bad) << test.text;
}

TEST(Utf8, ReplacesOnlyWhatIsIllFormed) {
  EXPECT_EQ(replace_invalid_utf8("a\xFF\xC3\xA9\xC3z"), "a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBDz");
  EXPECT_EQ(replace_invalid_utf8(""), "");
}

TEST(Utf8, DisplayWidthCountsWhatATerminalDraws) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("\xC3\xA9"), 1U);                  // é
  EXPECT_EQ(display_width("e\xCC\x81"), 1U);                 // e and a combining accent
  EXPECT_EQ(display_width("\xE6\x97\xA5\xE6\x9C\xAC"), 4U);  // 日本
  EXPECT_EQ(display_width("\xF0\x9F\x98\x80"), 2U);          // an emoji
  EXPECT_EQ(display_width("\xE2\x80\x8B"), 0U);              // zero width space
  EXPECT_EQ(display_width("\x1B"), 0U);
}

TEST(Utf8, WhatIsPrintableSteersNoTerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\r\x7f\n\t\x01"), "a [2Jb     ");
  EXPECT_EQ(printable("a\xC2\x9B"
                      "2Jb\xC2\x80"),
            "a 2Jb ")
      << "C1, which terminals take for ESC and a letter";
  EXPECT_EQ(printable("a\xC2\xA0\xC3\xA9\xFF", ""), "a\xC2\xA0\xC3\xA9\xEF\xBF\xBD");
  EXPECT_EQ(printable("a\nb\tc\r", "\n\t"), "a\nb\tc ");
}

}  // namespace
}  // namespace weir::cli
