// Options: addresses, credentials, cloud ids.
#include "backends/elasticsearch/settings.hpp"

#include "backends/elasticsearch/cloud_id.hpp"
#include "unit/net/pool_option_cases.hpp"

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

TEST(Settings, PoolOptionsAreUsedOrRefused) {
  test::expect_pool_options_used_or_refused("elasticsearch://h/x", pool_of);
}

TEST(Settings, AnswersThatAreTooSlow) {
  const auto usual = from("elasticsearch://h/i").http;
  EXPECT_EQ(usual.low_speed_limit(), 0U);
  const auto given = from("elasticsearch://h/i?low_speed_limit=2KiB&low_speed_time=5s").http;
  EXPECT_EQ(given.low_speed_limit(), 2'048U);
  EXPECT_EQ(given.low_speed_time(), std::chrono::seconds(5));
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
