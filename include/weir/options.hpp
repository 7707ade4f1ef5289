#pragma once

/// @file
/// What may be said about one call. Durations are std::chrono; an empty optional means "as the handle has it".

#include <weir/detail/setting.hpp>
#include <weir/export.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace weir {

/// When a write becomes visible to `search` on stores that have a refresh (Elasticsearch, OpenSearch); others ignore
/// it. `automatic`: wait for single writes, none for batches.
enum class Refresh { automatic, none, wait, now };
/// What a batch does at the first failed item. `stop` throws that item's error; items after it are not tried.
enum class OnError { stop, collect };
/// What a stream of writes does with an id that is stored already.
enum class OnConflict { insert, upsert, skip };
/// `automatic` is the store's own default.
enum class Isolation { automatic, read_committed, repeatable_read, serializable };

/// How often and how patiently a failed call is repeated. See docs/internals.md, "Retry".
class RetryOptions {
 public:
  RetryOptions() = default;
  WEIR_SETTING(RetryOptions, unsigned, max_attempts, 3)  ///< the first included; 1 switches retrying off
  WEIR_SETTING(RetryOptions, std::chrono::milliseconds, base, std::chrono::milliseconds{50})
  WEIR_SETTING(RetryOptions, std::chrono::milliseconds, throttle_base, std::chrono::milliseconds{1000})
  WEIR_SETTING(RetryOptions, std::chrono::milliseconds, max, std::chrono::milliseconds{20000})
  WEIR_SETTING(RetryOptions, bool, reads, true)   ///< repeat reads
  WEIR_SETTING(RetryOptions, bool, writes, true)  ///< repeat writes that are idempotent by construction
};

/// Defaults of a handle; see AsyncDatabase::with.
class CallOptions {
 public:
  CallOptions() = default;
  WEIR_SETTING(CallOptions, std::optional<std::chrono::milliseconds>, timeout, {})  ///< whole operation; 0 = none
  WEIR_SETTING(CallOptions, std::optional<RetryOptions>, retry, {})
  WEIR_SETTING(CallOptions, std::string, tag, {})  ///< shown in logs, metrics and pool reports
};

/// Options of one write.
class WriteOptions {
 public:
  WriteOptions() = default;
  /// The stored version must be this one, else `errc::conflict`. Checked by the store, atomically.
  WEIR_SETTING(WriteOptions, std::optional<std::string>, if_version, {})
  WEIR_SETTING(WriteOptions, Refresh, refresh, Refresh::automatic)
  WEIR_SETTING(WriteOptions, std::optional<std::chrono::milliseconds>, timeout, {})
};

/// Options of a batch of any size; it is cut into chunks by the store's limits or by `chunk`.
class BatchOptions {
 public:
  BatchOptions() = default;
  /// All or nothing; `unsupported` where the store has no transactions.
  WEIR_SETTING(BatchOptions, bool, atomic, false)
  WEIR_SETTING(BatchOptions, std::size_t, chunk, 0)        ///< records in one request; 0 = the store's best
  WEIR_SETTING(BatchOptions, std::size_t, concurrency, 0)  ///< requests in flight; 0 = the store's best
  WEIR_SETTING(BatchOptions, OnError, on_error, OnError::stop)
  WEIR_SETTING(BatchOptions, Refresh, refresh, Refresh::automatic)
  WEIR_SETTING(BatchOptions, std::optional<std::chrono::milliseconds>, timeout, {})
};

/// One of `count` disjoint parts that together are the whole.
class WEIR_API Partition {
 public:
  Partition() = default;
  /// `invalid_argument` unless index < count.
  Partition(std::size_t index, std::size_t count);
  std::size_t index() const { return index_; }
  std::size_t count() const { return count_; }

 private:
  std::size_t index_ = 0;
  std::size_t count_ = 1;
};

/// Options of a stream.
class StreamOptions {
 public:
  StreamOptions() = default;
  WEIR_SETTING(StreamOptions, std::size_t, batch_size, 1000)  ///< records fetched at a time
  /// Bytes of records held ahead of the consumer, about; a slow consumer stops the reads.
  WEIR_SETTING(StreamOptions, std::size_t, prefetch_bytes, std::size_t{1} << 20)
  /// A part of the query's result: filter, order, offset and limit first, then the part.
  WEIR_SETTING(StreamOptions, Partition, partition, {})
};

/// Options of AsyncDatabase::write.
class WriteStreamOptions {
 public:
  WriteStreamOptions() = default;
  WEIR_SETTING(WriteStreamOptions, OnConflict, on_conflict, OnConflict::insert)
  WEIR_SETTING(WriteStreamOptions, std::size_t, chunk, 1000)  ///< records in one request
  WEIR_SETTING(WriteStreamOptions, OnError, on_error, OnError::stop)
};

/// Options of a transaction.
class TransactionOptions {
 public:
  TransactionOptions() = default;
  WEIR_SETTING(TransactionOptions, Isolation, isolation, Isolation::automatic)
  WEIR_SETTING(TransactionOptions, bool, read_only, false)
  WEIR_SETTING(TransactionOptions, bool, deferrable, false)
  WEIR_SETTING(TransactionOptions, unsigned, max_attempts, 5)  ///< of `transact`, the first included
  WEIR_SETTING(TransactionOptions, std::optional<std::chrono::milliseconds>, timeout, {})
};

}  // namespace weir
