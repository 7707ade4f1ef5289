#pragma once

/// @file
/// Transactions as RAII objects.

#include <weir/awaitable.hpp>
#include <weir/error.hpp>
#include <weir/export.hpp>
#include <weir/options.hpp>
#include <weir/query.hpp>
#include <weir/record.hpp>
#include <weir/record_stream.hpp>
#include <weir/results.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

namespace weir {

namespace detail {
struct TransactionState;
}

/// Several operations that happen together or not at all. Not committed = rolled back, at the latest by the destructor.
///
/// *Threads*: belongs to the loop of its first operation; one operation at a time; both are checked
/// (`invalid_argument`). The destructor may run anywhere and never blocks; the connection stays in use until the
/// rollback was answered. *Cancellation*: a cancelled operation leaves the transaction unusable but for rollback.
/// Records read inside see the transaction's own writes.
class WEIR_API Transaction {
 public:
  /// Empty: can be destroyed, assigned and tested; anything else throws `invalid_argument`.
  Transaction() noexcept;
  explicit Transaction(std::shared_ptr<detail::TransactionState> state);
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  explicit operator bool() const noexcept;

  awaitable<std::string> create(Record record, WriteOptions options = {});
  awaitable<std::optional<Record>> read(std::string id);
  awaitable<bool> update(std::string id, Record record, WriteOptions options = {});
  awaitable<bool> patch(std::string id, Json merge_patch, WriteOptions options = {});
  awaitable<std::string> upsert(Record record, WriteOptions options = {});
  awaitable<bool> remove(std::string id, WriteOptions options = {});
  awaitable<bool> exists(std::string id);

  awaitable<std::vector<Record>> search(Query query);
  awaitable<std::uint64_t> count(Query query = {});
  /// Ends with the transaction. Other operations of the transaction may run between two of its batches.
  RecordStream stream(Query query = {}, StreamOptions options = {});

  awaitable<BatchResult> create_batch(std::vector<Record> records, BatchOptions options = {});
  awaitable<BatchResult> upsert_batch(std::vector<Record> records, BatchOptions options = {});
  awaitable<std::vector<std::optional<Record>>> read_batch(std::vector<std::string> ids);
  awaitable<BatchResult> remove_batch(std::vector<std::string> ids, BatchOptions options = {});

  /// A nested transaction: its commit keeps its writes in this one, its rollback (or destruction) undoes only them.
  /// While it is open this one must not be used. `unsupported` where the store has no savepoints.
  awaitable<Transaction> savepoint();
  awaitable<void> commit();
  awaitable<void> rollback();
  /// 1 on the first run of a `transact` body, 2 on the second, …
  unsigned attempt() const;

  /// The store's own transaction object; `invalid_argument` when it is of another type.
  template <class Native>
  Native& native() const {
    return *static_cast<Native*>(native_pointer(typeid(Native)));
  }

 private:
  friend class AsyncDatabase;
  void* native_pointer(const std::type_info& type) const;
  std::shared_ptr<detail::TransactionState> state_;
};

}  // namespace weir
