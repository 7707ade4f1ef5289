#pragma once

#include <weir/error.hpp>
#include <weir/pool_options.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace weir::test {

struct PoolOptionCase {
  const char* option;
  const char* value;
  const char* kept;  ///< as the pool's own text says it; none: refused
};

/// Of a store that speaks HTTP: what is accepted is kept, what has no use is refused by name; nothing is taken and
/// forgotten.
/// @param store a URL, to which a query can be added
/// @param more what is so with this store only
inline void expect_pool_options_used_or_refused(const std::string& store,
                                                const std::function<PoolOptions(const std::string&)>& pool_of,
                                                const std::vector<PoolOptionCase>& more = {}) {
  std::vector<PoolOptionCase> cases = {{"max_size", "7", "max_size=7"},
                                       {"min_size", "3", "min_size=3"},
                                       {"min_idle", "2", "min_idle=2"},
                                       {"max_idle", "5", "max_idle=5"},
                                       {"total_limit", "9", "total_limit=9"},
                                       {"max_connecting", "6", "max_connecting=6"},
                                       {"acquire_timeout", "1234", "acquire_timeout=1234"},
                                       {"max_waiters", "17", "max_waiters=17"},
                                       {"slow_acquire", "77", "slow_acquire=77"},
                                       {"fail_fast", "true", "fail_fast="},
                                       {"connect_timeout", "4321", "connect_timeout=4321"},
                                       {"attempt_delay", "99", "attempt_delay=99"},
                                       {"reconnect_min", "11", "reconnect_min=11"},
                                       {"reconnect_max", "2222", "reconnect_max=2222"},
                                       {"tcp_user_timeout", "3333", "tcp_user_timeout=3333"},
                                       {"idle_timeout", "4444", "idle_timeout=4444"},
                                       {"max_lifetime", "55555", "max_lifetime=55555"},
                                       {"max_uses", "12", "max_uses=12"},
                                       {"reuse", "fifo", "reuse="},
                                       {"housekeeping", "1500", "housekeeping=1500"},
                                       {"lease_warning", "678", "lease_warning=678"},
                                       {"drain_timeout", "876", "drain_timeout=876"},
                                       {"loop_threads", "2", "loop_threads=2"},
                                       {"validate_after", "0", "validate_after=0"},
                                       {"keepalive_interval", "0", "keepalive_interval=0"},
                                       {"start_paused", "false", "max_size=32"},
                                       {"pipeline_depth", "1", "max_size=32"},
                                       {"validate_after", "1s", nullptr},
                                       {"keepalive_interval", "1s", nullptr},
                                       {"ping_timeout", "1s", nullptr},
                                       {"reset_timeout", "1s", nullptr},
                                       {"heartbeat_interval", "1s", nullptr},
                                       {"min_heartbeat", "1s", nullptr},
                                       {"selection_timeout", "1s", nullptr},
                                       {"start_paused", "true", nullptr},
                                       {"pipeline_depth", "2", nullptr}};
  cases.insert(cases.end(), more.begin(), more.end());
  for (const auto& c : cases) {
    const auto url = store + "?" + c.option + "=" + c.value;
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
  EXPECT_NE(pool_of(store + "?reuse=fifo").to_string(), pool_of(store + "?reuse=lifo").to_string());
  EXPECT_TRUE(pool_of(store + "?fail_fast=true").fail_fast());
}

}  // namespace weir::test
