#pragma once

// The tests of this folder run on each of the real servers, with a bucket of their own.

#include "servers/server.hpp"
#include "support/outcome.hpp"
#include "support/run.hpp"
#include "support/unique_name.hpp"

#include <weir/s3.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::s3 {

class OnServer : public testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() { install(); }
  void SetUp() override {
    const auto& server = test::Server::start(GetParam());
    WEIR_NEED_SERVER(server);
    options_.endpoint_url(server.setting("S3_ENDPOINT")).region(server.setting("S3_REGION"));
    options_.access_key_id(server.setting("S3_ACCESS_KEY_ID"));
    options_.secret_access_key(server.setting("S3_SECRET_ACCESS_KEY"));
    options_.http(http::ClientOptions{}.proxy("off"));
    // Every test has a bucket of its own.
    bucket_ = test::unique_name("weir");
    client_ = Client(bucket_, options_);
    test::run(client_.create_bucket());
  }
  void TearDown() override {
    if (client_) test::run(empty_and_remove(client_));
  }
  static awaitable<void> empty_and_remove(Client client) {
    std::vector<std::string> keys;
    ListOptions options;
    do {
      const auto page = co_await client.list(options);
      for (const auto& object : page.objects) keys.push_back(object.key);
      options.continue_from(page.next);
    } while (!options.continue_from().empty());
    const auto failed = co_await client.remove_many(std::move(keys));
    EXPECT_TRUE(failed.empty());
    co_await client.remove_bucket();
  }

  ClientOptions options_;
  std::string bucket_;
  Client client_;
};

inline std::string server_name(const testing::TestParamInfo<const char*>& info) { return info.param; }

}  // namespace weir::s3
