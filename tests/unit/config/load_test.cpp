// Configuration files, good, broken and hostile.

#include "support/sanitizers.hpp"
#include "unit/config/support.hpp"

#include <weir/config.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace weir {
namespace {

using namespace testing_support;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* good = R"(
# what several databases have in common
defaults: &defaults
  acquire_timeout: 2s
  pool: {max_size: 7}
  retry:
    max_attempts: 5
databases:
  main:
    <<: *defaults
    backend: postgres
    hosts: [db1, "db2:7"]
    password: 0123   # text, whatever it looks like
    database: yes
    index: a, b.c
    pool:
      max_size: 9
      min_size: "2"
  by_url: {url: "sqlite:people.db", readers: 2}
  copy:
    <<: [{max_size: 1}, *defaults]
    backend: memory
)";

class Load : public testing::Test {
 protected:
  Config yaml(const std::string& text, std::string_view name = "main") const {
    return Config::load(files_.write("c.yaml", text), name);
  }
  Config json(const std::string& text, std::string_view name = "main") const {
    return Config::load(files_.write("c.json", text), name);
  }
  std::string yaml_refused(const std::string& text) const {
    return refusal([&] { return yaml(text); });
  }
  std::string json_refused(const std::string& text) const {
    return refusal([&] { return json(text); });
  }
  errc kind(const std::string& file) const {
    try {
      Config::load(file, "main");
    } catch (const Error& error) {
      return error.kind();
    }
    return errc{};
  }
  Files files_;
};

TEST_F(Load, reads_yaml) {
  EXPECT_EQ(yaml(good), Config::from_url("postgresql://db1,db2:7/yes?password=0123&index=a,b.c&max_size=9&min_size=2&"
                                         "acquire_timeout=2s&retry.max_attempts=5"));
  EXPECT_EQ(yaml(good, "by_url"), Config::from_url("sqlite:people.db?readers=2"));
  EXPECT_EQ(Config::load(files_.write("c.yml", good), "by_url"), Config::from_url("sqlite:people.db?readers=2"));
}

TEST_F(Load, takes_what_stands_in_quotes) {
  const auto password = [this](const std::string& written, const std::string& behind = "\n") {
    return yaml("databases:\n  main:\n    backend: postgres\n    password: " + written + behind)
        .get<std::string>("password");
  };
  EXPECT_EQ(password("'it''s'"), "it's");
  EXPECT_EQ(password("\"a\\\"b\\\\\"", ""), "a\"b\\");
  EXPECT_EQ(password("&anchor '!x'"), "!x");
  EXPECT_EQ(password("!!str 012"), "012");
  EXPECT_EQ(password("'a b'  # isn't"), "a b");
  EXPECT_EQ(yaml("\xEF\xBB\xBF{databases: {main: {url: 'memory:'}}}"), Config::from_url("memory:"));
}

TEST_F(Load, refuses_what_would_silently_be_another_value) {
  const auto refused = [this](const std::string& written) {
    return yaml_refused("databases:\n  main:\n    backend: postgres\n    password: " + written + "\n");
  };
  for (const auto* open : {"'secret", "\"secret", "'it''", "\"a\\\"", "&anchor 'x"})
    EXPECT_THAT(refused(open), AllOf(HasSubstr("c.yaml:4"), HasSubstr("a quote is not closed"))) << open;
  for (const auto* tagged : {"!secret", "!vault db", "[!x a, b]"})
    EXPECT_THAT(refused(tagged), AllOf(HasSubstr("c.yaml:4"), HasSubstr("tags are not understood"))) << tagged;
}

TEST_F(Load, takes_what_a_merge_key_brings_only_where_there_is_nothing) {
  const std::string text = R"(
a: &a {max_size: 1, min_size: 1}
b: &b {max_size: 2, max_waiters: 2}
databases:
  main:
    min_size: 0
    backend: memory
    <<: [*a, *b]
)";
  EXPECT_EQ(yaml(text), Config::from_url("memory:?min_size=0&max_size=1&max_waiters=2"));
}

TEST_F(Load, reads_json) {
  EXPECT_EQ(json(R"({"databases": {"main": {"backend": "memory", "pool": {"max_size": 3, "retry": {"base": "1s"}}}}})"),
            Config::from_url("memory:?max_size=3&retry.base=1s"));
  EXPECT_EQ(json(R"({"databases": {"main": {"backend": "memory", "breaker": {"failures": 5, "max": "9s"}}}})"),
            Config::from_url("memory:?breaker.failures=5&breaker.max=9s"));
  EXPECT_EQ(json(R"({"databases": {"main": {"url": "memory:x", "max_size": 3}}})"),
            Config::from_url("memory:x?max_size=3"));
}

