// Configurations from URLs: what each form means, and what is refused.

#include "unit/config/support.hpp"

#include <weir/config.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

using std::chrono::milliseconds;
using Strings = std::vector<std::string>;

struct Case {
  std::string url;
  std::string backend;
  Json options;  // without "backend"
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.url; }

class UrlMeans : public testing::TestWithParam<Case> {};

TEST_P(UrlMeans, these_options) {
  const auto config = Config::from_url(GetParam().url);
  auto expected = GetParam().options;
  expected["backend"] = GetParam().backend;
  EXPECT_EQ(config.backend(), GetParam().backend);
  EXPECT_EQ(config.to_json(WithSecrets{}), expected);
  EXPECT_EQ(Config::from_url(config.to_url(WithSecrets{})), config) << config.to_url(WithSecrets{});
}

const Case meanings[] = {
    {"memory:", "memory", Json::object()},
    {"memory://", "memory", Json::object()},
    {"MEMORY:people", "memory", {{"name", "people"}}},
    {"memory:a%20b?timeout=2s", "memory", {{"name", "a b"}, {"timeout", 2000}}},
    {"sqlite:people.db", "sqlite", {{"path", "people.db"}}},
    {"sqlite::memory:", "sqlite", {{"path", ":memory:"}}},
    {"sqlite:///abs/p.db?synchronous=full", "sqlite", {{"path", "/abs/p.db"}, {"synchronous", "full"}}},
    {"sqlite:/abs/p.db", "sqlite", {{"path", "/abs/p.db"}}},
    {"sqlite:////double", "sqlite", {{"path", "//double"}}},
    {"sqlite:50%25%3F.db?index=age,address.city", "sqlite", {{"path", "50%?.db"}, {"index", {"age", "address.city"}}}},
    {"postgresql://user:pw@h1:5432,h2:5433/db?table=people",
     "postgres",
     {{"user", "user"},
      {"password", "pw"},
      {"hosts", {"h1:5432", "h2:5433"}},
      {"database", "db"},
      {"table", "people"}}},
    {"postgres://u%40x:p%2Fw%3A@H1/db",
     "postgres",
     {{"user", "u@x"}, {"password", "p/w:"}, {"hosts", {"h1:5432"}}, {"database", "db"}}},
    {"postgresql://[::1],[fe80::1%25eth0]:6000/", "postgres", {{"hosts", {"[::1]:5432", "[fe80::1%eth0]:6000"}}}},
    {"postgresql://%2Fvar%2Frun%2Fpostgresql/db",
     "postgres",
     {{"hosts", {"/var/run/postgresql:5432"}}, {"database", "db"}}},
    {"postgresql:///db?host=/tmp/pg&port=5433", "postgres", {{"hosts", {"/tmp/pg:5433"}}, {"database", "db"}}},
    {"postgresql:///?host=a,b&port=1,2", "postgres", {{"hosts", {"a:1", "b:2"}}}},
    {"postgresql:///?port=5433", "postgres", {{"hosts", {"localhost:5433"}}}},
    {"postgresql://h:7/?port=7", "postgres", {{"hosts", {"h:7"}}}},
    {"postgresql://h/?ssl=true", "postgres", {{"hosts", {"h:5432"}}, {"sslmode", "verify-full"}}},
    {"postgresql://h/?sslrootcert=/ca.pem", "postgres", {{"hosts", {"h:5432"}}, {"ca_certs", "/ca.pem"}}},
    {"postgresql://h/?maxPoolSize=7&waitQueueTimeoutMS=10",
     "postgres",
     {{"hosts", {"h:5432"}}, {"max_size", 7}, {"acquire_timeout", 10}}},
    {"postgresql://h/?command_timeout=1.5", "postgres", {{"hosts", {"h:5432"}}, {"timeout", 1500}}},
    {"elasticsearch+https://u:p@h1:9200,h2/people",
     "elasticsearch",
     {{"tls", true}, {"user", "u"}, {"password", "p"}, {"hosts", {"h1:9200", "h2:9200"}}, {"index", "people"}}},
    {"opensearch+http://h/", "elasticsearch", {{"tls", false}, {"hosts", {"h:9200"}}}},
    {"elasticsearch:///?hosts=https://a:b%40h:1/gateway/",
     "elasticsearch",
     {{"tls", true}, {"user", "a"}, {"password", "b"}, {"path_prefix", "/gateway"}, {"hosts", {"h:1"}}}},
    {"s3://bucket/a/b/?region_name=eu-west-1&endpoint_url=http://127.0.0.1:9000",
     "s3",
     {{"bucket", "bucket"}, {"prefix", "a/b/"}, {"region", "eu-west-1"}, {"endpoint_url", "http://127.0.0.1:9000"}}},
    {"s3://b?aws_access_key_id=AK&aws_secret_access_key=a+b/c",
     "s3",
     {{"bucket", "b"}, {"access_key_id", "AK"}, {"secret_access_key", "a+b/c"}}},
    {"mongodb://u:p@h1,h2:27018/db?replicaSet=rs&maxPoolSize=0&tls=true",
     "mongodb",
     {{"user", "u"},
      {"password", "p"},
      {"hosts", {"h1:27017", "h2:27018"}},
      {"database", "db"},
      {"replica_set", "rs"},
      {"max_size", 4294967295U},
      {"tls", true}}},
};
INSTANTIATE_TEST_SUITE_P(config, UrlMeans, testing::ValuesIn(meanings));

}  // namespace
}  // namespace weir
