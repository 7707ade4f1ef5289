#include "cli/tool.hpp"
#include "support/sanitizers.hpp"

#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>

// Bad input ends an import, or goes to a file of rejects; nothing that was stored is lost by it.

namespace weir::cli::test {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class BadInput : public ToolTest {};

struct Case {
  std::string name;
  std::string format;
  std::string good_before;
  std::string bad;
  std::string good_after;
  std::string reason;
};

/// A blank has no place in a URL.
std::string file_name(const Case& test) {
  auto name = test.format + "-" + test.name + ".db";
  std::ranges::replace(name, ' ', '-');
  return name;
}

std::vector<Case> cases() {
  const auto long_id = std::string(513, 'x');
  const auto json_line = [](std::string name, std::string bad, std::string reason) {
    return Case{
        std::move(name),  "jsonl", "{\"id\":\"a\",\"n\":1}\n", std::move(bad) + "\n", "{\"id\":\"b\",\"n\":2}\n",
        std::move(reason)};
  };
  const auto row = [](std::string name, std::string bad, std::string reason) {
    return Case{std::move(name), "csv", "id,n\na,1\n", std::move(bad) + "\n", "b,2\n", std::move(reason)};
  };
  return {
      json_line("cut off", "{\"id\":\"x\"", ":2:"),
      json_line("no JSON", "hello", "invalid literal"),
      json_line("no object", "[1]", "a record is a JSON object"),
      json_line("invalid UTF-8", "{\"id\":\"x\",\"n\":\"\xFF\"}", "ill-formed UTF-8"),
      json_line("NUL byte", "{\"id\":\"x\",\"n\":\"\0\"}"s, "U+0000"),
      json_line("escaped NUL", R"({"id":"x","n":"\u0000"})", "U+0000"),
      json_line("NUL in the id", R"({"id":"x\u0000"})", "U+0000"),
      json_line("empty id", R"({"id":"","n":1})", "the id is empty"),
      json_line("id of 513 bytes", "{\"id\":\"" + long_id + "\"}", "513 bytes"),
      json_line("id of another type", R"({"id":[1]})", "should be the id"),
      json_line("integer too large", R"({"id":"x","n":9223372036854775808})", "outside the range"),
      json_line("key twice", R"({"id":"x","n":1,"n":2})", "is there twice"),
      json_line("too deep", "{\"id\":\"x\",\"n\":" + std::string(2000, '[') + std::string(2000, ']') + "}",
                "levels deep"),
      json_line("arrays too deep for any store",
                "{\"id\":\"x\",\"n\":" + std::string(9, '[') + std::string(9, ']') + "}", ":2:"),
      json_line("stored already", R"({"id":"a","n":3})", ":2:"),
      row("too many cells", "x,1,2", "3 cells where the header has 2"),
      row("too few cells", "x", "1 cell where the header has 2"),
      row("stray quote", "x\"y,1", "a quote inside a cell"),
      row("invalid UTF-8", "\xFF,1", "not UTF-8"),
      row("NUL", "x\0,1"s, "a NUL byte"),
      row("id of 513 bytes", long_id + ",1", "513 bytes"),
      row("empty id", "\"\",1", "the id is empty"),
      {"bad element", "json", "[{\"id\":\"a\",\"n\":1},\n", "{\"id\":\"x\",\"n\":tru},\n", "{\"id\":\"b\",\"n\":2}]",
       ":2:"},
      {"element that is no object", "json", "[{\"id\":\"a\",\"n\":1},\n", "7,\n", "{\"id\":\"b\",\"n\":2}]", ":2:"},
  };
}

TEST_F(BadInput, StopsAndSaysWhere) {
  for (const auto& test : cases()) {
    const auto db = "sqlite:" + path(file_name(test));
    const auto input = file("in.txt", test.good_before + test.bad + test.good_after);
    const auto result = weir({"import", db, input, "--flat", "--format", test.format, "--chunk", "1"});
    EXPECT_EQ(result.code, 1) << test.name << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr(input + ":")) << test.name;
    EXPECT_THAT(result.err, HasSubstr(test.reason)) << test.name;
    EXPECT_THAT(result.err, HasSubstr("ended early: 1 record written")) << test.name;
    EXPECT_EQ(weir({"count", db}).out, "1\n") << test.name;
  }
}

TEST_F(BadInput, GoesToTheRejectsAndTheRestIsWritten) {
  for (const auto& test : cases()) {
    const auto db = "sqlite:" + path(file_name(test));
    const auto input = file("in.txt", test.good_before + test.bad + test.good_after);
    const auto result = weir({"import", db, input, "--flat", "--format", test.format, "--rejects", path("rejects")});
    EXPECT_EQ(result.code, 1) << test.name << ": " << result.err;
    EXPECT_EQ(weir({"count", db}).out, "2\n") << test.name;
    const auto rejects = lines(content("rejects"));
    ASSERT_EQ(rejects.size(), 1U) << test.name;
    EXPECT_EQ(rejects[0]["file"], input) << test.name;
    EXPECT_EQ(rejects[0]["line"], test.format == "csv" ? 3 : 2) << test.name;
    EXPECT_THAT(result.err, HasSubstr(rejects[0]["reason"].get<std::string>())) << test.name;
    EXPECT_FALSE(rejects[0]["text"].get<std::string>().empty()) << test.name;
  }
}

