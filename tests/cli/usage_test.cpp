#include "cli/tool.hpp"

// Status 2: the command line, the configuration or the query makes no sense, or an input file is not there.

namespace weir::cli::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Usage : public ToolTest {};

TEST_F(Usage, EveryMistakeIsNamed) {
  const auto db = database();
  const struct {
    std::vector<std::string> words;
    std::string message;
  } cases[] = {
      {{}, "a command is missing"},
      {{"fetch", db}, "fetch"},
      {{"search"}, "the database is missing"},
      {{"search", ""}, "the database is empty"},
      {{"search", db, "extra"}, "\"extra\" is one argument too many"},
      {{"search", db, "--wher", "a = 1"}, "--wher"},
      {{"search", "people.db"}, "\"people.db\" is no URL; a database file is named sqlite:people.db"},
      {{"search", "nosuch:thing"}, "nosuch"},
      {{"search", db + "?synchronus=full"}, "synchronous"},
      {{"search", db, "--where", "age >>= 3"}, "age >>= 3"},
      {{"search", db, "--where", "age like 3"}, "like"},
      {{"search", db, "--where", "a.. = 3"}, "a.."},
      {{"search", db, "--where", "name regex \"(?i)x\""}, "regex"},
      {{"search", db, "--query", "{"}, "--query is not JSON"},
      {{"search", db, "--query", R"({"where":{"path":"a","op":"almost","value":1}})"}, "almost"},
      {{"search", db, "--query", R"({"where":{"path":"a","op":"eq","value":{}}})"}, "a"},
      {{"search", db, "--query", R"({"wher":{}})"}, "wher"},
      {{"search", db, "--query", "{}", "--where", "a = 1"}, "two ways to say the same"},
      {{"search", db, "--order-by", "a:down"}, "after the colon comes asc or desc"},
      {{"search", db, "--order-by", "a,,b"}, "nothing between two commas"},
      {{"search", db, "--limit", "-1"}, "--limit"},
      {{"search", db, "--limit", "ten"}, "--limit \"ten\": should be a whole number"},
      {{"search", db, "--offset", "1.5"}, "--offset"},
      {{"search", db, "--partition", "4/4"}, "--partition \"4/4\""},
      {{"search", db, "--format", "xml"}, "the formats are csv, json, jsonl, table"},
      {{"search", db, "--timeout", "soon"}, "--timeout \"soon\""},
      {{"search", "--name", "people"}, "--config FILE is missing"},
      {{"search", "@people"}, "--config FILE is missing"},
      {{"search", "--config", path("none.yaml"), "@people"}, "none.yaml"},
      {{"get", db}, "an id is missing"},
      {{"get", db, ""}, "an id has 1 to 512 bytes, and this one has 0"},
      {{"get", db, std::string(513, 'x')}, "an id has 1 to 512 bytes, and this one has 513"},
      {{"rm", db, std::string(513, 'x')}, "this one has 513"},
      {{"import", db}, "the file is missing"},
      {{"import", db, path("none.jsonl")}, "none.jsonl cannot be read: No such file"},
      {{"import", db, directory_.string()}, "is a directory, not a file"},
      {{"export", db, directory_.string()}, "is a directory, not a file"},
      {{"import", db, "-", "--chunk", "0"}, "--chunk"},
      {{"import", db, "-", "--partitions", "1000"}, "--partitions"},
      {{"import", db, "-", "--on-conflict", "merge"}, "should be one of insert, skip, upsert"},
      {{"import", db, "-", "--on-error", "ignore"}, "should be one of collect, stop"},
      {{"import", db, "-", "--rejects", path("r"), "--on-error", "stop"}, "--rejects goes on"},
      {{"import", db, "-", "--rejects", path("no/such/dir/r")}, "--rejects"},
      {{"import", db, "-", "--at", "rows"}, "--at"},
      {{"import", db, "-", "--format", "csv", "--at", "/rows"}, "--at"},
      {{"import", db, "-", "--types", "a:money"}, "is no type"},
      {{"import", db, "-", "--format", "csv", "--delimiter", "ab"}, "--delimiter"},
      {{"import", db, "-", "--format", "table"}, "the formats are csv, json, jsonl"},
      {{"import", db, "-", "--dry-run", "--verify"}, "--dry-run"},
      {{"copy", db}, "copy needs two databases"},
      {{"archive", db}, "archive needs two databases"},
      {{"stats", db, "--watch", "--interval", "0"}, "--interval"},
  };
  for (const auto& test : cases) {
    std::string shown;
    for (const auto& word : test.words) shown += word.substr(0, 40) + " ";
    const auto result = weir(test.words);
    EXPECT_EQ(result.code, 2) << shown << result.err;
    EXPECT_THAT(result.err, HasSubstr(test.message)) << shown;
    EXPECT_THAT(result.out, IsEmpty()) << shown;
  }
  EXPECT_FALSE(exists("none.jsonl"));
}

TEST_F(Usage, HelpTeaches) {
  const auto all = weir({"--help"});
  EXPECT_EQ(all.code, 0);
  for (const char* command :
       {"ping", "get", "put", "rm", "search", "count", "import", "export", "copy", "archive", "explain", "stats"}) {
    EXPECT_THAT(all.out, HasSubstr(command));
    const auto one = weir({command, "--help"});
    EXPECT_EQ(one.code, 0) << command;
    EXPECT_THAT(one.out, HasSubstr("Example")) << command;
    EXPECT_THAT(one.err, IsEmpty());
  }
  EXPECT_THAT(all.out, HasSubstr("Exit status"));
  EXPECT_THAT(weir({"--version"}).out, testing::MatchesRegex("weir [0-9.]+\n"));
}

TEST_F(Usage, SecretsAreNotShown) {
  // Nobody answers at port 1, so that the database is named in errors and details.
  const std::string url = "postgresql://me:geheim@127.0.0.1:1/db?table=people";
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"ping", url, "--verbose", "--timeout", "2s"},
           {"search", url, "--verbose", "--timeout", "2s"},
           {"copy", url, database(), "--verbose", "--timeout", "2s"},
           {"search", url + "&tabel=x"},
       }) {
    const auto result = weir(words);
    EXPECT_NE(result.code, 0);
    EXPECT_THAT(result.err + result.out, Not(HasSubstr("geheim")));
  }
}

TEST_F(Usage, ADatabaseFromAConfigurationFile) {
  const auto config = file("databases.yaml", "databases:\n  people:\n    url: " + database() + "\n");
  EXPECT_EQ(weir({"put", "--config", config, "@people"}, "{\"id\":\"1\",\"fields\":{\"a\":1}}\n").code, 0);
  EXPECT_EQ(weir({"count", "--config", config, "--name", "people"}).out, "1\n");
  EXPECT_EQ(weir({"get", "--config", config, "--name", "people", "1", "--flat"}).out, "{\"id\":\"1\",\"a\":1}\n");
  const auto unknown = weir({"count", "--config", config, "@persons"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("persons"));
}

}  // namespace
}  // namespace weir::cli::test
