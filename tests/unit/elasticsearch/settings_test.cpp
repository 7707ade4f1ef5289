// Options: addresses, credentials, cloud ids.
#include "backends/elasticsearch/settings.hpp"

#include "backends/elasticsearch/cloud_id.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace weir::elasticsearch {
namespace {

Settings from(const char* url) { return read_settings(Config::from_url(url)); }
std::string authorization(const Settings& settings) {
  return std::string(settings.http.headers().find("Authorization").value_or(""));
}

TEST(Settings, Addresses) {
  const auto settings = from("elasticsearch+https://h1:9201,h2/people");
  EXPECT_EQ(settings.origins, (std::vector<std::string>{"https://h1:9201", "https://h2:9200"}));
  EXPECT_EQ(settings.endpoint, "h1:9201,h2:9200");
  EXPECT_EQ(settings.index, "people");
  EXPECT_TRUE(settings.http.pool().fail_fast()) << "there is another one to ask";
  EXPECT_EQ(from("opensearch+http://h1/x").origins, std::vector<std::string>{"http://h1:9200"});
  EXPECT_EQ(from("elasticsearch://h1/x").origins, std::vector<std::string>{"https://h1:9200"});
  EXPECT_EQ(from("elasticsearch://h1/x?path_prefix=a/b/").prefix, "/a/b");
}

TEST(Settings, Credentials) {
  EXPECT_EQ(authorization(from("elasticsearch://h/x")), "");
  EXPECT_EQ(authorization(from("elasticsearch://me:a%3Ab@h/x")), "Basic bWU6YTpi");
  EXPECT_EQ(authorization(from("elasticsearch://h/x?api_key=aWQ6a2V5")), "ApiKey aWQ6a2V5");
  EXPECT_EQ(authorization(from("elasticsearch://h/x?bearer_token=t")), "Bearer t");
  EXPECT_EQ(authorization(read_settings(
                Config::from_json("elasticsearch", Json::parse(R"({"hosts": ["h"], "api_key": ["id", "key"]})")))),
            "ApiKey aWQ6a2V5");
}

TEST(Settings, CloudIds) {
  // "europe.example$abc123$kib"
  EXPECT_EQ(cloud_address("name:ZXVyb3BlLmV4YW1wbGUkYWJjMTIzJGtpYg=="), "https://abc123.europe.example:443");
  EXPECT_EQ(cloud_address("a:b:" + to_base64("h.example:9243$es")), "https://es.h.example:9243");
  EXPECT_EQ(cloud_address(":" + to_base64("h.example$es:9244$k:1")), "https://es.h.example:9244");
  for (const std::string& bad : std::vector<std::string>{"", "name", "name:", "name:!!!!",
                                                         "name:" + to_base64("no dollar"), "name:" + to_base64("h$"),
                                                         "name:" + to_base64("h/x$es"), "name:" + to_base64("h:x$es")})
    EXPECT_THROW(cloud_address(bad), Error) << bad;
}

TEST(Settings, Base64) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("\xFF\xFE\xFD\xFC"), "//79/A==");
}

PoolOptions pool_of(const std::string& url) { return read_settings(Config::from_url(url)).http.pool(); }

// What is accepted is kept, what has no use is refused by name: nothing is taken and forgotten.
TEST(Settings, PoolOptionsAreUsedOrRefused) {
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
                        Case{"pipeline_depth", "2", nullptr}}) {
    const auto url = std::string("elasticsearch://h/x?") + c.option + "=" + c.value;
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
  EXPECT_NE(pool_of("elasticsearch://h/x?reuse=fifo").to_string(),
            pool_of("elasticsearch://h/x?reuse=lifo").to_string());
  EXPECT_TRUE(pool_of("elasticsearch://h/x?fail_fast=true").fail_fast());
}

TEST(Settings, NodesThatFail) {
  const auto ejection = from("elasticsearch://h,i/x?eject_after=3&eject_base=200&eject_max=5s").ejection;
  EXPECT_EQ(ejection.after, 3U);
  EXPECT_EQ(ejection.base, std::chrono::milliseconds(200));
  EXPECT_EQ(ejection.most, std::chrono::seconds(5));
  EXPECT_THROW(from("elasticsearch://h/x?eject_base=0"), Error);
}

TEST(Settings, WhatIsRefused) {
  EXPECT_THROW(from("elasticsearch://h/x?client_key_password=p"), Error);
  EXPECT_THROW(from("elasticsearch://me:pw@h/x?bearer_token=t"), Error);
}

}  // namespace
}  // namespace weir::elasticsearch
