#include "backends/postgresql/wire/result.hpp"

namespace weir::postgres {
namespace {

std::string field(const PGresult* result, int code) {
  const char* const text = PQresultErrorField(result, code);
  return text == nullptr ? std::string() : std::string(text);
}

}  // namespace

ServerError server_error_of(const PGresult* result) {
  ServerError error;
  error.state = field(result, PG_DIAG_SQLSTATE);
  error.message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  error.constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
  error.column = field(result, PG_DIAG_COLUMN_NAME);
  error.source = field(result, PG_DIAG_SOURCE_FUNCTION);
  const std::string severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  error.fatal = severity == "FATAL" || severity == "PANIC";
  if (error.message.empty()) error.message = PQresultErrorMessage(result);
  return error;
}

}  // namespace weir::postgres