TEST_F(Load, tells_file_and_line) {
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    backend: memory\n    max_size: ten\n"),
              AllOf(HasSubstr("c.yaml:4"), HasSubstr("'max_size'"), HasSubstr("\"ten\"")));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    backend: memory\n    pool:\n      max_sise: 1\n"),
              AllOf(HasSubstr("c.yaml:5"), HasSubstr("'max_sise'"), HasSubstr("'max_size'")));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    max_size: 1\n    backend: memory\n    maxsize: 2\n"),
              AllOf(HasSubstr("c.yaml:3"), HasSubstr("c.yaml:5"), HasSubstr("given twice")));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    backend: memory\n    max_size: 1\n    max_size: 1\n"),
              AllOf(HasSubstr("c.yaml:5"), HasSubstr("twice")));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    backend: memory\n    max_size:\n"),
              AllOf(HasSubstr("c.yaml:4"), HasSubstr("no value")));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    backend: memory\n    max_size: [1]\n"),
              AllOf(HasSubstr("c.yaml:4"), HasSubstr("single value")));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    backend: memory\n    max_size: {a: 1}\n"), HasSubstr("c.yaml:4"));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    backend: sqlite\n    index: [[a]]\n"), HasSubstr("c.yaml:4"));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    backend: memroy\n"),
              AllOf(HasSubstr("c.yaml:3"), HasSubstr("'memory'")));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    backend: [memory]\n"), HasSubstr("c.yaml:3"));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    max_size: 3\n"),
              AllOf(HasSubstr("c.yaml:2"), HasSubstr("neither")));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n   backend: memory\n  \tx: y\n"), HasSubstr("c.yaml:"));
  EXPECT_THAT(yaml_refused("databases:\n  main: 5\n"), HasSubstr("c.yaml:2"));
  EXPECT_THAT(yaml_refused("databases: 5\n"), HasSubstr("c.yaml:1"));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    ? [a]\n    : b\n"), HasSubstr("c.yaml:3"));
  EXPECT_THAT(json_refused("{\"databases\": {\n  \"main\": {\"backend\": }}}"),
              AllOf(HasSubstr("c.json"), HasSubstr("line 2")));
  EXPECT_THAT(json_refused(R"({"databases": {"main": {"backend": "memory", "max_size": 1, "max_size": 1}}})"),
              HasSubstr("line 1"));
  EXPECT_THAT(json_refused(R"({"databases": {"main": {"backend": "memory", "max_size": "1"}}})"),
              AllOf(HasSubstr("c.json, databases.main"), HasSubstr("'max_size'")));
}

TEST_F(Load, tells_what_is_missing) {
  EXPECT_THAT(yaml_refused("databases: {mian: {backend: memory}}\n"),
              AllOf(HasSubstr("\"main\""), HasSubstr("\"mian\"")));
  EXPECT_THAT(json_refused(R"({"databases": {"mian": {"backend": "memory"}}})"),
              AllOf(HasSubstr("\"main\""), HasSubstr("\"mian\"")));
  EXPECT_THAT(yaml_refused("databases: {}\n"), HasSubstr("none at all"));
  EXPECT_THAT(yaml_refused("other: 1\n"), HasSubstr("'databases'"));
  EXPECT_THAT(yaml_refused("[1, 2]\n"), HasSubstr("'databases'"));
  EXPECT_THAT(yaml_refused(""), HasSubstr("one YAML document"));
  EXPECT_THAT(yaml_refused("---\ndatabases: {main: {backend: memory}}\n---\na: b\n"), HasSubstr("one YAML document"));
  EXPECT_THAT(json_refused("[]"), HasSubstr("'databases'"));
  EXPECT_THAT(json_refused(R"({"databases": 5})"), HasSubstr("'databases'"));
  EXPECT_THAT(json_refused(R"({"databases": {"main": 5}})"), HasSubstr("an object"));
  EXPECT_EQ(kind(files_.path("missing.yaml")), errc::not_found);
  EXPECT_EQ(kind(files_.path("missing/c.json")), errc::not_found);
  EXPECT_EQ(kind(files_.write("c.toml", "")), errc::invalid_argument);
  EXPECT_EQ(kind(files_.write("no_extension", "")), errc::invalid_argument);
  const auto locked = files_.write("locked.yaml", good);
  std::filesystem::permissions(locked, std::filesystem::perms::none);
  if (geteuid() != 0) {
    EXPECT_EQ(kind(locked), errc::permission_denied);
  }
  std::filesystem::create_directory(files_.path("directory.yaml"));
  EXPECT_EQ(kind(files_.path("directory.yaml")), errc::invalid_argument);
}

