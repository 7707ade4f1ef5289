// weir archive, on a real server.
#include "cli/tool.hpp"
#include "servers/server.hpp"

#include <unistd.h>

#include <map>

namespace weir::cli::test {
namespace {

using testing::HasSubstr;

class Archive : public ToolTest {
 protected:
  void SetUp() override {
    const auto& server = weir::test::Server::start("minio");
    WEIR_NEED_SERVER(server);
    environment_ = {{"AWS_ACCESS_KEY_ID", server.setting("S3_ACCESS_KEY_ID")},
                    {"AWS_SECRET_ACCESS_KEY", server.setting("S3_SECRET_ACCESS_KEY")}};
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    target_ = "s3://weir-tool/" + std::to_string(::getpid()) + "-" + std::to_string(test->line()) +
              "?proxy=off&addressing=path&region=" + server.setting("S3_REGION") +
              "&endpoint_url=" + server.setting("S3_ENDPOINT");
    ASSERT_EQ(weir({"import", database(), "-", "--flat", "-q"}, numbered(0, 1000)).code, 0);
  }
  ProcessResult tool(std::vector<std::string> words) {
    ProcessOptions options;
    options.environment = environment_;
    return weir(std::move(words), {}, options);
  }

  std::map<std::string, std::string> environment_;
  std::string target_;
};

TEST_F(Archive, CopiesVerifiesAndRemovesInOneCommand) {
  const std::vector<std::string> command{"archive", database(), target_ + "&archive_part_size=4KiB",
                                         "--where", "n < 900",  "--remove"};
  const auto made = tool(command);
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.err, HasSubstr("900 records archived"));
  EXPECT_THAT(made.err, HasSubstr("900 removed"));
  EXPECT_EQ(weir({"count", database()}).out, "100\n");
  const auto packed = target_ + "&layout=archive";
  EXPECT_EQ(tool({"count", packed}).out, "900\n");
  EXPECT_EQ(tool({"get", packed, "k77", "--flat"}).out, "{\"id\":\"k77\",\"n\":77,\"name\":\"number 77\"}\n");
  // Again: nothing is left to do.
  const auto again = tool(command);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("900 were gone already"));
  // Of something else there is no room under that prefix.
  const auto other = tool({"archive", database(), target_});
  EXPECT_EQ(other.code, 1) << other.err;
  EXPECT_THAT(other.err, HasSubstr("an archive of something else"));
  // And back.
  const auto back = tool({"copy", packed, database("back.db"), "--verify"});
  EXPECT_EQ(back.code, 0) << back.err;
  EXPECT_EQ(weir({"count", database("back.db")}).out, "900\n");
}

TEST_F(Archive, OnlyIntoABucket) {
  const auto result = tool({"archive", database(), database("b.db")});
  EXPECT_EQ(result.code, 2) << result.err;
  EXPECT_THAT(result.err, HasSubstr("s3://"));
}

}  // namespace
}  // namespace weir::cli::test
