// Options of a database as the client has them.
#include "backends/s3/settings.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>

#include <string>

namespace weir::s3 {
namespace {

PoolOptions pool_of(const std::string& url) { return read_settings(Config::from_url(url)).client.http().pool(); }

// What is accepted is kept, what has no use is refused by name: nothing is taken and forgotten.
TEST(S3Settings, PoolOptionsAreUsedOrRefused) {
  struct Case {
    const char* option;
    const char* value;
    const char* kept;  ///< as the pool's own text says it; none: refused
  };
  for (const auto& c : {Case{"max_size", "7", "max_size=7"},
                        Case{"min_size", "3", "min_size=3"},
                        Case{"min_idle", "2", "min_idle=2"},
                        Case{"max_idle", "5", "max_idle=5"},
                        Case{"total_limit", "9", "total_limit=9"},
                        Case{"max_connecting", "6", "max_connecting=6"},
                        Case{"acquire_timeout", "1234", "acquire_timeout=1234"},
                        Case{"max_waiters", "17", "max_waiters=17"},
                        Case{"slow_acquire", "77", "slow_acquire=77"},
                        Case{"fail_fast", "true", "fail_fast="},
                        Case{"connect_timeout", "4321", "connect_timeout=4321"},
                        Case{"attempt_delay", "99", "attempt_delay=99"},
                        Case{"reconnect_min", "11", "reconnect_min=11"},
                        Case{"reconnect_max", "2222", "reconnect_max=2222"},
                        Case{"tcp_user_timeout", "3333", "tcp_user_timeout=3333"},
                        Case{"idle_timeout", "4444", "idle_timeout=4444"},
                        Case{"max_lifetime", "55555", "max_lifetime=55555"},
                        Case{"max_uses", "12", "max_uses=12"},
                        Case{"reuse", "fifo", "reuse="},
                        Case{"housekeeping", "1500", "housekeeping=1500"},
                        Case{"lease_warning", "678", "lease_warning=678"},
                        Case{"drain_timeout", "876", "drain_timeout=876"},
                        Case{"loop_threads", "2", "loop_threads=2"},
                        Case{"validate_after", "0", "validate_after=0"},
                        Case{"keepalive_interval", "0", "keepalive_interval=0"},
                        Case{"start_paused", "false", "max_size=32"},
                        Case{"pipeline_depth", "1", "max_size=32"},
                        Case{"validate_after", "1s", nullptr},
                        Case{"keepalive_interval", "1s", nullptr},
                        Case{"ping_timeout", "1s", nullptr},
                        Case{"reset_timeout", "1s", nullptr},
                        Case{"heartbeat_interval", "1s", nullptr},
                        Case{"min_heartbeat", "1s", nullptr},
                        Case{"selection_timeout", "1s", nullptr},
                        Case{"start_paused", "true", nullptr},
                        Case{"pipeline_depth", "2", nullptr},
                        Case{"eject_after", "2", nullptr},
                        Case{"eject_base", "2s", nullptr},
                        Case{"eject_max", "2s", nullptr},
                        Case{"sniff", "true", nullptr}}) {
    const auto url = std::string("s3://bucket?") + c.option + "=" + c.value;
    std::string text, error;
    try {
      text = pool_of(url).to_string();
    } catch (const Error& refused) {
      EXPECT_EQ(refused.kind(), errc::unsupported) << url;
      error = refused.what();
    }
    if (c.kept == nullptr)
      EXPECT_NE(error.find(std::string("option ") + c.option), std::string::npos) << url << ": " << error;
    else
      EXPECT_NE(text.find(c.kept), std::string::npos) << url << ": " << text << error;
  }
  EXPECT_NE(pool_of("s3://bucket?reuse=fifo").to_string(), pool_of("s3://bucket?reuse=lifo").to_string());
  EXPECT_TRUE(pool_of("s3://bucket?fail_fast=true").fail_fast());
}

}  // namespace
}  // namespace weir::s3
