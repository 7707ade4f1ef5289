#include "backends/postgresql/wire/cancel_key.hpp"

#include <gtest/gtest.h>

namespace weir::postgres {
namespace {

using namespace std::string_literals;

TEST(CancelKey, is_found_in_libpqs_trace) {
  const auto key = parse_key_line("B\t12\tBackendKeyData\t 4711 -1234567");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->process, 4711);
  EXPECT_EQ(key->secret, -1234567);
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
  key.secret = -1;
  EXPECT_EQ(cancel_request(key), "\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\1\xff\xff\xff\xff"s);
}

}  // namespace
}  // namespace weir::postgres
