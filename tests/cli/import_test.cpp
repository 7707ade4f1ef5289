#include "cli/tool.hpp"

// What import does with good input.

namespace weir::cli::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Import : public ToolTest {
 protected:
  std::string flat_content() {
    const auto result = weir({"search", database(), "--flat"});
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  }
};

TEST_F(Import, EveryFormatGivesTheSameRecords) {
  const std::string expected =
      "{\"id\":\"1\",\"age\":34,\"name\":\"Ann\"}\n{\"id\":\"2\",\"age\":27,\"name\":\"Bob\"}\n";
  const struct {
    std::string name;
    std::string text;
    std::vector<std::string> options;
  } cases[] = {
      {"a.jsonl", "{\"id\":1,\"name\":\"Ann\",\"age\":34}\n{\"id\":\"2\",\"name\":\"Bob\",\"age\":27}", {"--flat"}},
      {"a.ndjson",
       "{\"id\":\"1\",\"fields\":{\"name\":\"Ann\",\"age\":34}}\n{\"id\":\"2\",\"version\":\"7\",\"fields\":{\"name\":"
       "\"Bob\",\"age\":27}}\n",
       {}},
      {"a.json", "[{\"id\":1,\"name\":\"Ann\",\"age\":34},\n{\"id\":\"2\",\"name\":\"Bob\",\"age\":27}]", {"--flat"}},
      {"b.json",
       "{\"total\":2,\"data\":{\"rows\":[{\"no\":1,\"name\":\"Ann\",\"age\":34},{\"no\":2,\"name\":\"Bob\",\"age\":27}]"
       "}}",
       {"--flat", "--at", "/data/rows", "--id-field", "no"}},
      {"a.csv", "\xEF\xBB\xBFid,name,age\r\n1,Ann,34\r\n2,Bob,27\r\n", {}},
      {"a.tsv", "id\tname\tage\n1\tAnn\t34\n2\tBob\t27\n", {}},
      {"b.txt", "age;key;name\n34;1;\"Ann\"\n27;2;Bob\n", {"--format", "csv", "--delimiter", ";", "--id-field", "key"}},
  };
  for (const auto& test : cases) {
    std::filesystem::remove(path("data.db"));
    std::vector<std::string> words{"import", database(), file(test.name, test.text)};
    words.insert(words.end(), test.options.begin(), test.options.end());
    const auto result = weir(words);
    EXPECT_EQ(result.code, 0) << test.name << result.err;
    EXPECT_THAT(result.err, HasSubstr("2 records written")) << test.name;
    EXPECT_EQ(flat_content(), expected) << test.name;
    for (const char* each : {"data.db", "data.db-wal", "data.db-shm"}) std::filesystem::remove(path(each));
  }
}

TEST_F(Import, StandardInputAndTypes) {
  const auto result = weir({"import", database(), "-", "--types", "zip:string,tags:json,n:float"},
                           "id,zip,tags,n\n1,01234,\"[1,2]\",5\n");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(flat_content(), "{\"id\":\"1\",\"n\":5,\"tags\":[1,2],\"zip\":\"01234\"}\n");
}

TEST_F(Import, RecordsWithoutIdsKeepTheOrderOfTheFile) {
  ASSERT_EQ(
      weir({"import", database(), "-", "--flat", "--partitions", "3", "--chunk", "10"}, numbered(0, 200, false)).code,
      0);
  const auto records = lines(flat_content());
  ASSERT_EQ(records.size(), 200U);
  for (std::size_t i = 0; i < records.size(); ++i) EXPECT_EQ(records[i]["n"], i);
}

TEST_F(Import, ConflictsAreRefusedReplacedOrSkippedAsAsked) {
  ASSERT_EQ(weir({"import", database(), "-", "--flat"}, numbered(0, 3)).code, 0);
  const std::string again = "{\"id\":\"k1\",\"n\":100}\n{\"id\":\"k7\",\"n\":7}\n";
  const auto insert = weir({"import", database(), "-", "--flat", "--on-error", "collect"}, again);
  EXPECT_EQ(insert.code, 1);
  EXPECT_THAT(insert.err, HasSubstr("standard input:1: "));
  EXPECT_THAT(insert.err, HasSubstr("1 record written, 1 bad"));
  const auto skip = weir({"import", database(), "-", "--flat", "--on-conflict", "skip"}, again);
  EXPECT_EQ(skip.code, 0) << skip.err;
  EXPECT_THAT(skip.err, HasSubstr("0 records written, 2 there already"));
  EXPECT_EQ(lines(weir({"get", database(), "k1", "--flat"}).out).at(0)["n"], 1);
  const auto upsert = weir({"import", database(), "-", "--flat", "--on-conflict", "upsert"}, again);
  EXPECT_EQ(upsert.code, 0) << upsert.err;
  EXPECT_EQ(lines(weir({"get", database(), "k1", "--flat"}).out).at(0)["n"], 100);
}

TEST_F(Import, ADryRunChecksAndWritesNothing) {
  const auto good = weir({"import", database(), "-", "--flat", "--dry-run"}, numbered(0, 50));
  EXPECT_EQ(good.code, 0);
  EXPECT_THAT(good.err, HasSubstr("50 records would be written"));
  EXPECT_EQ(weir({"import", database(), "-", "--flat", "--dry-run"}, "{\"id\":\"\"}\n").code, 1);
  EXPECT_EQ(weir({"count", database()}).out, "0\n");
}

TEST_F(Import, VerifyReadsBack) {
  const auto result = weir({"import", database(), "-", "--flat", "--verify", "--on-conflict", "upsert", "--chunk", "7"},
                           numbered(0, 100) + numbered(50, 60) + "{\"id\":\"k1\",\"n\":1}\n{\"id\":\"k1\",\"n\":2}\n");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(weir({"count", database()}).out, "100\n");
}

TEST_F(Import, QuietSaysNothing) {
  const auto result = weir({"import", database(), "-", "--flat", "--quiet"}, numbered(0, 5));
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(Import, AnEmptyInputIsNoRecords) {
  const auto result = weir({"import", database(), "-"}, "");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("0 records written"));
}

}  // namespace
}  // namespace weir::cli::test
