#include "cli/tool.hpp"

#include <csignal>
#include <set>

namespace weir::cli::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Export : public ToolTest {
 protected:
  // Everything that makes trouble in one format or another.
  void fill() {
    const std::string text =
        R"({"id":"1","fields":{"s":"plain","n":1,"b":true,"o":{"p":{"q":"deep"}}},"metadata":{}})"
        "\n"
        R"({"id":"2, \"quoted\"","fields":{"s":"12","n":-1.5,"b":false,"list":[1,"x",null,{"y":[]}],"empty":""}})"
        "\n"
        R"({"id":"3\n","fields":{"s":"line\nbreak\r\n","n":9223372036854775807,"null":null,"a.b":"dot","o":{}}})"
        "\n"
        R"({"id":"日本 😀","fields":{"s":"","n":"text","e":{},"k:int":"5","":"nameless"}})"
        "\n"
        R"({"id":"5","fields":{}})"
        "\n";
    const auto result = weir({"import", database(), "-"}, text);
    ASSERT_EQ(result.code, 0) << result.err;
  }
  std::map<std::string, Json> records(const std::string& db) {
    std::map<std::string, Json> all;
    for (auto& record : lines(weir({"search", db}).out)) all[record["id"]] = record["fields"];
    return all;
  }
};

TEST_F(Export, WhatTakesThePlaceOfAFileHasItsPermissionsAndStaysBehindALink) {
  fill();
  const auto target = file("out.jsonl", "old\n");
  std::filesystem::permissions(target, std::filesystem::perms(0600));
  std::filesystem::create_symlink(target, path("link"));
  ASSERT_EQ(weir({"export", database(), path("link")}).code, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
  EXPECT_EQ(std::filesystem::status(target).permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(lines(content("out.jsonl")).size(), 5U);
}

TEST_F(Export, ImportedAgainItIsEqual) {
  fill();
  weir({"rm", database(), "日本 😀"});
  auto nameless = R"({"id":"日本 😀","fields":{"s":"","n":"text","e":{},"k:int":"5"}})";
  ASSERT_EQ(weir({"put", database()}, nameless).code, 0);
  const auto before = records(database());
  ASSERT_EQ(before.size(), 5U);
  const std::vector<std::pair<std::string, std::vector<std::string>>> ways{
      {"x.jsonl", {}},        {"x.json", {}}, {"x.jsonl", {"--flat"}},
      {"x.json", {"--flat"}}, {"x.csv", {}},  {"x.csv", {"--delimiter", "tab", "--id-field", "the key"}}};
  int number = 0;
  for (const auto& [name, options] : ways) {
    const auto target = database("copy" + std::to_string(number++) + ".db");
    std::vector<std::string> out{"export", database(), path(name)};
    std::vector<std::string> in{"import", target, path(name)};
    out.insert(out.end(), options.begin(), options.end());
    in.insert(in.end(), options.begin(), options.end());
    const auto exported = weir(out);
    ASSERT_EQ(exported.code, 0) << name << exported.err;
    EXPECT_THAT(exported.err, HasSubstr("5 records written to "));
    const auto imported = weir(in);
    ASSERT_EQ(imported.code, 0) << name << imported.err << content(name);
    EXPECT_EQ(records(target), before) << content(name);
  }
}

TEST_F(Export, WhatAFormatCannotHoldIsSaid) {
  fill();
  const auto nameless = weir({"export", database(), path("x.csv")});
  EXPECT_NE(nameless.code, 0);
  EXPECT_THAT(nameless.err, HasSubstr("without a name, which CSV cannot hold"));
  EXPECT_FALSE(exists("x.csv"));
  ASSERT_EQ(weir({"put", database("m.db")}, "{\"id\":\"1\",\"fields\":{},\"metadata\":{\"m\":1}}\n").code, 0);
  EXPECT_THAT(weir({"export", database("m.db"), path("m.csv")}).err, HasSubstr("1 record has metadata"));
  EXPECT_THAT(weir({"export", database("m.db"), path("m.jsonl")}).err, testing::Not(HasSubstr("metadata")));
}

TEST_F(Export, TheFileAppearsWhenItIsComplete) {
  ASSERT_EQ(weir({"import", database(), "-", "--flat", "-q"}, numbered(0, 10)).code, 0);
  file("x.jsonl", "former content");
  ASSERT_NE(weir({"export", database(), path("x.jsonl"), "--where", "a.. = 1"}).code, 0);
  EXPECT_EQ(content("x.jsonl"), "former content");
  ASSERT_EQ(weir({"export", database(), path("x.jsonl"), "--where", "n < 3", "--flat"}).code, 0);
  EXPECT_EQ(lines(content("x.jsonl")).size(), 3U);
  for (const auto& entry : std::filesystem::directory_iterator(directory_))
    EXPECT_THAT(entry.path().string(), testing::Not(HasSubstr("partial")));
}

TEST_F(Export, PartsInSeveralFilesAreTheWhole) {
  ASSERT_EQ(weir({"import", database(), "-", "--flat", "-q"}, numbered(0, 300)).code, 0);
  std::set<std::string> ids;
  std::size_t count = 0;
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(weir({"export", database(), path("p.jsonl"), "--partition", std::to_string(i) + "/4"}).code, 0);
    for (const auto& record : lines(content("p.jsonl"))) {
      ids.insert(record["id"]);
      ++count;
    }
  }
  EXPECT_EQ(count, 300U);
  EXPECT_EQ(ids.size(), 300U);
}

TEST_F(Export, AReaderThatGoesAwayEndsItQuietly) {
  ASSERT_EQ(weir({"import", database(), "-", "--flat", "-q"}, numbered(0, 20'000)).code, 0);
  ProcessOptions options;
  options.close_output = true;
  const auto result = weir({"search", database()}, {}, options);
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.signal, 0);
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(Export, AFullDiskIsNoticed) {
  ASSERT_EQ(weir({"import", database(), "-", "--flat", "-q"}, numbered(0, 10)).code, 0);
  ProcessOptions options;
  options.out_file = "/dev/full";
  for (const auto& words : std::vector<std::vector<std::string>>{{"search", database()},
                                                                 {"export", database()},
                                                                 {"count", database()},
                                                                 {"get", database(), "k1"},
                                                                 {"ping", database()},
                                                                 {"--help"}}) {
    const auto result = weir(words, {}, options);
    EXPECT_EQ(result.code, 1) << words.front();
    EXPECT_THAT(result.err, HasSubstr("standard output cannot be written: No space left on device")) << words.front();
  }
  const auto device = weir({"export", database(), "/dev/full"});
  EXPECT_EQ(device.code, 1);
  EXPECT_THAT(device.err, HasSubstr("/dev/full cannot be written: No space left"));
}

TEST_F(Export, CtrlCEndsItAndLeavesNoPartOfAFile) {
  ASSERT_EQ(weir({"import", database(), "-", "--flat", "-q"}, numbered(0, 50'000)).code, 0);
  const auto fifo = path("fifo");
  // Standard output is a pipe that is read no further, so that the export waits in the middle.
  ProcessOptions options;
  Process search(weir_command({"search", database(), "--flat"}), options);
  search.read_until([](const ProcessResult& so_far) { return so_far.out.size() > 10'000; });
  search.signal(SIGINT);
  const auto result = search.wait();
  EXPECT_TRUE(result.code == 130 || result.code == 0) << result.code;
  Process exporting(weir_command({"export", database(), path("x.csv")}));
  exporting.signal(SIGTERM);
  const auto ended = exporting.wait();
  // It may have been faster than the signal, or the signal faster than its handler.
  EXPECT_TRUE(ended.code == 130 || ended.code == 0 || ended.signal == SIGTERM) << ended.code;
  EXPECT_EQ(exists("x.csv"), ended.code == 0);
}

}  // namespace
}  // namespace weir::cli::test