TEST_F(BadInput, AFileIsNotWrittenThatIsStillToBeRead) {
  const std::string text = "{\"id\":\"a\"}\nbad\n";
  const auto input = file("in.jsonl", text);
  std::filesystem::create_symlink(input, path("link.jsonl"));
  ASSERT_EQ(weir({"import", database(), "-", "--flat"}, "{\"id\":\"z\"}\n").code, 0);
  const auto stored = content("data.db");
  const std::vector<std::vector<std::string>> commands = {
      {"import", database("new.db"), input, "--flat", "--rejects", input},
      {"import", database("new.db"), input, "--flat", "--rejects", path("link.jsonl")},
      {"import", database("new.db"), input, "--flat", "--checkpoint", input},
      {"import", database("new.db"), input, "--flat", "--rejects", path("same"), "--checkpoint", path("same")},
      {"import", database(), input, "--flat", "--rejects", path("data.db")},
      {"copy", database(), database("new.db"), "--rejects", path("data.db")},
      {"export", database(), path("data.db")}};
  for (const auto& command : commands) {
    const auto result = weir(command);
    EXPECT_EQ(result.code, 2) << testing::PrintToString(command) << result.err;
    EXPECT_THAT(result.err, HasSubstr("are the same file")) << testing::PrintToString(command);
  }
  EXPECT_EQ(content("in.jsonl"), text);
  EXPECT_EQ(content("data.db"), stored);
}

TEST_F(BadInput, WhatCannotBeReadAtAll) {
  const struct {
    std::string text;
    std::vector<std::string> options;
    std::string reason;
  } table[] = {
      {"[{\"id\":\"1\"}", {"--format", "json"}, "the document ends inside the array"},
      {"[{\"id\":\"1\"},{\"id\":[}]", {"--format", "json"}, "brackets do not match"},
      {"{\"rows\":[]}", {"--format", "json"}, "the document is no array"},
      {"{\"rows\":[]}", {"--at", "/row"}, "there is no key \"row\""},
      {"a,a\n1,2\n", {"--format", "csv"}, "two columns \"a\""},
      {"a\n1\n", {"--types", "b:int"}, "--types names column \"b\", which is not there"},
      {"\xFF\xFEx", {}, "UTF-16"},
      {"\x1F\x8B", {}, "gzip"},
  };
  for (const auto& test : table) {
    std::vector<std::string> words{"import", database(), file("in.txt", test.text), "--flat"};
    words.insert(words.end(), test.options.begin(), test.options.end());
    const auto result = weir(words);
    EXPECT_EQ(result.code, 1) << test.text;
    EXPECT_THAT(result.err, HasSubstr("in.txt")) << test.text;
    EXPECT_THAT(result.err, HasSubstr(test.reason)) << test.text;
  }
}

TEST_F(BadInput, WhatStandsBeforeTheFaultIsWritten) {
  const auto input = file("in.json", "[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\"");
  for (int i = 0; i < 2; ++i) {  // and once more, from the checkpoint: what is there is recognised
    const auto result = weir({"import", database(), input, "--flat", "--checkpoint", path("state")});
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err, HasSubstr("in.json:1:"));
    EXPECT_EQ(weir({"count", database()}).out, "2\n");
  }
}

TEST_F(BadInput, ALineOfAHundredMegabytesIsAnErrorInLittleMemory) {
  const auto input = path("long.jsonl");
  {
    std::ofstream stream(input, std::ios::binary);
    stream << "{\"id\":\"a\",\"n\":\"";
    const std::string piece(1 << 20, 'x');
    for (int i = 0; i < 100; ++i) stream << piece;
    stream << "\"}\n{\"id\":\"b\",\"n\":2}\n";
  }
  const auto stops = weir({"import", database(), input, "--flat"});
  EXPECT_EQ(stops.code, 1);
  EXPECT_THAT(stops.err, HasSubstr(input + ":1: a line of 104857618 bytes, more than the limit of 16 MiB"));
  rusage before{};
  getrusage(RUSAGE_CHILDREN, &before);
  const auto goes_on = weir({"import", database(), input, "--flat", "--rejects", path("rejects")});
  EXPECT_EQ(goes_on.code, 1);
  EXPECT_EQ(weir({"count", database()}).out, "1\n");
  rusage after{};
  getrusage(RUSAGE_CHILDREN, &after);
  if (!weir::test::under_sanitizer) {
    EXPECT_LT(after.ru_maxrss, 100 * 1024) << "kilobytes";
  }
  EXPECT_EQ(weir({"import", database(), input, "--flat", "--max-line", "200MB", "--on-conflict", "upsert"}).code, 0);
}

TEST_F(BadInput, ManyProblemsAreCountedAndTheFirstShown) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "bad\n{\"id\":\"k" + std::to_string(i) + "\"}\n";
  const auto result = weir({"import", database(), "-", "--flat", "--on-error", "collect"}, text);
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("standard input:39:"));
  EXPECT_THAT(result.err, testing::Not(HasSubstr("standard input:41:")));
  EXPECT_THAT(result.err, HasSubstr("more are counted only"));
  EXPECT_THAT(result.err, HasSubstr("1,000 records written, 1,000 bad"));
}

}  // namespace
}  // namespace weir::cli::test
