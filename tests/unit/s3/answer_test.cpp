#include "backends/s3/answer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace weir::s3 {
namespace {

struct Row {
  int status;
  std::string code;
  errc kind;
  bool transient;
  Remedy remedy;
};

std::string document(const std::string& code) {
  if (code.empty()) return {};
  return "<Error><Code>" + code + "</Code><Message>why</Message></Error>";
}

TEST(Answer, ByTable) {
  const std::vector<Row> rows{
      {404, "NoSuchKey", errc::not_found, false, Remedy::none},
      {404, "NoSuchBucket", errc::not_found, false, Remedy::none},
      {404, "", errc::not_found, false, Remedy::none},
      {403, "", errc::permission_denied, false, Remedy::none},
      {403, "AccessDenied", errc::permission_denied, false, Remedy::none},
      {403, "InvalidAccessKeyId", errc::authentication_failed, false, Remedy::none},
      {403, "SignatureDoesNotMatch", errc::authentication_failed, false, Remedy::none},
      {403, "RequestTimeTooSkewed", errc::authentication_failed, true, Remedy::clock},
      {400, "ExpiredToken", errc::authentication_failed, true, Remedy::credentials},
      {301, "PermanentRedirect", errc::unavailable, false, Remedy::region},
      {307, "TemporaryRedirect", errc::unavailable, false, Remedy::region},
      {307, "", errc::unavailable, false, Remedy::region},
      {400, "AuthorizationHeaderMalformed", errc::authentication_failed, false, Remedy::none},
      {400, "RequestTimeout", errc::unavailable, true, Remedy::none},
      {400, "BadDigest", errc::protocol_error, true, Remedy::none},
      {400, "EntityTooLarge", errc::too_large, false, Remedy::none},
      {400, "SomethingNew", errc::invalid_argument, false, Remedy::none},
      {409, "ConditionalRequestConflict", errc::conflict, true, Remedy::none},
      {409, "BucketNotEmpty", errc::conflict, false, Remedy::none},
      {412, "PreconditionFailed", errc::conflict, false, Remedy::none},
      {412, "", errc::conflict, false, Remedy::none},
      {416, "InvalidRange", errc::invalid_argument, false, Remedy::none},
      {429, "", errc::throttled, true, Remedy::none},
      {500, "InternalError", errc::server_error, true, Remedy::none},
      {500, "", errc::server_error, true, Remedy::none},
      {500, "Unheard", errc::server_error, true, Remedy::none},
      {501, "NotImplemented", errc::unsupported, false, Remedy::none},
      {502, "", errc::unavailable, true, Remedy::none},
      {503, "SlowDown", errc::throttled, true, Remedy::none},
      {503, "", errc::throttled, true, Remedy::none},
      {507, "XMinioStorageFull", errc::storage_full, false, Remedy::none},
  };
  for (const auto& row : rows) {
    const auto body = document(row.code);
    Answer answer;
    answer.status = row.status;
    answer.body = body;
    answer.write = true;
    const auto got = judge(answer, "PUT a", "b");
    EXPECT_EQ(got.error.kind(), row.kind) << row.status << " " << row.code << ": " << got.error.what();
    EXPECT_EQ(got.error.transient(), row.transient) << row.status << " " << row.code;
    EXPECT_EQ(got.remedy, row.remedy) << row.status << " " << row.code;
    if (!row.code.empty()) {
      EXPECT_EQ(got.error.server_code(), row.code);
    }
    EXPECT_EQ(got.error.maybe_applied(), row.status == 500 || row.status == 502) << row.status;
  }
}

TEST(Answer, WhereTheRegionStands) {
  Answer answer;
  answer.status = 301;
  answer.bucket_region = "eu-west-1";
  EXPECT_EQ(judge(answer, "", "").region, "eu-west-1");
  answer.status = 400;  // HEAD
  EXPECT_EQ(judge(answer, "", "").remedy, Remedy::region);
  answer.bucket_region = "";
  answer.body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-central-1</Region></Error>";
  EXPECT_EQ(judge(answer, "", "").remedy, Remedy::region);
  EXPECT_EQ(judge(answer, "", "").region, "eu-central-1");
}

TEST(Answer, WhatTheStoreAsks) {
  Answer answer;
  answer.status = 503;
  answer.retry_after = std::chrono::seconds(2);
  EXPECT_EQ(judge(answer, "", "").error.context().retry_after(), std::chrono::seconds(2));
  EXPECT_EQ(parse_retry_after("0"), std::chrono::milliseconds(0));
  EXPECT_EQ(parse_retry_after("1500"), std::chrono::milliseconds(1500));
  EXPECT_EQ(parse_retry_after("86400001"), std::chrono::hours(24));
  EXPECT_EQ(parse_retry_after("99999999999999999999"), std::chrono::hours(24));
  for (const char* text : {"", " ", "-1", "soon", "1.5", "15s"})
    EXPECT_EQ(parse_retry_after(text), std::nullopt) << text;
}

TEST(Answer, ARefusalNamesNobody) {
  const std::string who = "User: arn:aws:iam::1:user/me is not authorized to read arn:aws:s3:::b/secret/key";
  const std::string body = "<Error><Code>AccessDenied</Code><Message>" + who + "</Message></Error>";
  Answer answer;
  answer.status = 403;
  answer.body = body;
  for (const auto& error : {judge(answer, "get", "b").error, error_of_code("AccessDenied", who, "remove", "b", true)}) {
    EXPECT_EQ(error.server_code(), "AccessDenied");
    EXPECT_EQ(std::string(error.what()).find("arn:"), std::string::npos) << error.what();
  }
  const std::string other = "<Error><Code>SlowDown</Code><Message>Please wait</Message></Error>";
  answer.status = 503;
  answer.body = other;
  EXPECT_NE(std::string(judge(answer, "get", "b").error.what()).find("Please wait"), std::string::npos);
}

TEST(Answer, ErrorsInsideOfSuccess) {
  const auto slow = error_of_code("SlowDown", "", "copy", "b", true);
  EXPECT_EQ(slow.kind(), errc::throttled);
  EXPECT_TRUE(slow.transient());
  EXPECT_FALSE(slow.maybe_applied());
  const auto internal = error_of_code("InternalError", "x", "copy", "b", true);
  EXPECT_TRUE(internal.transient());
  EXPECT_TRUE(internal.maybe_applied());
  EXPECT_FALSE(error_of_code("Unheard", "", "copy", "b", true).transient());
}

}  // namespace
}  // namespace weir::s3
