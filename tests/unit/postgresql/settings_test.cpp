#include "backends/postgresql/settings.hpp"

#include "support/outcome.hpp"

#include <gtest/gtest.h>

namespace weir::postgres {
namespace {

TEST(Settings, options_that_nothing_reads_are_refused_by_name) {
  const std::string url = "postgresql://user@host/db";
  const auto outcome = [](const std::string& text) {
    return test::outcome_now([&] { const Settings settings(Config::from_url(text)); });
  };
  EXPECT_TRUE(test::succeeds(outcome(url)));
  for (const char* option : {"sniff=true", "read_idle_timeout=5s"}) {
    const auto refused = outcome(url + "?" + option);
    const std::string text = option;
    EXPECT_TRUE(test::fails_with(refused, errc::unsupported)) << option;
    EXPECT_NE(refused.text().find(text.substr(0, text.find('='))), std::string::npos) << refused;
  }
  for (const char* option : {"sniff=false", "coalesce_reads=true", "pipeline_stall=50ms", "read_idle_timeout=60s"})
    EXPECT_TRUE(test::succeeds(outcome(url + "?" + option))) << option;
}

}  // namespace
}  // namespace weir::postgres
