#include "observability/logger.hpp"

#include <weir/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <mutex>
#include <thread>

namespace {

namespace log = weir::log;
using log::Level;
using testing::Contains;
using testing::ElementsAre;

/// Collects what is written and puts everything back at the end.
class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    log::set_sink([this](const log::Message& message) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(std::string(to_string(message.level)) + " " + std::string(message.component) + " " +
                       std::string(message.text));
    });
  }
  void TearDown() override {
    log::set_sink({});
    log::set_level("*", Level::warning);
  }

  static void say(std::string_view component, Level level, std::string_view text) {
    auto& logger = log::component(component);
    if (logger.enabled(level)) logger.write(level, text);
  }

  std::mutex mutex_;
  std::vector<std::string> lines_;
};

TEST_F(LogTest, warnings_and_errors_are_written_at_first) {
  say("one", Level::info, "no");
  say("one", Level::warning, "yes");
  say("one", Level::error, "yes too");
  EXPECT_THAT(lines_, ElementsAre("warning one yes", "error one yes too"));
}

TEST_F(LogTest, each_component_has_its_own_level) {
  log::set_level("one", Level::trace);
  log::set_level("two", "off");
  say("one", Level::trace, "a");
  say("two", Level::error, "b");
  say("three", Level::warning, "c");
  EXPECT_THAT(lines_, ElementsAre("trace one a", "warning three c"));
  EXPECT_EQ(log::level("one"), Level::trace);
  EXPECT_EQ(log::level("three"), Level::warning);
}

TEST_F(LogTest, a_level_may_be_set_before_the_component_is_there) {
  log::set_level("appears later", Level::debug);
  say("appears later", Level::debug, "a");
  EXPECT_THAT(lines_, ElementsAre("debug appears later a"));
  EXPECT_THAT(log::components(), Contains("appears later"));
}

TEST_F(LogTest, a_star_means_all_and_the_last_word_counts) {
  log::set_levels(" one = trace , *=error, two=info");
  say("one", Level::warning, "a");
  say("two", Level::info, "b");
  say("made after the star", Level::warning, "c");
  EXPECT_THAT(lines_, ElementsAre("info two b"));
}

TEST_F(LogTest, a_wrong_text_changes_nothing) {
  for (const auto* text : {"one=trace,two=loud", "one=trace,two", "one=trace,=info"}) {
    EXPECT_THROW(log::set_levels(text), weir::Error) << text;
    EXPECT_EQ(log::level("one"), Level::warning) << text;
  }
  EXPECT_THROW(log::set_level("one", "Warning"), weir::Error);
}

TEST_F(LogTest, one_message_is_one_line) {
  say("one", Level::warning, "a\nforged [pool] line\t\x1b[31m\x7f \xc3\xa9");
  EXPECT_THAT(lines_, ElementsAre("warning one a\\nforged [pool] line\\t\\x1b[31m\\x7f \xc3\xa9"));
}

TEST_F(LogTest, a_sink_that_throws_does_no_harm) {
  log::set_sink([](const log::Message&) { throw std::runtime_error("full disk"); });
  EXPECT_NO_THROW(say("one", Level::error, "a"));
}

TEST_F(LogTest, the_default_sink_writes_to_the_standard_error_stream) {
  log::set_sink({});
  testing::internal::CaptureStderr();
  say("one", Level::warning, "an {} odd %s text");
  const auto written = testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, testing::HasSubstr("[one] an {} odd %s text"));
}

TEST_F(LogTest, threads_write_and_change_levels_and_sinks_at_once) {
  constexpr int threads = 4;
  std::latch together(threads);
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i)
      workers.emplace_back([&, i] {
        together.arrive_and_wait();
        for (int n = 0; n < 200; ++n) {
          say("thread " + std::to_string(i), Level::warning, "x");
          if (n % 50 == 0) log::set_level("thread " + std::to_string(i), Level::debug);
          if (n % 70 == 0) log::level("*");
        }
      });
  }
  EXPECT_EQ(lines_.size(), 800U);
}

}  // namespace
