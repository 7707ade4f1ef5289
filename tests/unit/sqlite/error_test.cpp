#include "backends/sqlite/error.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace weir::sqlite {
namespace {

TEST(SqliteError, every_code_has_its_meaning) {
  const std::pair<int, errc> table[] = {
      {SQLITE_BUSY, errc::unavailable},
      {SQLITE_BUSY_RECOVERY, errc::unavailable},
      {SQLITE_BUSY_TIMEOUT, errc::unavailable},
      {SQLITE_BUSY_SNAPSHOT, errc::serialization_failure},
      {SQLITE_LOCKED, errc::unavailable},
      {SQLITE_LOCKED_SHAREDCACHE, errc::unavailable},
      {SQLITE_PROTOCOL, errc::unavailable},
      {SQLITE_READONLY, errc::permission_denied},
      {SQLITE_READONLY_DIRECTORY, errc::permission_denied},
      {SQLITE_CANTOPEN, errc::permission_denied},
      {SQLITE_CANTOPEN_ISDIR, errc::permission_denied},
      {SQLITE_PERM, errc::permission_denied},
      {SQLITE_CORRUPT, errc::corrupt_data},
      {SQLITE_CORRUPT_INDEX, errc::corrupt_data},
      {SQLITE_NOTADB, errc::corrupt_data},
      {SQLITE_FULL, errc::storage_full},
      {SQLITE_TOOBIG, errc::too_large},
      {SQLITE_CONSTRAINT_UNIQUE, errc::constraint_violation},
      {SQLITE_CONSTRAINT_FOREIGNKEY, errc::constraint_violation},
      {SQLITE_INTERRUPT, errc::cancelled},
      {SQLITE_IOERR_READ, errc::server_error},
      {SQLITE_NOMEM, errc::server_error},
  };
  for (const auto& [code, kind] : table) {
    const Error error = make_error(code, "text");
    EXPECT_EQ(error.kind(), kind) << code;
    EXPECT_EQ(error.server_code(), std::to_string(code));
  }
  EXPECT_EQ(make_error(SQLITE_ERROR, "no such table: x").kind(), errc::not_found);
  EXPECT_EQ(make_error(SQLITE_ERROR, "near \"x\": syntax error").kind(), errc::server_error);
  EXPECT_TRUE(make_error(SQLITE_BUSY, "x").transient());
  EXPECT_FALSE(make_error(SQLITE_CORRUPT, "x").transient());
}

}  // namespace
}  // namespace weir::sqlite
