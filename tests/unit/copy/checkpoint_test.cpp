#include "api/copy_checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using testing::HasSubstr;
using testing::Not;
using weir::Config;
using weir::errc;
using weir::Error;
using weir::Query;
using weir::detail::CopyCheckpoint;
using weir::detail::CopyIdentity;

CopyIdentity identity(const char* source, const Query& query, const char* target, std::size_t partitions) {
  return CopyIdentity(Config::from_url(source), query, Config::from_url(target), partitions);
}

TEST(CopyIdentity, names_what_differs) {
  const auto base = identity("sqlite:a.db?table=t", Query(), "sqlite:b.db", 4);
  EXPECT_EQ(base.difference(identity("sqlite:a.db?table=t", Query(), "sqlite:b.db", 4)), "");
  EXPECT_EQ(base.difference(identity("sqlite:c.db?table=t", Query(), "sqlite:b.db", 4)), "source");
  EXPECT_EQ(base.difference(identity("sqlite:a.db?table=u", Query(), "sqlite:b.db", 4)), "source");
  EXPECT_EQ(base.difference(identity("sqlite:a.db?table=t", Query(weir::field("n") > 1), "sqlite:b.db", 4)), "query");
  EXPECT_EQ(base.difference(identity("sqlite:a.db?table=t", Query(), "sqlite:d.db", 5)), "target, partitions");
}

TEST(CopyIdentity, tuning_does_not_make_another_copy) {
  const auto base = identity("sqlite:a.db", Query(), "memory:", 1);
  EXPECT_EQ(base.difference(identity("sqlite:a.db?timeout=5s", Query(), "memory:?retry.max_attempts=9", 1)), "");
}

TEST(CopyCheckpoint, comes_back_as_it_was) {
  CopyCheckpoint checkpoint(identity("sqlite:a.db", Query(), "memory:", 2), 2);
  checkpoint.total = 12;
  checkpoint.positions[0].last = "an id with \"quotes\", \xf0\x9f\x98\x80 and\nlines";
  checkpoint.positions[0].counts.read = 7;
  checkpoint.positions[0].counts.written = 4;
  checkpoint.positions[0].counts.skipped = 2;
  checkpoint.positions[0].counts.rejected = 1;
  checkpoint.positions[1].done = true;
  checkpoint.rejected = {"x"};
  const auto text = checkpoint.to_text();
  const auto back = CopyCheckpoint::from_text(text, "file");
  EXPECT_EQ(back.to_text(), text);
  EXPECT_EQ(back.identity.difference(checkpoint.identity), "");
  EXPECT_EQ(back.positions[0].last, checkpoint.positions[0].last);
  EXPECT_FALSE(back.positions[1].last);
  EXPECT_TRUE(back.positions[1].done);
  EXPECT_EQ(back.stats().read, 7U);
  EXPECT_EQ(back.stats().written, 4U);
}

TEST(CopyCheckpoint, holds_neither_secrets_nor_places) {
  const CopyCheckpoint checkpoint(
      identity("postgresql://me:hunter2@db.example.org/people", Query(weir::field("name") == "Ada"), "memory:", 1), 1);
  for (const auto* word : {"hunter2", "example", "people", "Ada", "me"})
    EXPECT_THAT(checkpoint.to_text(), Not(HasSubstr(std::string("\"") + word))) << word;
  EXPECT_THAT(checkpoint.to_text(), Not(HasSubstr("hunter2")));
}

TEST(CopyCheckpoint, damaged_files_are_named) {
  const auto good = CopyCheckpoint(identity("memory:", Query(), "memory:", 1), 1).to_text();
  const auto code_of = [](std::string_view text) {
    try {
      CopyCheckpoint::from_text(text, "/var/copy.json");
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("/var/copy.json"));
      return error.kind();
    }
    return errc::cancelled;
  };
  for (std::size_t length = 0; length + 2 < good.size(); length += 7)
    EXPECT_EQ(code_of(good.substr(0, length)), errc::corrupt_data) << length;
  EXPECT_EQ(code_of("[]"), errc::corrupt_data);
  EXPECT_EQ(code_of("{\"name\": \"something else\"}"), errc::corrupt_data);
  EXPECT_EQ(code_of("{\"weir_copy_checkpoint\": 1}"), errc::corrupt_data);
  EXPECT_EQ(code_of("{\"weir_copy_checkpoint\": 2}"), errc::unsupported);
  auto odd = good;
  odd.replace(odd.find("\"done\":false"), 12, "\"done\":\"no\"");
  EXPECT_EQ(code_of(odd), errc::corrupt_data);
}

}  // namespace
