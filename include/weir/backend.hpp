#pragma once

/// @file
/// The narrow waist: what a store must be able to do. Derive from Backend, register a factory, and the store gets
/// deadlines, retry, metrics, the tool and the conformance suite. docs/backend-author.md is the guide, with a complete
/// example.

#include <weir/awaitable.hpp>
#include <weir/config.hpp>
#include <weir/export.hpp>
#include <weir/options.hpp>
#include <weir/pool_stats.hpp>
#include <weir/query.hpp>
#include <weir/record.hpp>
#include <weir/record_stream.hpp>
#include <weir/results.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <vector>

namespace weir {

/// What a write does. `update` and `patch` give false when the id is absent; `create` throws `already_exists`.
enum class WriteKind { create, upsert, update, patch, remove };

/// What is known about the call as it passes down.
struct CallContext {
  CallContext() = default;
  /// Absolute; time_point::max() means none.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  unsigned attempt = 1;
  /// The same as a duration, 0 = none: a stream's later fetches each have it anew.
  std::chrono::milliseconds timeout{0};
  std::string tag;  ///< CallOptions::tag
  /// CallOptions::retry; read by the layer above, which is what repeats calls.
  std::optional<RetryOptions> retry;
};

/// A transaction of a store, wrapped by Transaction, which checks its state: nothing is called after commit or rollback
/// began, and one call at a time. Destroyed without commit it rolls back without blocking, on any thread.
class WEIR_API BackendTransaction {
 public:
  virtual awaitable<std::optional<Record>> read(CallContext context, std::string id) = 0;
  /// As Backend::write.
  virtual awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) = 0;
  /// As Backend::scan; sees the transaction's own writes.
  virtual RecordStream scan(CallContext context, Query query, StreamOptions options) = 0;
  virtual awaitable<std::vector<Record>> search(CallContext context, Query query);
  virtual awaitable<std::uint64_t> count(CallContext context, Query query);
  virtual awaitable<std::vector<std::optional<Record>>> read_batch(CallContext context, std::vector<std::string> ids);
  virtual awaitable<BatchResult> write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                             BatchOptions options);
  virtual awaitable<void> commit(CallContext context) = 0;
  virtual awaitable<void> rollback(CallContext context) = 0;
  /// Savepoints nest: 1 is the outermost. The defaults throw `unsupported`.
  virtual awaitable<void> savepoint(CallContext context, unsigned depth);
  virtual awaitable<void> release_savepoint(CallContext context, unsigned depth);
  virtual awaitable<void> rollback_to_savepoint(CallContext context, unsigned depth);
  /// The store's own transaction object of that type, or null.
  virtual void* native(const std::type_info& type) noexcept;

 protected:
  BackendTransaction() = default;
  BackendTransaction(const BackendTransaction&) = default;
  BackendTransaction& operator=(const BackendTransaction&) = default;
  virtual ~BackendTransaction();
};

/// A store. One object serves every loop and thread; it finds the running loop's connections itself (PoolRegistry).
///
/// Five functions are pure; the others have a default built on them, or throw `unsupported`. Records arrive validated
/// (id of 1 to 512 bytes, numbers in range, UTF-8) and with an id, also on create. Errors are weir::Error; backend,
/// operation and endpoint are filled in above when left empty.
class WEIR_API Backend {
 public:
  virtual Capabilities capabilities() const = 0;
  /// Absence is nullopt; a store that cannot be asked throws.
  virtual awaitable<std::optional<Record>> read(CallContext context, std::string id) = 0;
  /// For `patch`, `record.fields` is the merge patch (RFC 7396); for `remove` only the id counts.
  /// False: the id is absent (update, patch, remove). `if_version` with an absent id: false for these, `conflict` for
  /// upsert.
  virtual awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) = 0;
  /// Exactly what the query says: filter, order, offset, limit, select. Does no I/O until the first next_batch().
  virtual RecordStream scan(CallContext context, Query query, StreamOptions options) = 0;
  /// Does not throw for an outage: Health says it.
  virtual awaitable<Health> ping(CallContext context) = 0;

  virtual awaitable<bool> exists(CallContext context, std::string id);
  virtual awaitable<std::vector<Record>> search(CallContext context, Query query);
  /// Matching records, whatever limit and offset say.
  virtual awaitable<std::uint64_t> count(CallContext context, Query query);
  virtual awaitable<std::vector<std::optional<Record>>> read_batch(CallContext context, std::vector<std::string> ids);
  virtual awaitable<BatchResult> write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                             BatchOptions options);
  virtual awaitable<std::uint64_t> remove_where(CallContext context, Query query);
  virtual awaitable<std::uint64_t> patch_where(CallContext context, Query query, Json merge_patch);
  virtual awaitable<std::shared_ptr<BackendTransaction>> begin(CallContext context, TransactionOptions options);
  virtual awaitable<Json> explain(CallContext context, Query query);
  /// Ends everything on every loop; waits at most `drain` for what is running. Called once.
  virtual awaitable<void> close(std::chrono::milliseconds drain);

  /// The sum over all loops; what one loop has. Reads only.
  virtual PoolStats stats() const;
  virtual PoolStats stats(const boost::asio::any_io_executor& executor) const;
  /// The store's own handle of that type, or null.
  virtual void* native(const std::type_info& type) noexcept;
  /// "people.db", "db1:5432": for error texts.
  virtual std::string endpoint() const;
  /// True when every operation ends by CallContext::deadline by itself; otherwise the layer above cancels it then.
  virtual bool enforces_deadline() const;
  /// True when a failed call is never worth repeating by others: the store is in this process or repeats by itself. The
  /// layer above then does not keep the records that it would need for it.
  virtual bool repeats_itself() const;
  /// True when no operation ever suspends (nothing but memory is touched): the layers above then add nothing to it.
  virtual bool immediate() const;

 protected:
  Backend() = default;
  Backend(const Backend&) = default;
  Backend& operator=(const Backend&) = default;
  virtual ~Backend();
};

/// For a store that cannot filter, or not all of it: what the query finds among `records` (filter, order, offset,
/// limit, selection). `match` is `unsupported`.
WEIR_API std::vector<Record> evaluate(std::vector<Record> records, const Query& query);
/// The same as the stream that Backend::scan gives: `load` is called at the first fetch, pieces are cut by `batch_size`
/// and `prefetch_bytes`. What `load` refers to has to outlive the stream's use.
WEIR_API RecordStream evaluate_stream(std::function<std::vector<Record>()> load, Query query, StreamOptions options);

/// Makes the store of a configuration. Does no I/O unless `connect_on_open` or `min_size` ask for it.
using BackendFactory = std::function<awaitable<std::shared_ptr<Backend>>(Config)>;

/// Makes `AsyncDatabase::open("name:…")` work. A name registered again replaces the former for later opens; under the
/// name of a backend of the library it takes its place, whenever that one was linked or installed. Thread-safe.
WEIR_API void register_backend(std::string name, BackendFactory factory);

}  // namespace weir
