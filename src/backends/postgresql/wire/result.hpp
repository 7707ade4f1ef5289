#pragma once

#include "backends/postgresql/sql/server_error.hpp"
#include "backends/postgresql/wire/library.hpp"

namespace weir::postgres {

// What a result of status PGRES_FATAL_ERROR says.
ServerError server_error_of(const PGresult* result);

}  // namespace weir::postgres
