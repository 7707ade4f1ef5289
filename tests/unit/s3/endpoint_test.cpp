#include "backends/s3/endpoint.hpp"

#include "support/outcome.hpp"

#include <gtest/gtest.h>

namespace weir::s3 {
namespace {

struct Row {
  const char *bucket, *region, *url;
  Addressing addressing;
  const char *origin, *host, *path;
};

TEST(Endpoint, ByTable) {
  const Row rows[] = {
      {"photos", "", "", Addressing::automatic, "https://photos.s3.us-east-1.amazonaws.com",
       "photos.s3.us-east-1.amazonaws.com", "/"},
      {"photos", "eu-west-1", "", Addressing::path, "https://s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com",
       "/photos/"},
      {"my.photos", "eu-west-1", "", Addressing::automatic, "https://s3.eu-west-1.amazonaws.com",
       "s3.eu-west-1.amazonaws.com", "/my.photos/"},
      {"Photos", "eu-west-1", "", Addressing::automatic, "https://s3.eu-west-1.amazonaws.com",
       "s3.eu-west-1.amazonaws.com", "/Photos/"},
      {"photos", "cn-north-1", "", Addressing::automatic, "https://photos.s3.cn-north-1.amazonaws.com.cn",
       "photos.s3.cn-north-1.amazonaws.com.cn", "/"},
      {"photos", "", "http://localhost:9000", Addressing::automatic, "http://localhost:9000", "localhost:9000",
       "/photos/"},
      {"photos", "", "http://localhost:9000/", Addressing::virtual_host, "http://localhost:9000",
       "photos.localhost:9000", "/"},
      {"photos", "", "https://store.example", Addressing::virtual_host, "https://photos.store.example",
       "photos.store.example", "/"},
      {"photos", "", "https://gateway.example/s3/", Addressing::automatic, "https://gateway.example", "gateway.example",
       "/s3/photos/"},
      {"photos", "", "http://127.0.0.1:80", Addressing::path, "http://127.0.0.1", "127.0.0.1", "/photos/"},
  };
  for (const auto& row : rows) {
    const auto got = endpoint_of(row.bucket, row.region, row.url, row.addressing);
    EXPECT_EQ(got.origin, row.origin);
    EXPECT_EQ(got.host, row.host);
    EXPECT_EQ(got.path_prefix, row.path);
    EXPECT_EQ(got.region, *row.region == '\0' ? "us-east-1" : row.region);
    EXPECT_EQ(got.tls, got.origin.starts_with("https"));
  }
}

TEST(Endpoint, Refused) {
  const Row rows[] = {
      {"", "", "", Addressing::automatic, "", "", ""},
      {"a/b", "", "", Addressing::automatic, "", "", ""},
      {"a b c", "", "", Addressing::automatic, "", "", ""},
      {"a..b", "", "", Addressing::automatic, "", "", ""},
      {"photos", "eu west", "", Addressing::automatic, "", "", ""},
      {"photos", "evil.example/", "", Addressing::automatic, "", "", ""},
      {"my.photos", "", "", Addressing::virtual_host, "", "", ""},
      {"photos", "", "http://127.0.0.1:9000", Addressing::virtual_host, "", "", ""},
      {"photos", "", "localhost:9000", Addressing::automatic, "", "", ""},
      {"photos", "", "http://localhost:9000/?x", Addressing::automatic, "", "", ""},
  };
  for (const auto& row : rows) {
    const auto call = [&row] { endpoint_of(row.bucket, row.region, row.url, row.addressing); };
    EXPECT_TRUE(test::fails_with(test::outcome_now(call), errc::invalid_argument)) << row.bucket << " " << row.url;
  }
}

}  // namespace
}  // namespace weir::s3
