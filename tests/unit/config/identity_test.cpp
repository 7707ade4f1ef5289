// Two configurations have one identity exactly if their connections and pools are interchangeable.

#include "unit/config/support.hpp"

#include <weir/config.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace weir {
namespace {

using namespace testing_support;

std::string identity(const std::string& url) { return Config::from_url(url).identity(); }

TEST(Identity, follows_from_the_scope_of_every_option) {
  const Files files;
  const auto pem = files.write("x.pem", "content");
  for (const auto& backend : library) {
    const auto bare = Config::from_json(backend, Json::object()).identity();
    EXPECT_TRUE(bare.starts_with(backend));
    for (const auto& row : option_rows(backend)) {
      SCOPED_TRACE(backend + " " + row.name());
      const auto changed = Config::from_json(backend, {{row.name(), row.file() ? Json(pem) : sample(row)}}).identity();
      if (row.scope() == OptionScope::pool) {
        EXPECT_NE(changed, bare);
      } else {
        EXPECT_EQ(changed, bare);
      }
    }
  }
}

TEST(Identity, separates_what_shapes_a_connection_and_nothing_else) {
  const auto base = identity("postgresql://u:p@h/db");
  for (const char* same :
       {"postgres://u:p@H:5432/db", "postgresql://u:p@h/db?table=t", "postgresql://u:p@h/db?timeout=1s",
        "postgresql://u:p@h/db?retry.budget=1", "postgresql://u:p@h/db?throttle=adaptive",
        "postgresql://u:p@h/db?index=a,b", "postgresql://u:p@h/db?max_size=10&sslmode=prefer",
        "postgresql:///db?user=u&password=p&host=h", "postgresql://u:p@h/db?read_idle_timeout=5s"})
    EXPECT_EQ(identity(same), base) << same;
  std::set<std::string> all = {base};
  for (const char* different :
       {"postgresql://u:q@h/db", "postgresql://v:p@h/db", "postgresql://u:p@h/other", "postgresql://u:p@i/db",
        "postgresql://u:p@h:1/db", "postgresql://u:p@h,i/db", "postgresql://u:p@i,h/db", "postgresql://u@h/db",
        "postgresql://u:p@h/db?max_size=11", "postgresql://u:p@h/db?sslmode=require",
        "postgresql://u:p@h/db?options=-cx=y", "postgresql://u:p@h/db?application_name=x",
        "postgresql://u:p@h/db?acquire_timeout=1s", "elasticsearch://u:p@h:5432"})
    EXPECT_TRUE(all.insert(identity(different)).second) << different;
}

TEST(Identity, holds_digests_of_secrets) {
  const auto one = identity("postgresql://u:hunter2@h/db");
  EXPECT_THAT(one, testing::Not(testing::HasSubstr("hunter2")));
  EXPECT_THAT(one, testing::HasSubstr("hmac:"));
  EXPECT_EQ(one, identity("postgresql://u:hunter2@h/db")) << "the key is drawn once";
  // Equal secrets of different options do not show that they are equal.
  const auto s3 = identity("s3://b?access_key_id=same&secret_access_key=same");
  const auto first = s3.find("hmac:");
  const auto second = s3.find("hmac:", first + 1);
  ASSERT_NE(second, std::string::npos);
  EXPECT_NE(s3.substr(first, 69), s3.substr(second, 69));
  EXPECT_THAT(identity("s3://b?proxy=http://u:hunter2@p"), testing::Not(testing::HasSubstr("hunter2")));
}

TEST(Identity, takes_certificates_by_content) {
  const Files files;
  const auto a = files.write("a.pem", "certificate");
  const auto b = files.write("b.pem", "certificate");
  const auto with = [](const std::string& file) {
    return Config::from_json("postgres", {{"ca_certs", file}}).identity();
  };
  const auto first = with(a);
  EXPECT_EQ(with(b), first) << "another name";
  files.write("a.pem", "certificatf");
  EXPECT_NE(with(a), first) << "other content under the name";
  EXPECT_THAT(first, testing::Not(testing::HasSubstr("certificate")));
  EXPECT_NO_THROW(with("system"));
  EXPECT_THAT(refusal([&] { return with(files.path("missing.pem")); }),
              testing::AllOf(testing::HasSubstr("'ca_certs'"), testing::HasSubstr("missing.pem"),
                             testing::HasSubstr("No such file")));
  EXPECT_THAT(refusal([&] { return with(files.path("")); }), testing::HasSubstr("'ca_certs'")) << "a directory";
  files.write("large.pem", std::string((16U << 20U) + 1, 'x'));
  EXPECT_THAT(refusal([&] { return with(files.path("large.pem")); }), testing::HasSubstr("16 MiB"));
}

}  // namespace
}  // namespace weir