TEST_F(Load, survives_hostile_files) {
  const std::string head = "databases: {main: {backend: memory}}\n";
  EXPECT_THAT(yaml_refused(head + "#" + std::string(1U << 20U, 'x')), HasSubstr("1 MiB"));
  EXPECT_THAT(json_refused(std::string(1'000'000, '[')), HasSubstr("c.json"));
  EXPECT_THAT(yaml_refused(std::string(1'000'000, '[')), HasSubstr("c.yaml"));
  EXPECT_THAT(yaml_refused(std::string(1'000'000, '{')), HasSubstr("c.yaml"));
  std::string dashes;
  for (int i = 0; i < 250'000; ++i) dashes += "- ";
  EXPECT_THAT(yaml_refused(dashes), HasSubstr("c.yaml"));

  // Aliases of aliases: a thousand million values if anybody wrote them out.
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const auto last = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) laughs += last + ", ";
    laughs += "]\n";
  }
  EXPECT_EQ(yaml(laughs + head), Config::from_url("memory:"));
  EXPECT_THAT(yaml_refused(laughs + "databases: {main: {backend: memory, index: *a9}}\n"), HasSubstr("c.yaml:"));

  // The same by merge keys.
  std::string merges = "m0: &m0 {max_size: 1}\n";
  for (int i = 1; i < 12; ++i) {
    merges += "m" + std::to_string(i) + ": &m" + std::to_string(i) + "\n  <<: [";
    for (int k = 0; k < 10; ++k) merges += "*m" + std::to_string(i - 1) + ", ";
    merges += "]\n";
  }
  EXPECT_THAT(yaml_refused(merges + "databases:\n  main:\n    backend: memory\n    <<: *m11\n"), HasSubstr("too much"));
  std::string chain = "m0: &m0 {max_size: 1}\n";
  for (int i = 1; i < 40; ++i)
    chain += "m" + std::to_string(i) + ": &m" + std::to_string(i) + " {<<: *m" + std::to_string(i - 1) + "}\n";
  EXPECT_THAT(yaml_refused(chain + "databases:\n  main:\n    backend: memory\n    <<: *m39\n"),
              HasSubstr("too deeply"));
  EXPECT_THAT(yaml_refused("databases:\n  main: &main\n    backend: memory\n    <<: *main\n"), HasSubstr("c.yaml:"));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    backend: memory\n    <<: 5\n"), HasSubstr("c.yaml:4"));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    backend: memory\n    name: *nobody\n"), HasSubstr("c.yaml:4"));

  EXPECT_THAT(yaml_refused("databases:\n  main:\n    backend: memory\n    name: \"\\xFF\\0\"\n"), HasSubstr("c.yaml:"));
  EXPECT_THAT(yaml_refused("databases:\n  main:\n    backend: memory\n    name: \xFF\xFE\n"), HasSubstr("c.yaml"));
  for (const auto& garbage : {std::string("\0\0\0", 3), std::string("\xFF\xFE\0a", 4), std::string("%YAML 9.9\n---\n"),
                              std::string("&a *a: *a"), std::string("!!binary |"), std::string("\t")})
    EXPECT_THAT(yaml_refused(garbage), HasSubstr("c.yaml"));
}

TEST_F(Load, ends_on_random_garbage) {
  std::mt19937_64 random(11);
  const std::string letters = "abc:-*&!|>{}[],\"'\n\n  #%@`?<\t0.~\\";
  for (int round = 0; round < weir::test::rounds(3'000); ++round) {
    std::string text = round % 2 == 0 ? "databases:\n  main:\n    backend: memory\n    " : "";
    const auto length = random() % 80;
    for (std::size_t i = 0; i < length; ++i) text += letters[random() % letters.size()];
    SCOPED_TRACE(text);
    try {
      EXPECT_EQ(yaml(text).backend(), "memory");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), errc::invalid_argument);
    }
  }
}

}  // namespace
}  // namespace weir
