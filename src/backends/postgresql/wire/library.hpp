#pragma once

// libpq's handles, and the functions of newer versions that are used when the library that is there has them.

#include <libpq-fe.h>

#include <memory>
#include <optional>

struct pg_cancel_conn;  // libpq 17's PGcancelConn

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

  // 17: a cancel request as well encrypted and checked as the connection it is for, one step at a time.
  struct Cancel {
    pg_cancel_conn* (*create)(PGconn*) = nullptr;
    int (*start)(pg_cancel_conn*) = nullptr;
    PostgresPollingStatusType (*poll)(pg_cancel_conn*) = nullptr;
    int (*socket)(const pg_cancel_conn*) = nullptr;
    char* (*error)(const pg_cancel_conn*) = nullptr;
    void (*finish)(pg_cancel_conn*) = nullptr;
  };
  std::optional<Cancel> cancel;

  static const Library& instance();
};

}  // namespace weir::postgres
