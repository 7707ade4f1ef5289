// Options of a database as the client has them.
#include "backends/s3/settings.hpp"

#include "unit/net/pool_option_cases.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::s3 {
namespace {

PoolOptions pool_of(const std::string& url) { return read_settings(Config::from_url(url)).client.http().pool(); }

TEST(S3Settings, PoolOptionsAreUsedOrRefused) {
  test::expect_pool_options_used_or_refused("s3://bucket", pool_of,
                                            {{"eject_after", "2", nullptr},
                                             {"eject_base", "2s", nullptr},
                                             {"eject_max", "2s", nullptr},
                                             {"sniff", "true", nullptr}});
}

}  // namespace
}  // namespace weir::s3
