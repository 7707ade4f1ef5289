#pragma once

/// @file
/// The handle of a database.

#include <weir/awaitable.hpp>
#include <weir/config.hpp>
#include <weir/error.hpp>
#include <weir/export.hpp>
#include <weir/options.hpp>
#include <weir/pool_stats.hpp>
#include <weir/query.hpp>
#include <weir/record.hpp>
#include <weir/record_stream.hpp>
#include <weir/results.hpp>
#include <weir/transaction.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace weir {

namespace detail {
struct DatabaseHandle;
struct TransactionRetry;
}  // namespace detail

/// One database, from any thread and any loop.
///
/// *Thread safety*: a handle is cheap to copy and safe to use from any thread and any loop; copies are one database.
/// Every operation runs on the executor of the coroutine that awaits it, with connections of that coroutine's loop.
/// *Lifetimes*: an operation keeps what it needs alive; the handle may die before the awaitable starts. Destroying the
/// last handle without close() is right: nothing blocks. *Cancellation*: all kinds while the operation waits for a
/// connection, `terminal` once bytes were sent. A cancelled call ends with an error equal to
/// boost::system::errc::operation_canceled. *Errors*: weir::Error. Absence is no error, an outage is never absence.
/// After close(): `pool_closed`.
class WEIR_API AsyncDatabase {
 public:
  /// Empty: can be destroyed, assigned and tested; any other use throws `invalid_argument`.
  AsyncDatabase() noexcept;
  AsyncDatabase(const AsyncDatabase&) noexcept;
  AsyncDatabase(AsyncDatabase&&) noexcept;
  AsyncDatabase& operator=(const AsyncDatabase&) noexcept;
  AsyncDatabase& operator=(AsyncDatabase&&) noexcept;
  ~AsyncDatabase();
  explicit operator bool() const noexcept;

  /// Validates and does no I/O, unless `connect_on_open` or `min_size > 0`.
  static awaitable<AsyncDatabase> open(std::string url);  ///< "postgresql://…", "sqlite:people.db", …
  static awaitable<AsyncDatabase> open(const char* url);  ///< the same; a literal would fit Json as well
  static awaitable<AsyncDatabase> open(std::string backend, Json options);
  static awaitable<AsyncDatabase> open(Json config);  ///< {"backend": …, …} or {"url": …}
  static awaitable<AsyncDatabase> open(Config config);

  /// Stores a new record and gives its id (a UUIDv7 when the record has none). `already_exists` when the id is stored.
  awaitable<std::string> create(Record record, WriteOptions options = {}) const;
  awaitable<std::optional<Record>> read(std::string id) const;
  /// Replaces fields and metadata; false when absent.
  awaitable<bool> update(std::string id, Record record, WriteOptions options = {}) const;
  /// Merges into the fields by RFC 7396 (null removes); false when absent.
  awaitable<bool> patch(std::string id, Json merge_patch, WriteOptions options = {}) const;
  /// Creates or replaces; gives the id.
  awaitable<std::string> upsert(Record record, WriteOptions options = {}) const;
  /// False when absent.
  awaitable<bool> remove(std::string id, WriteOptions options = {}) const;
  awaitable<bool> exists(std::string id) const;

  awaitable<std::vector<Record>> search(Query query) const;
  /// Matching records, whatever limit and offset say.
  awaitable<std::uint64_t> count(Query query = {}) const;
  /// The records that `search` would give, one after another. Lazy: the first next() starts it.
  RecordStream stream(Query query = {}, StreamOptions options = {}) const;

  awaitable<BatchResult> create_batch(std::vector<Record> records, BatchOptions options = {}) const;
  awaitable<BatchResult> upsert_batch(std::vector<Record> records, BatchOptions options = {}) const;
  awaitable<std::vector<std::optional<Record>>> read_batch(std::vector<std::string> ids) const;
  awaitable<BatchResult> remove_batch(std::vector<std::string> ids, BatchOptions options = {}) const;
  /// Writes a stream of any length with bounded memory.
  awaitable<WriteStats> write(RecordStream records, WriteStreamOptions options = {}) const;
  /// Removes (patches) every record that matches; gives their number. Order, limit and offset are refused
  /// (`invalid_query`).
  awaitable<std::uint64_t> remove_where(Query query) const;
  awaitable<std::uint64_t> patch_where(Query query, Json merge_patch) const;

