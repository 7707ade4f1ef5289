#pragma once

// Preparing and looking into a PostgreSQL server, past the library under test: plain libpq, one blocking statement
// after another.

#include <memory>
#include <string>
#include <vector>

namespace weir::test {

/// Makes a schema and drops it, with all that is in it, when the result is destroyed.
std::shared_ptr<void> make_schema(const std::string& url, const std::string& schema);

/// Runs one or several statements without parameters; the rows of the last one. Throws std::runtime_error.
std::vector<std::vector<std::string>> run_sql(const std::string& url, const std::string& sql);

}  // namespace weir::test
