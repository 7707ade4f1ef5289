#include <weir/error.hpp>
#include <weir/pool_options.hpp>

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace weir {
namespace {

using namespace std::chrono_literals;

static_assert(!std::is_aggregate_v<PoolOptions>);

struct Refused {
  PoolOptions options;
  const char* names;
};

TEST(PoolOptions, NamesWhatContradicts) {
  const Refused table[] = {
      {PoolOptions{}.max_size(0), "max_size"},
      {PoolOptions{}.min_size(11), "min_size (11) is larger than max_size (10)"},
      {PoolOptions{}.min_idle(11), "min_idle (11) is larger than max_size (10)"},
      {PoolOptions{}.min_idle(3).max_idle(2), "min_idle (3) is larger than max_idle (2)"},
      {PoolOptions{}.min_size(5).total_limit(4), "min_size (5) is larger than total_limit (4)"},
      {PoolOptions{}.reconnect_min(6s), "reconnect_min (6000) is larger than reconnect_max (5000)"},
      {PoolOptions{}.eject_base(31s), "eject_base"},
      {PoolOptions{}.acquire_timeout(-1ms), "acquire_timeout is negative"},
      {PoolOptions{}.max_lifetime(std::chrono::hours{24 * 400}), "max_lifetime is longer than a year"},
      {PoolOptions{}.max_connecting(0), "max_connecting"},
      {PoolOptions{}.pipeline_depth(0), "pipeline_depth"},
      {PoolOptions{}.connect_timeout(0ms), "connect_timeout"},
  };
  for (const auto& c : table) {
    try {
      c.options.validate();
      ADD_FAILURE() << c.names;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), errc::invalid_argument);
      EXPECT_NE(std::string(error.what()).find(c.names), std::string::npos) << error.what();
    }
  }
  EXPECT_NO_THROW(PoolOptions{}.validate());
  EXPECT_NO_THROW(PoolOptions{}.max_size(PoolOptions::unlimited).validate());
}

TEST(PoolOptions, ShowWhatDiffersFromTheDefaults) {
  EXPECT_EQ(PoolOptions{}.to_string(), "defaults");
  EXPECT_EQ(PoolOptions{}.max_size(2).ping_timeout(5ms).reuse(Reuse::fifo).to_string(),
            "max_size=2 ping_timeout=5ms reuse=fifo");
  EXPECT_EQ(PoolOptions{}.max_size(PoolOptions::unlimited).to_string(), "max_size=unlimited");
}

TEST(PoolOptions, CompareByValue) {
  EXPECT_EQ(PoolOptions{}, PoolOptions{}.max_size(10));
  EXPECT_NE(PoolOptions{}, PoolOptions{}.max_size(11));
}

}  // namespace
}  // namespace weir
