// Signatures, by the examples that AWS publishes:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and …/sigv4-query-string-auth.html
#include "backends/s3/signer.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace weir::s3 {
namespace {

constexpr std::string_view access_key = "AKIAIOSFODNN7EXAMPLE";
constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr std::string_view moment = "20130524T000000Z";
constexpr std::string_view host = "examplebucket.s3.amazonaws.com";

SigningKey key() { return SigningKey(secret, moment.substr(0, 8), "us-east-1", "s3"); }

std::string signature(std::string_view method, std::string_view path, std::string_view query,
                      const std::vector<SignedField>& fields, std::string_view payload) {
  return key().sign(Signable{method, path, query, fields, payload}, moment);
}

TEST(Signer, GetsARange) {
  const std::vector<SignedField> fields{
      {"host", host}, {"range", "bytes=0-9"}, {"x-amz-content-sha256", empty_payload}, {"x-amz-date", moment}};
  EXPECT_EQ(signature("GET", "/test.txt", "", fields, empty_payload),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  const Signable what{"GET", "/test.txt", "", fields, empty_payload};
  EXPECT_EQ(authorization(key(), access_key, what, moment),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(sha256_hex(canonical_request(what)), "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972");
}

TEST(Signer, PutsAnObject) {
  const auto payload = sha256_hex("Welcome to Amazon S3.");
  EXPECT_EQ(payload, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
  EXPECT_EQ(signature("PUT", "/" + encoded("test$file.text", Slash::keep), "",
                      {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                       {"host", host},
                       {"x-amz-content-sha256", payload},
                       {"x-amz-date", moment},
                       {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                      payload),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(Signer, ParameterWithoutAValue) {
  EXPECT_EQ(signature("GET", "/", query_text({{"lifecycle", ""}}),
                      {{"host", host}, {"x-amz-content-sha256", empty_payload}, {"x-amz-date", moment}}, empty_payload),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(Signer, Lists) {
  EXPECT_EQ(signature("GET", "/", query_text({{"prefix", "J"}, {"max-keys", "2"}}),
                      {{"host", host}, {"x-amz-content-sha256", empty_payload}, {"x-amz-date", moment}}, empty_payload),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(Signer, Presigns) {
  const std::vector<SignedField> fields{{"host", host}};
  EXPECT_EQ(presigned_query(key(), access_key, "", "GET", "/test.txt", {}, fields, moment, std::chrono::hours(24)),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(Signer, RunsOfSpacesCountAsOne) {
  const std::vector<SignedField> many{{"host", host}, {"x-amz-meta-a", "a   b  c d  "}};
  EXPECT_EQ(canonical_request(Signable{"GET", "/", "", many, "P"}),
            "GET\n/\n\nhost:examplebucket.s3.amazonaws.com\nx-amz-meta-a:a b c d \n\nhost;x-amz-meta-a\nP");
}

TEST(Signer, KeysAreKeptForADay) {
  SigningKeys keys;
  const auto first = keys.get(secret, "20130524", "us-east-1", "s3");
  EXPECT_EQ(first, keys.get(secret, "20130524", "us-east-1", "s3"));
  EXPECT_NE(first, keys.get(secret, "20130525", "us-east-1", "s3"));
  EXPECT_EQ(keys.get(secret, "20130525", "eu-west-1", "s3")->scope(), "20130525/eu-west-1/s3/aws4_request");
  EXPECT_NE(keys.get("other", "20130525", "eu-west-1", "s3"), keys.get(secret, "20130525", "eu-west-1", "s3"));
}

TEST(Digest, KnownValues) {
  EXPECT_EQ(sha256_hex(""), empty_payload);
  std::string out;
  // RFC 4231, test cases 2 and 6: a key longer than a block.
  append_hex(out, HmacKey("Jefe").sign("what do ya want for nothing?"));
  EXPECT_EQ(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  out.clear();
  append_hex(out, HmacKey(std::string(131, '\xaa')).sign("Test Using Larger Than Block-Size Key - Hash Key First"));
  EXPECT_EQ(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(base64("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
  EXPECT_EQ(md5_base64(""), "1B2M2Y8AsgTpgAmY7PhCfg==");
}

TEST(Uri, EncodesOnce) {
  EXPECT_EQ(encoded("a b/ä?+&=%~!*'()", Slash::keep), "a%20b/%C3%A4%3F%2B%26%3D%25~%21%2A%27%28%29");
  EXPECT_EQ(encoded("a/b//../c"), "a%2Fb%2F%2F..%2Fc");
  EXPECT_EQ(query_text({{"b", ""}, {"a", "x y"}, {"a", "1"}, {"a-", "2"}}), "a=1&a=x%20y&a-=2&b=");
  EXPECT_EQ(decoded("a+b%2Bc%e4%zz%"), "a b+c\xe4%zz%");
}

TEST(Timestamp, ThereAndBack) {
  const auto time = parse_iso_time("2013-05-24T00:00:00.000Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(basic_time(*time), moment);
  EXPECT_EQ(basic_time(*parse_iso_time("2024-02-29T23:59:58Z")), "20240229T235958Z");
  EXPECT_EQ(*parse_iso_time("1970-01-01T00:00:01.250Z"), WallTime(std::chrono::milliseconds(1250)));
  EXPECT_EQ(basic_time(*parse_http_time("Sun, 06 Nov 1994 08:49:37 GMT")), "19941106T084937Z");
  for (const char* bad : {"", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT",
                          "Sun, 06 anF 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"})
    EXPECT_FALSE(parse_http_time(bad)) << bad;
  for (const char* bad : {"", "2023-02-29T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01", "2024-01-01T00:00:00+01:00",
                          "2024-01-01T00:00:00.x0Z", "x024-01-01T00:00:00Z"})
    EXPECT_FALSE(parse_iso_time(bad)) << bad;
}

}  // namespace
}  // namespace weir::s3