  /// `unsupported` where the store has no transactions.
  awaitable<Transaction> begin(TransactionOptions options = {}) const;
  /// begin, body, commit; the whole again on serialization_failure or deadlock, at most `max_attempts` times. Gives the
  /// body's value. The body may run several times: Transaction::attempt() tells. Give a body with captures by value as
  /// a named local.
  template <class Body>
  auto transact(Body&& body, TransactionOptions options = {}) const -> std::invoke_result_t<Body&, Transaction&>;

  /// What will run on the store, with which index, or why it is refused. {"backend", "filter", "statement"/…, "index":
  /// […]}
  awaitable<Json> explain(Query query) const;
  /// An outage is reported in Health; throws only `cancelled` and `pool_closed`.
  awaitable<Health> ping() const;
  /// The sum over all loops.
  PoolStats stats() const;
  /// What one loop has.
  PoolStats stats(const boost::asio::any_io_executor& executor) const;
  Capabilities capabilities() const;
  /// Secrets are redacted when printed.
  const Config& config() const;
  /// The same database and pools with other defaults; settings left empty stay as they are here.
  AsyncDatabase with(CallOptions options) const;
  /// The store's own handle: PostgresDatabase, ElasticsearchDatabase, S3Database, SqliteDatabase. `invalid_argument`
  /// when it is another. Lives as long as the database.
  template <class Native>
  Native& native() const {
    return *static_cast<Native*>(native_pointer(typeid(Native)));
  }
  /// Ends the database for all its handles on every loop; waits at most `drain` for what is running (default: the
  /// option `drain_timeout`). Calling it again does nothing.
  awaitable<void> close(std::optional<std::chrono::milliseconds> drain = {}) const;

 private:
  friend struct detail::TransactionRetry;
  explicit AsyncDatabase(std::shared_ptr<const detail::DatabaseHandle> handle) noexcept;
  void* native_pointer(const std::type_info& type) const;
  std::shared_ptr<const detail::DatabaseHandle> handle_;
};

namespace detail {

/// The loop behind AsyncDatabase::transact, kept out of the template as far as possible.
struct WEIR_API TransactionRetry {
  static awaitable<Transaction> begin(AsyncDatabase database, TransactionOptions options, unsigned attempt);
  /// True when the body is to be run again (after a jittered pause); rethrows otherwise.
  static awaitable<bool> again(std::exception_ptr error, TransactionOptions options, unsigned attempt);
};

template <class Body, class Result>
awaitable<Result> run_transaction(AsyncDatabase database, Body body, TransactionOptions options) {
  for (unsigned attempt = 1;; ++attempt) {
    std::exception_ptr error;
    try {
      auto transaction = co_await TransactionRetry::begin(database, options, attempt);
      if constexpr (std::is_void_v<Result>) {
        co_await body(transaction);
        co_await transaction.commit();
        co_return;
      } else {
        Result result = co_await body(transaction);
        co_await transaction.commit();
        co_return result;
      }
    } catch (...) {
      error = std::current_exception();  // awaiting inside a handler is not allowed
    }
    co_await TransactionRetry::again(error, options, attempt);
  }
}

template <class Awaitable>
struct AwaitableResult;
template <class T, class Executor>
struct AwaitableResult<boost::asio::awaitable<T, Executor>> {
  using type = T;
};

}  // namespace detail

template <class Body>
auto AsyncDatabase::transact(Body&& body, TransactionOptions options) const
    -> std::invoke_result_t<Body&, Transaction&> {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
  static_assert(
      std::is_lvalue_reference_v<Body> || std::is_trivially_destructible_v<std::remove_cvref_t<Body>>,
      "g++ 12 destroys a temporary lambda with captures twice inside a co_await expression: "
      "give the body as a named local (auto body = [x](weir::Transaction& tx) …; co_await db.transact(body))");
#endif
  using Result = typename detail::AwaitableResult<std::invoke_result_t<Body&, Transaction&>>::type;
  return detail::run_transaction<std::remove_cvref_t<Body>, Result>(*this, std::forward<Body>(body),
                                                                    std::move(options));
}

}  // namespace weir
