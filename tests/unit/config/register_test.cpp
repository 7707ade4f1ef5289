// Backends that others bring along.

#include "unit/config/support.hpp"

#include <weir/config.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace weir {
namespace {

using namespace testing_support;
using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(RegisteredBackend, without_rows_takes_any_option_as_text) {
  refusal([] { return Config::from_url("tiny:anything"); });
  register_options("tiny");
  const auto config =
      Config::from_url("tiny:any%20thing//x?color=red&shards=3&on=yes&wait=2s&max_size=4&timeout=1s&list=a,b");
  EXPECT_EQ(config.backend(), "tiny");
  EXPECT_EQ(config.get<std::string>("location"), "any thing//x");
  EXPECT_EQ(config.get<std::string>("color"), "red");
  EXPECT_EQ(config.get<unsigned>("shards"), 3U);
  EXPECT_TRUE(config.get<bool>("on"));
  EXPECT_EQ(config.get<milliseconds>("wait"), milliseconds(2000));
  EXPECT_EQ(config.get<std::vector<std::string>>("list"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config.get<std::string>("absent"), "");
  EXPECT_EQ(config.get<unsigned>("absent"), 0U);
  EXPECT_FALSE(config.has("absent"));
  EXPECT_EQ(config.get<unsigned>("max_size"), 4U);
  EXPECT_EQ(config.get<milliseconds>("timeout"), milliseconds(1000));
  refusal([&] { return config.get<unsigned>("color"); });
  refusal([] { return Config::from_url("tiny:x?max_size=none"); });
  EXPECT_EQ(Config::from_url(config.to_url(WithSecrets{})), config);
  EXPECT_EQ(Config::from_json(config.to_json(WithSecrets{})), config);
  EXPECT_EQ(Config::from_json("tiny", {{"location", "x"}, {"shards", 3}, {"on", true}}),
            Config::from_url("tiny:x?shards=3&on=true"));
  const Environment environment({{"WEIR_TINY_LOCATION", "x"}, {"WEIR_TINY_COLOR", "red"}, {"WEIR_TINY_MAX_SIZE", "2"}});
  EXPECT_EQ(Config::from_environment("tiny"), Config::from_url("tiny:x?color=red&max_size=2"));
  EXPECT_NE(Config::from_url("tiny:x?color=red").identity(), Config::from_url("tiny:x?color=blue").identity());
  EXPECT_NE(Config::from_url("tiny:x").identity(), Config::from_url("tiny:y").identity());
}

TEST(RegisteredBackend, hides_what_looks_like_a_secret) {
  register_options("tiny");
  const auto config = Config::from_url("tiny://u:hunter2@h/x?api_token=hunter2&db_password=hunter2&color=red");
  for (const auto& text : {config.to_url(), config.to_string(), config.to_json().dump(), config.identity()})
    EXPECT_THAT(text, testing::Not(HasSubstr("hunter2")));
  EXPECT_THAT(config.to_string(),
              testing::AllOf(HasSubstr("tiny://***@h/x"), HasSubstr("api_token=***"), HasSubstr("color=red")));
}

TEST(RegisteredBackend, with_rows_is_strict) {
  register_options("strict", {OptionRow("color", OptionType::choice)
                                  .choices({"red", "blue"})
                                  .default_value("red")
                                  .aliases({"colour"})
                                  .description("of it"),
                              OptionRow("depth", OptionType::uint)
                                  .minimum(1)
                                  .maximum(9)
                                  .default_value("3")
                                  .scope(OptionScope::local)
                                  .variables({"STRICT_DEPTH"}),
                              OptionRow("twin", OptionType::uint).default_value("=depth"),
                              OptionRow("pin", OptionType::text).secret(true)});
  const auto config = Config::from_url("strict:x?colour=blue&pin=1234");
  EXPECT_EQ(config.get<std::string>("color"), "blue");
  EXPECT_EQ(config.get<unsigned>("twin"), 3U);
  EXPECT_EQ(Config::from_url("strict:x?depth=7").get<unsigned>("twin"), 7U);
  EXPECT_EQ(config.to_string(), "strict:x?color=blue&pin=***");
  EXPECT_THAT(refusal([] { return Config::from_url("strict:x?colro=blue"); }), HasSubstr("'color'"));
  EXPECT_THAT(refusal([] { return Config::from_url("strict:x?color=green"); }), HasSubstr("red, blue"));
  EXPECT_THAT(refusal([] { return Config::from_url("strict:x?depth=10"); }), HasSubstr("the most is 9"));
  EXPECT_EQ(Config::from_url("strict:x").identity(), Config::from_url("strict:x?depth=7&twin=3").identity());
  const Environment environment({{"STRICT_DEPTH", "5"}, {"WEIR_STRICT_PIN", "1"}});
  EXPECT_EQ(Config::from_environment("strict"), Config::from_url("strict:?depth=5&pin=1"));
  register_options("strict");  // leaves the rows
  refusal([] { return Config::from_url("strict:x?other=1"); });
  const auto rows = option_rows("strict");
  EXPECT_TRUE(std::any_of(rows.begin(), rows.end(),
                          [](const OptionRow& row) { return row.name() == "color" && row.description() == "of it"; }));
  EXPECT_THAT(configurable_backends(), testing::Contains("strict"));
}

TEST(RegisteredBackend, keeps_what_it_was_made_with) {
  register_options("changing");
  const auto before = Config::from_url("changing:x?free=1");
  register_options("changing", {OptionRow("fixed", OptionType::text)});
  EXPECT_EQ(before.get<std::string>("free"), "1");
  EXPECT_NO_THROW(before.to_url());
  refusal([] { return Config::from_url("changing:x?free=1"); });
}

TEST(RegisteredBackend, names_that_continue_another_s_are_told_apart_in_the_environment) {
  register_options("first", {OptionRow("x", OptionType::text)});
  register_options("first-second", {OptionRow("x", OptionType::text)});
  const Environment environment({{"WEIR_FIRST_X", "1"}, {"WEIR_FIRST_SECOND_X", "2"}});
  EXPECT_EQ(Config::from_environment("first").get<std::string>("x"), "1");
  EXPECT_EQ(Config::from_environment("first-second").get<std::string>("x"), "2");
}

TEST(RegisteredBackend, is_refused_when_it_cannot_work) {
  const auto refused = [](const std::string& name, std::vector<OptionRow> rows) {
    return refusal([&] { return register_options(name, std::move(rows)), 0; });
  };
  for (const char* name : {"", "Upper", "1st", "a b", "a_b", "a:b"}) refused(name, {});
  refused("postgres", {OptionRow("x", OptionType::text)});
  EXPECT_NO_THROW(register_options("postgres"));
  EXPECT_NO_THROW(register_options("elasticsearch+https"));
  EXPECT_THAT(refused("bad", {OptionRow("Upper", OptionType::text)}), HasSubstr("lower-case"));
  EXPECT_THAT(refused("bad", {OptionRow("url", OptionType::text)}), HasSubstr("name"));
  EXPECT_THAT(refused("bad", {OptionRow("max_size", OptionType::uint)}), HasSubstr("'max_size' is there already"));
  EXPECT_THAT(refused("bad", {OptionRow("maxsize", OptionType::uint)}), HasSubstr("there already"));
  EXPECT_THAT(refused("bad", {OptionRow("x", OptionType::uint), OptionRow("x", OptionType::uint)}),
              HasSubstr("there already"));
  EXPECT_THAT(refused("bad", {OptionRow("x", OptionType::choice)}), HasSubstr("no choices"));
  EXPECT_THAT(refused("bad", {OptionRow("x", OptionType::choice).choices({"a|b"})}), HasSubstr("choice"));
  EXPECT_THAT(refused("bad", {OptionRow("x", OptionType::uint).default_value("many")}), HasSubstr("default"));
  EXPECT_THAT(refused("bad", {OptionRow("x", OptionType::uint).default_value("=nothing")}), HasSubstr("default"));
  EXPECT_THAT(refused("bad", {OptionRow("x", OptionType::uint).aliases({"max_size"})}), HasSubstr("alias"));
  EXPECT_THAT(refused("bad", {OptionRow("x", OptionType::uint).aliases(std::vector<std::string>(20, "y"))}),
              HasSubstr("too many"));
  refusal([] { return Config::from_url("bad:x"); });
}

TEST(RegisteredBackend, may_be_registered_from_many_threads) {
  std::atomic<int> refused = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t, &refused] {
      for (int i = 0; i < 1'000; ++i) {
        const auto name = "thread-" + std::to_string((t + i) % 2);
        try {
          register_options(name, {OptionRow("x", OptionType::uint).default_value(std::to_string(i))});
          EXPECT_LT(Config::from_url(name + ":y").get<unsigned>("x"), 1'000U);
        } catch (const Error& error) {
          if (refused.fetch_add(1) == 0) ADD_FAILURE() << error.what();
        }
      }
    });
  threads.clear();
  EXPECT_EQ(refused, 0);
}

}  // namespace
}  // namespace weir
