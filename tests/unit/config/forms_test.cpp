// URL, JSON, YAML and environment are four ways to say one thing.

#include "unit/config/support.hpp"

#include <weir/config.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

namespace weir {
namespace {

using namespace testing_support;
using std::chrono::milliseconds;

TEST(OptionTable, every_option_can_be_set_in_every_form) {
  std::mt19937_64 random(1);
  for (const auto& backend : library) {
    for (const auto& row : option_rows(backend)) {
      SCOPED_TRACE(backend + " " + row.name());
      const Options options = {{row.name(), sample(row)}};
      const auto config = Config::from_json(as_json(backend, options));
      EXPECT_TRUE(config.has(row.name()));
      EXPECT_EQ(config.to_json(WithSecrets{}).at(row.name()), sample(row));
      EXPECT_EQ(Config::from_url(as_url(backend, options)), config);
      EXPECT_EQ(from_yaml(as_yaml(backend, options, random)), config);
      EXPECT_EQ(from_variables(backend, as_variables(backend, options)), config);
      EXPECT_EQ(Config::from_json(backend, Json::object()).set(row.name(), sample(row)), config);
      EXPECT_EQ(Config::from_url(config.to_url(WithSecrets{})), config);
      EXPECT_EQ(Config::from_json(config.to_json(WithSecrets{})), config);
      EXPECT_NE(config, Config::from_json(backend, Json::object()));
    }
  }
}

TEST(OptionTable, every_default_is_a_legal_value_and_has_the_row_s_type) {
  for (const auto& backend : library) {
    const auto config = Config::from_json(backend, Json::object());
    for (const auto& row : option_rows(backend)) {
      SCOPED_TRACE(backend + " " + row.name());
      EXPECT_FALSE(row.description().empty());
      EXPECT_FALSE(config.has(row.name()));
      switch (row.type()) {
        case OptionType::boolean: EXPECT_EQ(config.get<bool>(row.name()), row.default_value() == "true"); break;
        case OptionType::uint: {
          const auto value = config.get<std::uint64_t>(row.name());
          EXPECT_LE(value, row.maximum());
          EXPECT_GE(value, row.minimum());
          break;
        }
        case OptionType::duration: EXPECT_GE(config.get<milliseconds>(row.name()).count(), 0); break;
        case OptionType::size: EXPECT_GE(config.get<std::uint64_t>(row.name()), row.minimum()); break;
        case OptionType::integer: config.get<std::int64_t>(row.name()); break;
        case OptionType::choice:
          EXPECT_THAT(row.choices(), testing::Contains(config.get<std::string>(row.name())));
          break;
        case OptionType::text: EXPECT_EQ(config.get<std::string>(row.name()), row.default_value()); break;
        case OptionType::list: config.get<std::vector<std::string>>(row.name()); break;
      }
    }
  }
}

TEST(OptionTable, no_name_means_two_things) {
  for (const auto& backend : library) {
    std::set<std::string> names, variables;
    for (const auto& row : option_rows(backend)) {
      auto variable = row.name();
      std::replace(variable.begin(), variable.end(), '.', '_');
      EXPECT_TRUE(variables.insert(variable).second) << backend << " " << row.name();
      EXPECT_TRUE(names.insert(row.name()).second) << backend << " " << row.name();
    }
    for (const auto& row : option_rows(backend))
      for (const auto& alias : row.aliases()) EXPECT_TRUE(names.insert(alias).second) << backend << " " << alias;
  }
}

TEST(Forms, of_a_random_configuration_are_equal) {
  const Files files;
  const std::vector<std::string> readable = {files.write("one.pem", "one"), files.write("two.pem", "two"), ""};
  const char* given = std::getenv("WEIR_TEST_SEED");
  const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 600; ++round) {
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed) + " round " + std::to_string(round));
    const auto& backend = library[static_cast<std::size_t>(round) % library.size()];
    const int density = 1 + round % 7;
    Options options;
    for (const auto& row : option_rows(backend))
      if (random() % 8 < static_cast<unsigned>(density)) options[row.name()] = random_value(row, random, readable);
    const auto yaml_text = as_yaml(backend, options, random);
    SCOPED_TRACE(yaml_text);
    const auto json = Config::from_json(as_json(backend, options));
    const auto url = Config::from_url(as_url(backend, options));
    const auto yaml = from_yaml(yaml_text);
    const auto environment = from_variables(backend, as_variables(backend, options));
    ASSERT_EQ(json.to_json(WithSecrets{}), as_json(backend, options));
    ASSERT_EQ(url, json);
    ASSERT_EQ(yaml, json);
    ASSERT_EQ(environment, json);
    ASSERT_EQ(url.identity(), json.identity());
    ASSERT_EQ(yaml.identity(), json.identity());
    ASSERT_EQ(environment.identity(), json.identity());
    ASSERT_EQ(Config::from_url(json.to_url(WithSecrets{})), json) << json.to_url(WithSecrets{});
    ASSERT_EQ(Config::from_json(json.to_json(WithSecrets{})), json);
    // Without secrets it is still a legal URL, of the same backend.
    ASSERT_EQ(Config::from_url(json.to_url()).to_json(), json.to_json()) << json.to_url();
    std::ostringstream printed;
    printed << json;
    ASSERT_EQ(printed.str(), json.to_string());
  }
}

}  // namespace
}  // namespace weir
