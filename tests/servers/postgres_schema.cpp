#include "servers/postgres_schema.hpp"

#include <libpq-fe.h>

#include <iostream>
#include <stdexcept>

namespace weir::test {

std::vector<std::vector<std::string>> run_sql(const std::string& url, const std::string& sql) {
  const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdb(url.c_str()), &PQfinish);
  PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
  if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection.get()));
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection.get(), sql.c_str()), &PQclear);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw std::runtime_error(sql + ": " + PQerrorMessage(connection.get()));
  std::vector<std::vector<std::string>> rows(static_cast<std::size_t>(PQntuples(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row)
    for (int column = 0; column < PQnfields(result.get()); ++column)
      rows[static_cast<std::size_t>(row)].emplace_back(PQgetvalue(result.get(), row, column));
  return rows;
}

std::shared_ptr<void> make_schema(const std::string& url, const std::string& schema) {
  run_sql(url, "CREATE SCHEMA \"" + schema + "\"");
  return std::shared_ptr<void>(nullptr, [url, schema](void*) {
    try {
      run_sql(url, "SET lock_timeout = '5s'; DROP SCHEMA \"" + schema + "\" CASCADE");
    } catch (const std::exception& error) {
      std::cerr << "a schema of a test stays behind: " << error.what() << '\n';
    }
  });
}

}  // namespace weir::test
