#include "backends/postgresql/wire/cancel_key.hpp"

#include <gtest/gtest.h>

namespace weir::postgres {
namespace {

using namespace std::string_literals;

TEST(CancelKey, is_found_in_libpqs_trace) {
  const auto key = parse_key_line("B\t12\tBackendKeyData\t 4711 -1234567");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->process, 4711);
  EXPECT_EQ(key->secret, "\xff\xed\x29\x79"s);
}

// libpq 18 shows the bytes, escaped where they are not printable, of a key that may be longer.
TEST(CancelKey, is_found_in_the_trace_of_libpq_18) {
  const auto secret = [](const char* length, const std::string& bytes) {
    const auto key = parse_key_line("B\t"s + length + "\tBackendKeyData\t 29050 '" + bytes + "'");
    return key ? key->secret : "none";
  };
  EXPECT_EQ(secret("12", R"(\x09\xef&\xec)"), "\x09\xef&\xec"s);
  EXPECT_EQ(secret("12", R"(\x09\xffffffef&\xffffffec)"), "\x09\xef&\xec"s);
  EXPECT_EQ(secret("12", "abcd"), "abcd");
  EXPECT_EQ(secret("12", "'' '"), "'' '");
  EXPECT_EQ(secret("12", R"(\x41)"), R"(\x41)");  // four bytes that look like one
  EXPECT_EQ(secret("12", R"(\x4\x80)"), "\\x4\x80"s);
  EXPECT_EQ(secret("40", std::string(32, 'k')), std::string(32, 'k'));
  EXPECT_EQ(secret("12", "abc"), "none");
  EXPECT_EQ(secret("12", R"(\x09\xef&\xec\xec)"), "none");
  EXPECT_EQ(secret("8", ""), "none");
  EXPECT_EQ(secret("300", std::string(292, 'k')), "none");
}

TEST(CancelKey, nothing_else_is_taken_for_it) {
  for (const char* line : {"", "BackendKeyData", "B\t12\tBackendKeyData\t 1", "B\t12\tBackendKeyData\t NNNN NNNN",
                           "F\t12\tBackendKeyData\t 1 2", "B\t22\tParameterStatus\t \"application_name\" \"weir\"",
                           "B\t40\tNoticeResponse\t \"\tBackendKeyData\t 1 2\""})
    EXPECT_FALSE(parse_key_line(line)) << line;
}

TEST(CancelKey, the_request) {
  CancelKey key;
  key.process = 1;
  key.secret = std::string(4, '\xff');
  EXPECT_EQ(cancel_request(key), "\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\1\xff\xff\xff\xff"s);
  key.secret = std::string(32, 'k');
  EXPECT_EQ(cancel_request(key), "\0\0\0\x2c\x04\xd2\x16\x2e\0\0\0\1"s + key.secret);
}

}  // namespace
}  // namespace weir::postgres
