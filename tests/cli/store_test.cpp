#include "cli/tool.hpp"

#include <unistd.h>

// Status 3: the store could not be reached, or refused.

namespace weir::cli::test {
namespace {

using testing::HasSubstr;

class Store : public ToolTest {};

TEST_F(Store, ACorruptDatabaseIsNamedAndNotTouched) {
  ASSERT_EQ(weir({"import", database(), "-", "--flat", "-q"}, numbered(0, 200)).code, 0);
  auto bytes = content("data.db");
  ASSERT_GT(bytes.size(), 4096U);
  for (std::size_t i = 100; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31);
  file("data.db", bytes);
  for (const auto& words : std::vector<std::vector<std::string>>{{"search", database()},
                                                                 {"count", database()},
                                                                 {"get", database(), "k1"},
                                                                 {"export", database(), path("x.jsonl")}}) {
    const auto result = weir(words);
    EXPECT_EQ(result.code, 3) << words.front() << result.err;
    EXPECT_THAT(result.err, HasSubstr("data.db")) << words.front();
  }
  EXPECT_FALSE(exists("x.jsonl"));
  file("data.db", "this is no database, whatever its name says; it is long enough to be looked at as one.");
  const auto result = weir({"import", database(), "-", "--flat"}, numbered(0, 5));
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_THAT(content("data.db"), HasSubstr("this is no database"));
}

TEST_F(Store, AReadOnlyDirectoryIsRefused) {
  ProcessOptions options;
  if (getuid() == 0) options.user = 65534;  // root may write anywhere
  std::filesystem::create_directory(path("locked"));
  std::filesystem::permissions(path("locked"), std::filesystem::perms(0555));
  const auto result = weir({"put", database("locked/data.db")}, "{\"id\":\"1\",\"fields\":{}}\n", options);
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("data.db"));
  const auto ping = weir({"ping", database("locked/data.db")}, {}, options);
  EXPECT_EQ(ping.code, 3) << ping.err;
  EXPECT_EQ(weir({"export", database("none.db"), path("locked/x.jsonl")}, {}, options).code != 0, true);
}

TEST_F(Store, ADirectoryOrAMissingFolderIsNoDatabase) {
  const auto directory = weir({"count", "sqlite:" + directory_.string()});
  EXPECT_EQ(directory.code, 3) << directory.err;
  const auto missing = weir({"count", database("no/such/folder/data.db")});
  EXPECT_EQ(missing.code, 3) << missing.err;
}

TEST_F(Store, AStoreThatRefusesInTheMiddleLeavesTheCheckpoint) {
  const auto result =
      weir({"import", "sqlite:" + directory_.string(), "-", "--flat", "--checkpoint", path("state")}, numbered(0, 5));
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("ended early: 0 records written"));
  EXPECT_TRUE(exists("state"));
}

}  // namespace
}  // namespace weir::cli::test
