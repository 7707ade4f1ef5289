#include "unit/formats/reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

// Inputs that are no text of the format at all, and one larger than anything that may be held in memory.

namespace weir::cli::test {
namespace {

using testing::HasSubstr;

TEST(Malformed, WhatIsPlainlyNoTextIsNamed) {
  const struct {
    std::string text;
    std::string error;
  } cases[] = {
      {"\xFF\xFE{\0", "in is UTF-16"},        {"\xFE\xFF", "in is UTF-16"},
      {"\x1F\x8B\x08", "compressed by gzip"}, {"\x28\xB5\x2F\xFD", "compressed by zstd"},
      {"PK\x03\x04", "zip archive"},          {std::string("SQLite format 3\0", 16), "SQLite database"},
  };
  for (const auto& test : cases)
    for (const auto& options : {jsonl(), json(), csv()})
      EXPECT_THAT(read_all(test.text, options).error, HasSubstr(test.error));
}

TEST(Malformed, OptionsThatDoNotFitTheFormat) {
  EXPECT_THAT(read_all("", jsonl().at("/a")).error, HasSubstr("--format json"));
  EXPECT_THAT(read_all("", jsonl().types("a:int")).error, HasSubstr("--format csv"));
  EXPECT_THAT(read_all("", ReaderOptions{}.format(Format::table)).error, HasSubstr("a table is for people"));
}

// 100 MB without a line's end, made as it is read.
class LongLine final : public ByteSource {
 public:
  explicit LongLine(std::string head, std::string tail) : head_(std::move(head)), tail_(std::move(tail)) {}
  std::size_t read(std::span<char> buffer) override {
    if (!head_.empty()) return give(head_, buffer);
    if (left_ > 0) {
      const std::size_t size = std::min(buffer.size(), left_);
      std::fill_n(buffer.data(), size, 'x');
      left_ -= size;
      return size;
    }
    return give(tail_, buffer);
  }

 private:
  static std::size_t give(std::string& text, std::span<char> buffer) {
    const std::size_t size = std::min(buffer.size(), text.size());
    std::copy_n(text.data(), size, buffer.data());
    text.erase(0, size);
    return size;
  }
  std::string head_;
  std::size_t left_ = 100'000'000;
  std::string tail_;
};

TEST(Malformed, AHundredMegabytesInOneItem) {
  const struct {
    ReaderOptions options;
    std::string head;
    std::string tail;
  } cases[] = {
      {jsonl(), "{\"a\":\"", "\"}\n{\"b\":1}\n"},
      {json(), "[{\"a\":\"", "\"},{\"b\":1}]"},
      {csv(), "b\n", "\n1\n"},
      {csv(), "b\n\"", "\"\n1\n"},
  };
  for (const auto& test : cases) {
    LongLine source(test.head, test.tail);
    const auto reader = make_reader(source, test.options);
    Document document;
    ASSERT_TRUE(reader->next(document));
    ASSERT_TRUE(document.problem.has_value());
    EXPECT_EQ(document.problem->code, errc::too_large);
    EXPECT_THAT(document.problem->reason, HasSubstr("more than the limit of 16 MiB"));
    EXPECT_LE(document.problem->text.size(), 1024U);
    ASSERT_TRUE(reader->next(document));
    EXPECT_FALSE(document.problem.has_value());
    EXPECT_EQ(document.value, Json::parse(R"({"b":1})"));
    EXPECT_FALSE(reader->next(document));
  }
}

}  // namespace
}  // namespace weir::cli::test
