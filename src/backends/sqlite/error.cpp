#include "backends/sqlite/error.hpp"

#include <sqlite3.h>

namespace weir::sqlite {

errc code_of(int extended, std::string_view message) noexcept {
  if (extended == SQLITE_BUSY_SNAPSHOT) return errc::serialization_failure;
  switch (extended & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return errc::unavailable;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH: return errc::permission_denied;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return errc::corrupt_data;
    case SQLITE_FULL: return errc::storage_full;
    case SQLITE_TOOBIG: return errc::too_large;
    case SQLITE_CONSTRAINT: return errc::constraint_violation;
    case SQLITE_INTERRUPT: return errc::cancelled;
    case SQLITE_MISMATCH:
    case SQLITE_RANGE: return errc::invalid_argument;
    case SQLITE_ERROR:
      if (message.starts_with("no such table") || message.starts_with("no such column")) return errc::not_found;
      return errc::server_error;
    default: return errc::server_error;
  }
}

Error make_error(int extended, std::string message) {
  const errc code = code_of(extended, message);
  return Error(code, std::move(message), ErrorContext{}.server_code(std::to_string(extended)));
}

}  // namespace weir::sqlite
