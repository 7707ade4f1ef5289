#include "backends/s3/xml.hpp"

#include "support/outcome.hpp"

#include <gtest/gtest.h>

namespace weir::s3 {
namespace {

constexpr std::string_view head = R"(<?xml version="1.0" encoding="UTF-8"?>)";

TEST(Xml, AListing) {
  const auto page = parse_list(std::string(head) + R"(
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix></Prefix><KeyCount>2</KeyCount>
<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>1+/=%20</NextContinuationToken>
<Contents><Key>a%20b%2Bc%00/d+e</Key><LastModified>2024-01-02T03:04:05.678Z</LastModified><ETag>&quot;abc-2&quot;</ETag><Size>5368709121</Size><StorageClass>STANDARD</StorageClass></Contents>
<Contents><Key>x</Key><ETag>"y"</ETag><Size>0</Size></Contents>
<CommonPrefixes><Prefix>p%2Fq/</Prefix></CommonPrefixes></ListBucketResult>)");
  ASSERT_EQ(page.objects.size(), 2u);
  EXPECT_EQ(page.objects[0].key, std::string("a b+c\0/d e", 10));
  EXPECT_EQ(page.objects[0].etag, "abc-2");
  EXPECT_EQ(page.objects[0].size, 5368709121u);
  EXPECT_EQ(page.objects[0].last_modified, parse_iso_time("2024-01-02T03:04:05.678Z"));
  EXPECT_FALSE(page.objects[1].last_modified);
  EXPECT_EQ(page.common_prefixes, std::vector<std::string>{"p/q/"});
  EXPECT_EQ(page.next_token, "1+/=%20");  // opaque: not decoded
}

TEST(Xml, TheLastPageHasNoToken) {
  EXPECT_EQ(
      parse_list("<ListBucketResult><IsTruncated>false</IsTruncated><NextContinuationToken>x</NextContinuationToken>"
                 "</ListBucketResult>")
          .next_token,
      "");
  EXPECT_TRUE(parse_list("<s3:ListBucketResult xmlns:s3='x'/>").objects.empty());
}

TEST(Xml, WhatWasNotExpected) {
  const auto refused = [](auto call) { return test::fails_with(test::outcome_now(call), errc::protocol_error); };
  for (const char* text : {"", "hello", "<html></html>", "<ListBucketResult>", "<Error><Code>X</Code></Error>",
                           "<ListBucketResult><Contents><Key>k</Key><Size>-1</Size></Contents></ListBucketResult>",
                           "<ListBucketResult><Contents><Key>k</Key></Contents></ListBucketResult>",
                           "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"})
    EXPECT_TRUE(refused([text] { parse_list(text); })) << text;
  EXPECT_TRUE(refused([] { parse_upload_id("<InitiateMultipartUploadResult/>"); }));
  EXPECT_TRUE(refused([] { parse_completed("<Error/>"); }));
  EXPECT_TRUE(refused([] { parse_role("<AssumeRoleWithWebIdentityResponse/>"); }));
}

TEST(Xml, Errors) {
  const auto error = parse_error(std::string("\n   \r\n") + std::string(head) +
                                 "<Error><Code>SlowDown</Code><Message>a &lt; b</Message><Region>eu</Region></Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "SlowDown");
  EXPECT_EQ(error->message, "a < b");
  EXPECT_EQ(error->region, "eu");
  EXPECT_EQ(parse_error("<ErrorResponse xmlns='x'><Error><Code>ExpiredToken</Code></Error></ErrorResponse>")->code,
            "ExpiredToken");
  for (const char* other : {"", "text", "<CopyObjectResult/>", "<Error", "{\"Error\":1}"})
    EXPECT_FALSE(parse_error(other)) << other;
  EXPECT_EQ(parse_error("<?xml version='1.0'?> <!-- a --><s3:Error xmlns:s3='x'><Code>C</Code></s3:Error>")->code, "C");
  EXPECT_EQ(parse_error("<!-- <Other/> -->\n<Error>\n<Code>C</Code></Error>")->code, "C");
  EXPECT_TRUE(parse_error("<Error/>"));
  for (const char* other : {"<?xml", "<!-- <Error/>", "< Error/>", "<ErrorX><Code>C</Code></ErrorX>",
                            "<?xml version='1.0'?><ListBucketResult><Error><Code>C</Code></Error>"})
    EXPECT_FALSE(parse_error(other)) << other;
  // A document type is read past; nothing it names is looked up.
  EXPECT_EQ(parse_error("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><Error><Code>&e;</Code></Error>")->code,
            "&e;");
}

TEST(Xml, Uploads) {
  EXPECT_EQ(parse_upload_id("<InitiateMultipartUploadResult><UploadId>u+/1</UploadId></InitiateMultipartUploadResult>"),
            "u+/1");
  EXPECT_EQ(
      parse_completed("<CompleteMultipartUploadResult><ETag>&#34;e-2&#34;</ETag></CompleteMultipartUploadResult>"),
      "e-2");
  EXPECT_EQ(parse_copy("<CopyPartResult><ETag>\"e\"</ETag></CopyPartResult>").etag, "e");
  const std::vector<UploadedPart> parts{{"e1", "AAAAAA=="}, {"e2", ""}};
  EXPECT_EQ(
      complete_request(parts),
      "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<Part><PartNumber>1</PartNumber><ETag>&quot;e1&quot;</ETag><ChecksumCRC32C>AAAAAA==</ChecksumCRC32C></Part>"
      "<Part><PartNumber>2</PartNumber><ETag>&quot;e2&quot;</ETag></Part></CompleteMultipartUpload>");
}

TEST(Xml, Deleting) {
  const std::vector<std::string> keys{"a&b<c>", "é \"'"};
  EXPECT_EQ(delete_request(keys),
            "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a&amp;b&lt;c&gt;</Key></Object>"
            "<Object><Key>é &quot;'</Key></Object><Quiet>true</Quiet></Delete>");
  const auto failed = parse_deleted(
      "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>AccessDenied</Code></Error></"
      "DeleteResult>");
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].key, "b");
  EXPECT_FALSE(can_be_in_xml("a\nb"));
  EXPECT_TRUE(can_be_in_xml("a/é😀"));
}

TEST(Xml, TagsAndBuckets) {
  const std::vector<Tag> tags{{"k", "v & w"}};
  const auto text = tagging_request(tags);
  const auto back = parse_tags(text);
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].value, "v & w");
  EXPECT_EQ(create_bucket_request("us-east-1"), "");
  EXPECT_NE(create_bucket_request("eu-west-1").find("<LocationConstraint>eu-west-1</LocationConstraint>"),
            std::string::npos);
}

}  // namespace
}  // namespace weir::s3
