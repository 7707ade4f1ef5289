#pragma once

#include "backends/postgresql/operations.hpp"

namespace weir::postgres {

// Whether write_many needs one statement only: that happens as a whole or not at all, without a transaction around it.
bool is_one_statement(const Call& call, WriteKind kind, const std::vector<Record>& records,
                      const BatchOptions& options);

}  // namespace weir::postgres
