#pragma once

#include "api/database_handle.hpp"
#include "api/loop_owner.hpp"

#include <weir/transaction.hpp>

namespace weir::detail {

/// What a transaction and its savepoints share.
struct TransactionCore {
  TransactionCore(HandlePointer database, std::shared_ptr<BackendTransaction> transaction, TransactionOptions settings,
                  unsigned run)
      : handle(std::move(database)), backend(std::move(transaction)), options(std::move(settings)), attempt(run) {}

  const HandlePointer handle;
  std::shared_ptr<BackendTransaction> backend;  // null once committed or rolled back
  const TransactionOptions options;
  const unsigned attempt;
  unsigned depth = 0;  ///< of the innermost open savepoint; 0 = none
  unsigned abandoned =
      0;  ///< savepoints of this depth and deeper were destroyed: to be rolled back before the next operation
  bool broken = false;  ///< an operation was cancelled or lost: only rollback is left
  LoopOwner owner;
};

/// One level: the transaction itself (depth 0) or a savepoint.
struct TransactionState {
  TransactionState(std::shared_ptr<TransactionCore> shared, unsigned level) : core(std::move(shared)), depth(level) {}
  ~TransactionState();
  TransactionState(const TransactionState&) = delete;
  TransactionState& operator=(const TransactionState&) = delete;

  const std::shared_ptr<TransactionCore> core;
  const unsigned depth;
  bool finished = false;
};

}  // namespace weir::detail
