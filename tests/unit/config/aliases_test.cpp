// The other names of options, and the variables of other programs.

#include "core/config/option.hpp"
#include "unit/config/support.hpp"

#include <weir/config.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace weir {
namespace {

using namespace testing_support;

std::string text_for(configuration::Conversion conversion, const OptionRow& row) {
  using enum configuration::Conversion;
  switch (conversion) {
    case seconds: return "2.5";
    case tls_mode:
    case inverted: return "true";
    case no_limit_when_zero: return "0";
    case host: return "h";
    case port: return "77";
    case user_and_password: return "u:p";
    case database_url: return "postgresql://h";
    case id_and_key: return "abc";
    case none: break;
  }
  const auto value = sample(row);
  if (value.is_array()) return "a:1";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Json value_for(configuration::Conversion conversion, const OptionRow& row) {
  using enum configuration::Conversion;
  switch (conversion) {
    case seconds: return 2500;
    case tls_mode: return "verify-full";
    case inverted: return false;
    case no_limit_when_zero: return row.maximum();
    case user_and_password: return "u";
    case id_and_key: return "abc";
    default: return sample(row);
  }
}

TEST(Aliases, each_is_accepted_where_the_table_says_so) {
  namespace c = configuration;
  std::size_t seen = 0;
  const std::map<std::string, c::Families> families = {{"memory", c::family::memory},
                                                       {"sqlite", c::family::sqlite},
                                                       {"postgres", c::family::postgres},
                                                       {"elasticsearch", c::family::elasticsearch},
                                                       {"s3", c::family::s3},
                                                       {"mongodb", c::family::mongodb}};
  for (const auto& [backend, family] : families)
    for (const auto& option : c::option_table()) {
      if ((option.families & family) == 0) continue;
      const auto rows = option_rows(backend);
      const auto row =
          *std::find_if(rows.begin(), rows.end(), [&](const OptionRow& r) { return r.name() == option.name; });
      for (const auto& alias : option.aliases()) {
        if ((alias.families & family) == 0) continue;
        SCOPED_TRACE(backend + " " + std::string(alias.name));
        const std::string name(alias.name);
        const auto text = text_for(alias.conversion, row);
        std::vector<Config> configs;
        if ((alias.forms & c::form::query) != 0)
          configs.push_back(Config::from_url(as_url(backend, {{name, text}})));
        else if ((alias.forms & c::form::key) == 0 && name != row.name())
          refusal([&] { return Config::from_url(as_url(backend, {{name, text}})); });
        if ((alias.forms & c::form::key) != 0) {
          configs.push_back(from_variables(backend, as_variables(backend, {{name, text}})));
          std::mt19937_64 random(2);
          configs.push_back(from_yaml(as_yaml(backend, {{name, text}}, random)));
        }
        if ((alias.forms & c::form::variable) != 0) {
          configs.push_back(from_variables(backend, {{name, text}}));
          EXPECT_EQ(from_variables(backend, {{name, ""}}), Config::from_json(backend, Json::object()));
        }
        if ((alias.forms & c::form::conninfo) != 0 && backend == "postgres")
          configs.push_back(Config::from_json(backend, {{"connection_string", name + " = '" + text + "'"}}));
        for (const auto& config : configs) {
          ++seen;
          EXPECT_TRUE(config.has(option.name)) << config;
          if (option.name != "hosts") {
            EXPECT_EQ(config.to_json(WithSecrets{}).at(std::string(option.name)), value_for(alias.conversion, row));
          }
        }
      }
    }
  EXPECT_GT(seen, 200U);
}

TEST(Aliases, that_people_come_with) {
  const auto url = [](const char* text) { return Config::from_url(text).to_json(WithSecrets{}); };
  EXPECT_EQ(from_variables(
                "postgres",
                {{"POSTGRES_POOL_MIN_SIZE", "2"}, {"POSTGRES_POOL_MAX_SIZE", "9"}, {"POSTGRES_POOL_TIMEOUT", "1.5"}}),
            Config::from_url("postgresql://?min_size=2&max_size=9&acquire_timeout=1500"));
  EXPECT_EQ(from_variables("elasticsearch", {{"ES_POOL_CONNECTIONS", "3"}, {"ES_POOL_MAXSIZE", "9"}}),
            Config::from_url("opensearch://?max_idle=3&max_size=9"));
  EXPECT_EQ(
      from_variables("s3", {{"S3_POOL_MAX_CONNECTIONS", "50"},
                            {"AWS_ACCESS_KEY_ID", "a"},
                            {"AWS_SECRET_ACCESS_KEY", "b"},
                            {"AWS_SESSION_TOKEN", "c"},
                            {"AWS_REGION", "eu-north-1"},
                            {"AWS_DEFAULT_REGION", "eu-north-1"},
                            {"WEIR_S3_BUCKET", "x"}}),
      Config::from_url("s3://x?max_size=50&access_key_id=a&secret_access_key=b&session_token=c&region=eu-north-1"));
  EXPECT_EQ(from_variables("postgres", {{"PGHOST", "a,b"},
                                        {"PGPORT", "1,2"},
                                        {"PGUSER", "u"},
                                        {"PGPASSWORD", "p"},
                                        {"PGDATABASE", "d"},
                                        {"PGSSLMODE", "require"}}),
            Config::from_url("postgresql://u:p@a:1,b:2/d?sslmode=require"));
  EXPECT_EQ(from_variables("postgresql", {{"WEIR_POSTGRESQL_USER", "u"}, {"WEIR_POSTGRES_DATABASE", "d"}}),
            Config::from_url("postgres://u@/d"));
  EXPECT_EQ(from_variables("postgres", {{"DATABASE_URL", "postgres://u:p@h/d"}}),
            Config::from_url("postgres://u:p@h/d"));
  EXPECT_EQ(from_variables("postgres", {{"DATABASE_URL", "mysql://u:p@h/d"}}),
            Config::from_json("postgres", Json::object()));
  EXPECT_EQ(from_variables("sqlite", {{"WEIR_SQLITE_URL", "sqlite:x.db"}, {"WEIR_SQLITE_READERS", "2"}}),
            Config::from_url("sqlite:x.db?readers=2"));
  EXPECT_EQ(Config::from_json("postgres", {{"host", "h"},
                                           {"port", 7},
                                           {"min_connections", 1},
                                           {"max_connections", 4},
                                           {"command_timeout", 2.5},
                                           {"ssl", false}}),
            Config::from_url("postgresql://h:7/?min_size=1&max_size=4&timeout=2500&sslmode=disable"));
  EXPECT_EQ(Config::from_json("postgres", {{"connection_string",
                                            R"(host=/run/pg port=7 dbname='a \'b' password=p\\w connect_timeout=3)"}})
                .to_json(WithSecrets{}),
            Json({{"backend", "postgres"},
                  {"hosts", {"/run/pg:7"}},
                  {"database", "a 'b"},
                  {"password", "p\\w"},
                  {"connect_timeout", 3000}}));
  EXPECT_EQ(Config::from_json("elasticsearch", {{"hosts", {"https://u:p@h1", "https://u:p@h2:1"}},
                                                {"ssl_show_warn", false},
                                                {"verify_certs", false},
                                                {"maxsize", 5}}),
            Config::from_url("elasticsearch+https://u:p@h1,h2:1/?ssl_show_warn=no&verify_certs=off&max_size=5"));
  EXPECT_EQ(Config::from_json("elasticsearch", {{"host", "https://h:1"}}),
            Config::from_url("elasticsearch+https://h:1"));
  EXPECT_EQ(Config::from_json("elasticsearch", {{"basic_auth", {"u", "p:q"}}, {"hosts", "h"}}),
            Config::from_url("elasticsearch://u:p%3Aq@h"));
  EXPECT_EQ(Config::from_json("elasticsearch", {{"api_key", {"id", "key"}}}).get<std::string>("api_key"), "aWQ6a2V5");
  EXPECT_EQ(url("mongodb://h/"
                "?maxPoolSize=5&minPoolSize=1&maxIdleTimeMS=2&waitQueueTimeoutMS=3&connectTimeoutMS=4&socketTimeoutMS="
                "5&serverSelectionTimeoutMS=6&"
                "heartbeatFrequencyMS=7&maxConnecting=8&retryReads=false&retryWrites=false"),
            Json({{"backend", "mongodb"},
                  {"hosts", {"h:27017"}},
                  {"max_size", 5},
                  {"min_size", 1},
                  {"idle_timeout", 2},
                  {"acquire_timeout", 3},
                  {"connect_timeout", 4},
                  {"read_idle_timeout", 5},
                  {"selection_timeout", 6},
                  {"heartbeat_interval", 7},
                  {"max_connecting", 8},
                  {"retry_reads", false},
                  {"retry_writes", false}}));
}

TEST(Aliases, that_contradict_are_refused_naming_both) {
  const auto text =
      refusal([] { return from_variables("postgres", {{"PGUSER", "one"}, {"WEIR_POSTGRES_USER", "two"}}); });
  EXPECT_THAT(text, testing::AllOf(testing::HasSubstr("environment variable PGUSER"),
                                   testing::HasSubstr("environment variable WEIR_POSTGRES_USER")));
  EXPECT_THAT(refusal([] { return from_variables("postgres", {{"PGHOST", "a"}, {"POSTGRES_HOST", "b"}}); }),
              testing::AllOf(testing::HasSubstr("PGHOST"), testing::HasSubstr("POSTGRES_HOST")));
  EXPECT_EQ(from_variables("postgres", {{"PGUSER", "u"}, {"WEIR_POSTGRES_USER", "u"}}),
            Config::from_url("postgresql://u@"));
  EXPECT_THAT(refusal([] { return from_variables("postgres", {{"WEIR_POSTGRES_MAX_SIZ", "1"}}); }),
              testing::HasSubstr("'WEIR_POSTGRES_MAX_SIZ'; the nearest known one is 'WEIR_POSTGRES_MAX_SIZE'"));
  EXPECT_THAT(refusal([] { return from_variables("postgres", {{"WEIR_POSTGRES_MAX_SIZE", "x"}}); }),
              testing::HasSubstr("environment variable WEIR_POSTGRES_MAX_SIZE"));
}

}  // namespace
}  // namespace weir
