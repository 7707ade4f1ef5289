// Keys of records: what every store keeps, and never two ids under one.
#include "backends/s3/key.hpp"

#include "support/outcome.hpp"
#include "support/random.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace weir::s3 {
namespace {

TEST(Key, ByTable) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"a", "a.json"},
      {"a/b", "a/b.json"},
      {"a.b", "a.b.json"},
      {"a.json", "a!2ejson.json"},
      {"a.json/b", "a!2ejson/b.json"},
      {"a.jsonx/b", "a.jsonx/b.json"},
      {".", "!2e.json"},
      {"..", "!2e!2e.json"},
      {"../x", "!2e!2e/x.json"},
      {"...", "....json"},
      {"/", "!2f.json"},
      {"//", "!2f!2f.json"},
      {"a//b", "a!2f!2fb.json"},
      {"/a/", "!2fa!2f.json"},
      {"a b", "a!20b.json"},
      {"%2F", "!252F.json"},
      {"!", "!21.json"},
      {"~", "!7e.json"},
      {"é", "é.json"},
      {"日本", "日本.json"},
      {"e\u0301", "e!cc!81.json"},
      {"😀", "!f0!9f!98!80.json"},
      {"\n", "!0a.json"},
  };
  for (const auto& [id, key] : table) {
    EXPECT_EQ(key_of_id(id), key);
    EXPECT_EQ(id_of_key(key), id);
  }
}

TEST(Key, LongOnes) {
  const std::string just(200, 'x'), over(201, 'x');
  EXPECT_EQ(key_of_id(just), just + ".json");
  EXPECT_TRUE(key_of_id(over).starts_with("~"));
  for (const auto& id : {just, over, std::string(512, '/'), std::string(511, 'x') + "/", std::string(255, 'y')}) {
    const auto key = key_of_id(id);
    EXPECT_LE(key.size(), 700u);
    EXPECT_EQ(id_of_key(key), id);
  }
  std::string emoji;
  for (int i = 0; i < 128; ++i) emoji += "😀";
  EXPECT_EQ(id_of_key(key_of_id(emoji)), emoji);
}

TEST(Key, OfSomebodyElse) {
  for (const char* key :
       {"",         ".json",     "a",        "a.txt",       "a b.json",  "dir/",           "a//b.json", "!2F.json",
        "!zz.json", "!2.json",   "!61.json", "a.json.json", "../a.json", "~.json",         "~A.json",   "~eA.json",
        "😀.json",  "\xff.json", "/a.json",  "a/.json",     "!00.json",  "manifest.json/x"})
    EXPECT_FALSE(id_of_key(key)) << key;
}

std::string random_id(test::Random& random) {
  static const std::vector<std::string> pieces{"/", "//", ".",  "..", ".json", "a", "B", "~", "!", "!2f",  "%2F",   " ",
                                               "é", "😀", "日", "\n", "\\",    "?", "#", "_", "-", "json", "\u0301"};
  std::string id;
  const auto count = 1 + random.below(12) * random.below(12);
  for (std::size_t i = 0; i < count && id.size() < 500; ++i) id += random.pick(pieces);
  return id;
}

TEST(Key, ThereAndBackAndNeverTwiceTheSame) {
  test::Random random(test::seed());
  std::map<std::string, std::string> ids;
  for (int i = 0; i < 20'000; ++i) {
    const auto id = random_id(random);
    const auto key = key_of_id(id);
    ASSERT_EQ(id_of_key(key), id) << key;
    const auto [at, fresh] = ids.emplace(key, id);
    ASSERT_TRUE(fresh || at->second == id) << key;
    ASSERT_TRUE(key.ends_with(".json"));
    ASSERT_LE(key.size(), 700u);
    for (std::size_t begin = 0; begin <= key.size();) {
      const auto end = std::min(key.find('/', begin), key.size());
      const auto segment = key.substr(begin, end - begin);
      ASSERT_FALSE(segment.empty() || segment == "." || segment == ".." || segment.size() > 255) << key;
      if (end < key.size()) {
        ASSERT_FALSE(segment.ends_with(".json")) << key;  // else another key might be its folder
      }
      begin = end + 1;
    }
  }
}

TEST(Key, PrefixOfAPrefix) {
  EXPECT_EQ(key_prefix_of("a"), "a");
  EXPECT_EQ(key_prefix_of("a/b"), "a/b");
  EXPECT_EQ(key_prefix_of("a/"), "a");
  EXPECT_EQ(key_prefix_of("a.js"), "a");
  EXPECT_EQ(key_prefix_of("a.b/c"), "a.b/c");
  EXPECT_EQ(key_prefix_of("a.json//"), "a");
  EXPECT_EQ(key_prefix_of("/"), "");
  EXPECT_EQ(key_prefix_of("x y"), "x!20y");
  test::Random random(test::seed() + 1);
  for (int i = 0; i < 20'000; ++i) {
    const auto prefix = random_id(random);
    const auto id = prefix + random_id(random);
    if (id.size() > 512) continue;
    const auto key = key_of_id(id);
    if (key.front() == '~') continue;
    ASSERT_TRUE(key.starts_with(key_prefix_of(prefix))) << key << " " << key_prefix_of(prefix);
  }
}

TEST(Key, PrefixesOfTheStore) {
  EXPECT_EQ(checked_prefix(""), "");
  EXPECT_EQ(checked_prefix("people"), "people/");
  EXPECT_EQ(checked_prefix("a/b/"), "a/b/");
  for (const auto& bad :
       {std::string("/"), std::string("/a"), std::string("a//b"), std::string("a/../b"), std::string("."),
        std::string(301, 'x'), std::string(256, 'x'), std::string("a\nb"), std::string("\xff")})
    EXPECT_TRUE(test::fails_with(test::outcome_now([&] { checked_prefix(bad); }), errc::invalid_argument)) << bad;
}

}  // namespace
}  // namespace weir::s3
