#pragma once

// libpq's handles, and the functions of newer versions that are used when the library that is there has them.

#include <libpq-fe.h>

#include <memory>

namespace weir::postgres {

struct ClearResult {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

// Debian 12 has libpq 15, whose header knows none of these; they are found at run time.
struct Library {
  int version = 0;
  // 17: a Sync that waits for the next flush, so that many statements travel in one packet.
  int (*send_pipeline_sync)(PGconn*) = nullptr;
  // 17: closes a prepared statement by a message of its own, which is no SQL.
  int (*send_close_prepared)(PGconn*, const char* name) = nullptr;

  static const Library& instance();
};

}  // namespace weir::postgres
