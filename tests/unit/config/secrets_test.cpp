// A secret never gets into anything that is printed: neither a configuration nor the message of any mistake.

#include "support/sanitizers.hpp"
#include "unit/config/support.hpp"

#include <weir/config.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

namespace weir {
namespace {

using namespace testing_support;

const std::string secret = "Tr0ub4dor-pl4nted";

// No piece of five letters of it, encoded or not.
void expect_clean(const std::string& text) {
  for (std::size_t i = 0; i + 5 <= secret.size(); ++i)
    ASSERT_EQ(text.find(secret.substr(i, 5)), std::string::npos) << text;
  ASSERT_EQ(text.find(percent_encoded(secret.substr(0, 5))), std::string::npos) << text;
}

void expect_clean(const Config& config) {
  expect_clean(config.to_url());
  expect_clean(config.to_string());
  expect_clean(config.to_json().dump());
  expect_clean(config.identity());
  for (const auto& warning : config.warnings()) expect_clean(warning);
  std::ostringstream out;
  out << config;
  expect_clean(out.str());
  EXPECT_NE(config.to_url(WithSecrets{}).find(secret), std::string::npos)
      << "the test looks at a configuration with the secret";
  EXPECT_NE(config.to_json(WithSecrets{}).dump().find(secret), std::string::npos);
  EXPECT_NE(config.to_string().find("***"), std::string::npos) << config;
}

template <class Body>
void for_each_secret(Body body) {
  std::size_t seen = 0;
  for (const auto& backend : library)
    for (const auto& row : option_rows(backend)) {
      if (!row.secret()) continue;
      SCOPED_TRACE(backend + " " + row.name());
      ++seen;
      body(backend, row);
    }
  EXPECT_GE(seen, 10U);
}

TEST(Secrets, of_every_secret_option_are_not_printed) {
  for_each_secret([](const std::string& backend, const OptionRow& row) {
    std::mt19937_64 random(3);
    const Options options = {{row.name(), secret}};
    expect_clean(Config::from_url(as_url(backend, options)));
    expect_clean(Config::from_json(as_json(backend, options)));
    expect_clean(from_yaml(as_yaml(backend, options, random)));
    const Environment environment(as_variables(backend, options));
    expect_clean(Config::from_environment(backend));
  });
}

TEST(Secrets, of_every_secret_option_are_in_no_message) {
  for_each_secret([](const std::string& backend, const OptionRow& row) {
    const auto name = row.name();
    const auto json = [&](Json options) { return refusal([&] { return Config::from_json(backend, options); }); };
    expect_clean(json({{name, Json::array({secret})}}));
    expect_clean(json({{name, Json::array({secret, secret, secret})}}));
    expect_clean(json({{name, Json::object({{"a", secret}})}}));
    expect_clean(json({{name, secret + std::string("\0", 1)}}));
    expect_clean(json({{name, secret + "\xFF"}}));
    expect_clean(json({{name + "s", secret}}));  // misspelt
    expect_clean(json({{name, secret}, {"no_such_option", secret}}));
    for (const auto& alias : row.aliases()) {
      const Json both = {{name, secret}, {alias, secret + "2"}};
      try {
        expect_clean(refusal([&] { return Config::from_json(backend, both); }));
        expect_clean(refusal([&] { return Config::from_url(as_url(backend, both.get<Options>())); }));
      } catch (const Error& error) {
        expect_clean(error.what());
      }
    }
    expect_clean(
        refusal([&] { return Config::from_url(as_url(backend, {{name, secret}}) + name + "=" + secret + "2"); }));
    expect_clean(refusal([&] { return Config::from_url(as_url(backend, {{name, secret}}) + name + "s=" + secret); }));
    expect_clean(refusal([&] {
      return from_yaml("databases:\n  main:\n    backend: " + backend + "\n    " + name + ": [" + secret + ", x, y]\n");
    }));
    expect_clean(refusal([&] {
      return from_yaml("databases:\n  main:\n    backend: " + backend + "\n    " + name + "s: " + secret + "\n");
    }));
    for (const auto& broken : {"'" + secret, "\"" + secret, "*" + secret, "&" + secret, "{" + secret,
                               "\"\\" + secret + "\"", "!" + secret, "%" + secret, "- " + secret})
      expect_clean(refusal([&] {
        return from_yaml("databases:\n  main:\n    backend: " + backend + "\n    " + name + ": " + broken + "\n");
      }));
    {
      const Environment environment({{"WEIR_POSTGRES_PASSWORDS", secret}, {"WEIR_S3_SECRET_KEY", secret}});
      expect_clean(refusal([&] { return Config::from_environment("postgres"); }));
      expect_clean(refusal([&] { return Config::from_environment("s3"); }));
    }
    const Files files;
    for (const auto& broken : {"\"" + secret, secret, "\"\\" + secret + "\"", "{\"" + secret + "\":" + secret + "}"}) {
      const auto file = files.write("databases.json", R"({"databases": {"main": {"backend": ")" + backend + R"(", ")" +
                                                          name + "\": " + broken + "}}}");
      expect_clean(refusal([&] { return Config::load(file, "main"); }));
    }
  });
}

TEST(Secrets, cut_by_an_ampersand_are_in_no_message) {
  for (const auto& url : {"postgresql://h/db?password=a&" + secret + "=4", "postgresql://h/db?password=a&" + secret,
                          "postgresql://u:p@h/db?" + secret + "=4", "postgresql://h/db?password" + secret + "=4",
                          "s3://b?secret_access_key=a&" + secret + "x=&y=1"})
    expect_clean(refusal([&] { return Config::from_url(url); }));
  // A misspelt name is told all the same, and any name where there is no secret.
  EXPECT_THAT(refusal([] { return Config::from_url("postgresql://u:p@h/db?max_sise=4"); }),
              testing::HasSubstr("'max_sise'"));
  EXPECT_THAT(refusal([] { return Config::from_url("postgresql://u@h/db?rainfall=4"); }),
              testing::HasSubstr("'rainfall'"));
}

TEST(Secrets, inside_urls_are_not_printed) {
  expect_clean(Config::from_url("postgresql://user:" + secret + "@h/db"));
  expect_clean(Config::from_url("postgresql://:" + secret + "@h/db"));
  expect_clean(Config::from_url("elasticsearch+https://user:" + secret + "@h1,h2/index"));
  expect_clean(Config::from_url("mongodb://user:" + secret + "@h/db"));
  expect_clean(Config::from_json({{"url", "postgresql://user:" + secret + "@h/db"}}));
  expect_clean(Config::from_json({{"backend", "postgres"}, {"connection_string", "password=" + secret}}));
  expect_clean(Config::from_json("elasticsearch", {{"hosts", {"https://user:" + secret + "@h"}}}));
  expect_clean(Config::from_json("elasticsearch", {{"basic_auth", "user:" + secret}}));
  expect_clean(Config::from_json("elasticsearch", {{"basic_auth", {"user", secret}}}));
  expect_clean(Config::from_json("s3", {{"bucket", "b"}, {"proxy", "http://user:" + secret + "@proxy:3128"}}));
  expect_clean(Config::from_json("elasticsearch", {{"proxy", "http://user:" + secret + "@proxy:3128"}}));
  for (const auto& proxy :
       {"user:" + secret + "@proxy:3128", "user:" + secret + "://a@proxy", "user:" + secret + "@http://a@proxy"})
    expect_clean(Config::from_json("s3", {{"bucket", "b"}, {"proxy", proxy}}));
  const Environment environment({{"DATABASE_URL", "postgres://user:" + secret + "@h/db"}});
  expect_clean(Config::from_environment("postgres"));
}

TEST(Secrets, inside_malformed_urls_are_in_no_message) {
  const std::vector<std::string> urls = {
      "postgresql//user:" + secret + "@h/db",
      "postgresql:user:" + secret + "@h/db",
      "postgresql:/user:" + secret + "@h/db",
      "postgresql://user:" + secret,
      "postgresql://user:" + secret + "/db",
      "postgresql://user:a@" + secret + "@h/db",
      "postgresql://user:a/" + secret + "@h/db",
      "postgresql://user:1/" + secret + "@h/db",
      "postgresql://user:1?" + secret + "@h/db",
      "postgresql://user:1?x=" + secret + "@h/db",
      "postgresql://user:a#" + secret + "@h/db",
      "postgresql://user:%" + secret + "@h/db",
      "postgresql://user:" + secret + "%@h/db",
      "postgresql://user:" + secret + " @h/db",
      "postgresql://user:" + secret + "@h:port/db",
      "postgresql://user:" + secret + "@h/db?max_size=x",
      "postgresql://user:" + secret + "@h/db?password=other",
      "postgresql://user:" + secret + "%FF@h/db",
      "postgresql://user:" + secret + "%00@h/db",
      "postgresql://u:p@h/db?pasword=" + secret,
      "postgresql://u:p@h/db?password=" + secret,
      "postgresql://u:p@h/db?host=" + secret + "@x",
      "elasticsearch+https://user:" + secret + "@h/a/b",
      "elasticsearch://?hosts=https://user:" + secret + "h:1",
      "elasticsearch://?hosts=https://user:" + secret + "%40h:x",
      "elasticsearch://?hosts=ftp://user:" + secret + "%40h",
      "elasticsearch://?basic_auth=" + secret,
      "s3://key:" + secret + "@bucket/prefix",
      "s3://b?secret_access_kye=" + secret,
      "mongodb+srv://user:" + secret + "@h/db",
      "mongo://user:" + secret + "@h/db",
      "mysql://user:" + secret + "@h/db",
      "user:" + secret + "@h/db",
      secret + "@h/db",
  };
  for (const auto& url : urls) {
    SCOPED_TRACE(url);
    expect_clean(refusal([&] { return Config::from_url(url); }));
    expect_clean(refusal([&] { return Config::from_json({{"url", url}}); }));
    expect_clean(refusal([&] { return from_yaml("databases:\n  main:\n    url: " + Json(url).dump() + "\n"); }));
    expect_clean(refusal([&] { return Config::from_json({{"backend", "postgres"}, {"connection_string", url}}); }));
  }
}

// Whatever is mistyped in a URL: when it is refused, the message is clean.
TEST(Secrets, are_in_no_message_about_a_mutated_url) {
  const char* given = std::getenv("WEIR_TEST_SEED");
  const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::mt19937_64 random(seed);
  const std::vector<std::string> urls = {"postgresql://user:" + secret + "@h1:5432,h2/db?max_size=3&table=people",
                                         "elasticsearch+https://user:" + secret + "@h1:9200/people?gzip=true",
                                         "mongodb://user:" + secret + "@h/db?maxPoolSize=4",
                                         "postgresql://h/db?user=u&password=" + secret + "&max_size=4"};
  const std::string letters = "@:/?#&=%,[]. \\;'\"abZ09\n";
  std::size_t refused = 0;
  for (int round = 0; round < weir::test::rounds(20'000); ++round) {
    auto url = urls[random() % urls.size()];
    const auto changes = 1 + random() % 2;
    for (std::size_t i = 0; i < changes; ++i) {
      const auto at = random() % url.size();
      const auto letter = letters[random() % letters.size()];
      switch (random() % 3) {
        case 0: url[at] = letter; break;
        case 1: url.insert(at, 1, letter); break;
        default: url.erase(at, 1); break;
      }
    }
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed) + " " + url);
    try {
      const auto config = Config::from_url(url);
      ASSERT_EQ(Config::from_url(config.to_url(WithSecrets{})), config);
    } catch (const Error& error) {
      ++refused;
      ASSERT_EQ(error.kind(), errc::invalid_argument);
      expect_clean(error.what());
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(refused, 1000U);
}

}  // namespace
}  // namespace weir
