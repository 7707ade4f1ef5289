#include "cli/tool.hpp"

namespace weir::cli::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Copy : public ToolTest {
 protected:
  void SetUp() override { ASSERT_EQ(weir({"import", database(), "-", "--flat", "-q"}, numbered(0, 1000)).code, 0); }
};

TEST_F(Copy, CopiesWhatTheQueryFinds) {
  const auto all = weir({"copy", database(), database("to.db"), "--partitions", "3", "--chunk", "100", "--verify"});
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_THAT(all.err, HasSubstr("1,000 records copied"));
  EXPECT_EQ(weir({"search", database("to.db"), "--flat"}).out, weir({"search", database(), "--flat"}).out);
  const auto some = weir({"copy", database(), database("some.db"), "--where", "n < 10", "--select", "n"});
  EXPECT_EQ(some.code, 0) << some.err;
  EXPECT_EQ(weir({"count", database("some.db")}).out, "10\n");
}

TEST_F(Copy, ADryRunWritesNothing) {
  const auto result = weir({"copy", database(), database("to.db"), "--dry-run"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("would be copied"));
  EXPECT_EQ(weir({"count", database("to.db")}).out, "0\n");
}

TEST_F(Copy, RefusedRecordsGoToTheRejects) {
  ASSERT_EQ(weir({"put", database("to.db"), "--flat", "-q"}, numbered(5, 7)).code, 0);
  const auto stops = weir({"copy", database(), database("to.db"), "--on-conflict", "insert", "--chunk", "10"});
  EXPECT_EQ(stops.code, 1) << stops.err;
  const auto skips = weir({"copy", database(), database("skip.db"), "--on-conflict", "skip"});
  EXPECT_EQ(skips.code, 0) << skips.err;
  ASSERT_EQ(weir({"put", database("on.db"), "--flat", "-q"}, numbered(5, 7)).code, 0);
  const auto goes_on =
      weir({"copy", database(), database("on.db"), "--on-conflict", "insert", "--rejects", path("rejects")});
  EXPECT_EQ(goes_on.code, 1) << goes_on.err;
  EXPECT_THAT(goes_on.err, HasSubstr("2 refused"));
  EXPECT_EQ(weir({"count", database("on.db")}).out, "1000\n");
  const auto rejects = lines(content("rejects"));
  ASSERT_EQ(rejects.size(), 2U);
  EXPECT_EQ(rejects[0]["id"], "k5");
  EXPECT_EQ(Json::parse(rejects[0]["text"].get<std::string>())["fields"]["n"], 5);
}

TEST_F(Copy, TheSameCommandGoesOn) {
  ASSERT_EQ(weir({"put", database("to.db"), "--flat", "-q"}, numbered(500, 501)).code, 0);
  const std::vector<std::string> command{"copy",    database(), database("to.db"), "--on-conflict", "insert",
                                         "--chunk", "100",      "--checkpoint",    path("state")};
  const auto ended = weir(command);
  EXPECT_EQ(ended.code, 1) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("\"k500\": the id is stored already"));
  EXPECT_THAT(ended.err, HasSubstr("the same command goes on from there"));
  auto other = command;
  other.insert(other.end(), {"--where", "n < 3"});
  const auto refused = weir(other);
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("belongs to another copy, which differs in: query"));
  EXPECT_THAT(refused.err, Not(HasSubstr("goes on")));
  ASSERT_EQ(weir({"rm", database("to.db"), "k500"}).code, 0);
  const auto resumed = weir(command);
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("going on after 400 records\n"));
  EXPECT_THAT(resumed.err, HasSubstr("records copied ("));
  EXPECT_EQ(weir({"count", database("to.db")}).out, "1000\n");
}

}  // namespace
}  // namespace weir::cli::test
