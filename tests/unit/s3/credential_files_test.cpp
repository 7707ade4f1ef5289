#include "backends/s3/credential_files.hpp"

#include "support/outcome.hpp"

#include <gtest/gtest.h>

namespace weir::s3 {
namespace {

TEST(Profiles, AsAwsWritesThem) {
  const auto profiles = parse_profiles(
      "\xEF\xBB\xBF# a comment\r\n[default]\r\naws_access_key_id = AK1\r\nAWS_SECRET_ACCESS_KEY=SK1 # mine\r\n"
      "[profile other]\n  s3 =\n    max = 3\naws_access_key_id=AK2\n s3 =\n   region = no\nregion = eu-west-1\n"
      "[ profile \"with space\" ]\nregion=x=y\n[broken\naws_access_key_id=lost\nno equals\n");
  EXPECT_EQ(profiles.at("default").at("aws_access_key_id"), "AK1");
  EXPECT_EQ(profiles.at("default").at("aws_secret_access_key"), "SK1");
  EXPECT_EQ(profiles.at("other").at("region"), "eu-west-1");
  EXPECT_FALSE(profiles.at("other").contains("max"));
  EXPECT_EQ(profiles.at("with space").at("region"), "x=y");
  EXPECT_EQ(profiles.size(), 3u);
}

TEST(Profiles, TheCredentialsFileGoesFirst) {
  const auto credentials = parse_profiles(
      "[a]\naws_access_key_id=1\naws_secret_access_key=2\naws_session_token=3\n[half]\naws_access_key_id=1\n");
  const auto configuration = parse_profiles(
      "[profile a]\naws_access_key_id=x\naws_secret_access_key=y\n[profile "
      "b]\naws_access_key_id=8\naws_secret_access_key=9\n");
  const auto a = identity_of_profile(credentials, configuration, "a");
  ASSERT_TRUE(a);
  EXPECT_EQ(a->access_key_id + a->secret_access_key + a->session_token, "123");
  EXPECT_EQ(identity_of_profile(credentials, configuration, "b")->secret_access_key, "9");
  EXPECT_FALSE(identity_of_profile(credentials, configuration, "none"));
  const auto half = test::outcome_now([&] { identity_of_profile(credentials, configuration, "half"); });
  EXPECT_TRUE(test::fails_with(half, errc::authentication_failed));
}

TEST(Variables, AllOrNothing) {
  std::map<std::string, std::string> environment;
  const Variables read = [&environment](const char* name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  };
  EXPECT_FALSE(identity_of_variables(read));
  environment["AWS_ACCESS_KEY_ID"] = "a";
  EXPECT_TRUE(test::fails_with(test::outcome_now([&] { identity_of_variables(read); }), errc::authentication_failed));
  environment["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(identity_of_variables(read)->session_token, "");
  environment["AWS_SESSION_TOKEN"] = "t";
  EXPECT_EQ(identity_of_variables(read)->session_token, "t");
}

TEST(Service, InstancesAndContainers) {
  const auto got = identity_of_service(
      R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2030-01-01T00:00:00Z"})");
  EXPECT_EQ(got.access_key_id + got.secret_access_key + got.session_token, "AST");
  EXPECT_EQ(got.expires, parse_iso_time("2030-01-01T00:00:00Z"));
  EXPECT_FALSE(identity_of_service(R"({"AccessKeyId":"A","SecretAccessKey":"S"})").expires);
  for (const char* bad : {"", "[]", "{}", R"({"Code":"AssumeRoleUnauthorizedAccess"})", R"({"AccessKeyId":"A"})",
                          R"({"AccessKeyId":"A","SecretAccessKey":"SECRET","Expiration":"soon"})"}) {
    const auto outcome = test::outcome_now([bad] { identity_of_service(bad); });
    EXPECT_TRUE(test::fails_with(outcome, errc::authentication_failed)) << bad;
    EXPECT_EQ(outcome.text().find("SECRET"), std::string::npos);
  }
  EXPECT_TRUE(is_container_address("169.254.170.2"));
  EXPECT_FALSE(is_container_address("169.254.169.254"));
  EXPECT_FALSE(is_container_address("evil.example"));
  EXPECT_TRUE(is_container_address("127.0.0.53"));
  for (const char* host : {"127.evil.example", "127.0.0.1.evil.example", "127.0.0.1.", "127.", "128.0.0.1", ""})
    EXPECT_FALSE(is_container_address(host)) << host;
}

}  // namespace
}  // namespace weir::s3
