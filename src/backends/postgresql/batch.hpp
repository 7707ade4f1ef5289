#pragma once

#include "backends/postgresql/transaction.hpp"

namespace weir::postgres {

// Whether write_many needs one statement only: that happens as a whole or not at all, without a transaction around it.
bool is_one_statement(const Call& call, WriteKind kind, const std::vector<Record>& records,
                      const BatchOptions& options);

// All or nothing, in a transaction that has nothing else to do and is committed behind it.
awaitable<BatchResult> write_atomically(CallContext context, std::shared_ptr<TransactionConduit> transaction,
                                        WriteKind kind, std::vector<Record> records, BatchOptions options);

}  // namespace weir::postgres
