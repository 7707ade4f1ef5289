#pragma once

/// @file
/// The PostgreSQL backend's own handle: SQL with typed parameters and rows, COPY both ways, notifications, on the same
/// connections as everything else.

#include <weir/awaitable.hpp>
#include <weir/export.hpp>
#include <weir/postgresql_value.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace weir {

namespace postgres {
class CopyChannel;
class Link;
class Listener;
class Rows;
class TransactionConduit;
/// Makes `postgresql:` URLs work. weir::weir calls it; programs that link weir::postgresql by itself call it once.
WEIR_API void install();
}  // namespace postgres

/// A row of a result; it keeps the result alive.
class WEIR_API PostgresRow {
 public:
  PostgresRow() = default;
  PostgresRow(std::shared_ptr<const postgres::Rows> rows, std::size_t row) noexcept
      : rows_(std::move(rows)), row_(row) {}

  std::size_t size() const noexcept;
  /// @throws Error invalid_argument when there is no such column.
  bool is_null(std::size_t column) const { return field(column).null; }
  bool is_null(std::string_view column) const { return field(column).null; }
  /// As postgres_get says. @throws Error invalid_argument
  template <class T>
  T get(std::size_t column) const {
    return postgres_get<T>(field(column));
  }
  template <class T>
  T get(std::string_view column) const {
    return postgres_get<T>(field(column));
  }
  /// The first columns, typed.
  template <class... T>
  std::tuple<T...> to() const {
    return to_tuple<T...>(std::index_sequence_for<T...>());
  }
  PostgresField field(std::size_t column) const;
  PostgresField field(std::string_view column) const;

 private:
  template <class... T, std::size_t... I>
  std::tuple<T...> to_tuple(std::index_sequence<I...>) const {
    return std::tuple<T...>(get<T>(I)...);
  }
  std::shared_ptr<const postgres::Rows> rows_;
  std::size_t row_ = 0;
};

/// The result of one statement. Copies are cheap and share it.
class WEIR_API PostgresRows {
 public:
  PostgresRows() = default;
  explicit PostgresRows(std::shared_ptr<const postgres::Rows> rows) noexcept : rows_(std::move(rows)) {}

  std::size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }
  std::vector<std::string> columns() const;
  /// Rows that an INSERT, UPDATE, DELETE or MERGE changed, or that a SELECT gave.
  std::uint64_t affected() const noexcept;
  /// @throws Error invalid_argument when there is no such row.
  PostgresRow operator[](std::size_t row) const;

  class Iterator {
   public:
    using value_type = PostgresRow;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const PostgresRows* rows, std::size_t at) noexcept : rows_(rows), at_(at) {}
    PostgresRow operator*() const { return (*rows_)[at_]; }
    Iterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      const Iterator before = *this;
      ++at_;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.at_ == b.at_; }

   private:
    const PostgresRows* rows_ = nullptr;
    std::size_t at_ = 0;
  };
  Iterator begin() const noexcept { return {this, 0}; }
  Iterator end() const noexcept { return {this, size()}; }

 private:
  std::shared_ptr<const postgres::Rows> rows_;
};

/// Rows on their way into a table: `COPY … FROM STDIN`. Destroyed without `finish` nothing is stored, and the
/// connection is closed. Move-only; one operation at a time; belongs to the loop it was made on.
class WEIR_API PostgresCopyIn {
 public:
  PostgresCopyIn() = default;
  explicit PostgresCopyIn(std::shared_ptr<postgres::CopyChannel> channel) noexcept;
  PostgresCopyIn(PostgresCopyIn&&) noexcept = default;
  PostgresCopyIn& operator=(PostgresCopyIn&&) noexcept = default;
  PostgresCopyIn(const PostgresCopyIn&) = delete;
  PostgresCopyIn& operator=(const PostgresCopyIn&) = delete;
  ~PostgresCopyIn();

  explicit operator bool() const noexcept { return channel_ != nullptr; }
  /// Bytes in the format that the statement names; returns when the connection has taken them, which is how a slow
  /// server slows the writer down.
  awaitable<void> write(std::string bytes);
  /// One row of `FORMAT binary`. Each value must have the column's own type: an `int4` takes a 32-bit integer. What is
  /// sent is gathered to pieces of 64 KiB.
  template <class... Values>
  awaitable<void> write_row(const Values&... values) {
    return add_row(values...) ? flush() : ready();
  }
  awaitable<void> write_row_values(std::vector<PostgresValue> row);
  /// The same without a wait: the row is only put to those gathered, in memory. True: there are 64 KiB of them, which
  /// is the time for `flush`; `finish` sends what is left.
  ///
  ///     for (const auto& p : points)
  ///       if (in.add_row(p.id, p.x, p.y)) co_await in.flush();
  template <class... Values>
  bool add_row(const Values&... values) {
    std::string& rows = begin_row(sizeof...(Values));
    const auto before = rows.size() - 2;  // the number of fields stands there already
    try {
      (add_field(rows, values), ...);
    } catch (...) {
      rows.resize(before);
      throw;
    }
    return rows.size() >= piece_bytes;
  }
  /// Sends the rows gathered; returns when the connection has taken them.
  awaitable<void> flush();
  /// Ends it and gives the number of rows stored. What the server found wrong with any of them is thrown here. An error
  /// with `maybe_applied()` leaves open whether the rows are stored: the answer was late or lost.
  awaitable<std::uint64_t> finish();

 private:
  static constexpr std::size_t piece_bytes = 64 * 1024;
  std::string& begin_row(std::size_t fields);
  static awaitable<void> ready();
  template <class T>
  static void add_field(std::string& rows, const T& value) {
    if constexpr (std::same_as<T, std::int16_t> || std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t>)
      postgres::append_field(rows, std::int64_t{value}, static_cast<int>(sizeof(T)));
    else if constexpr (std::same_as<T, double> || std::same_as<T, PostgresTime>)
      postgres::append_field(rows, value);
    else if constexpr (std::convertible_to<const T&, std::string_view> && !std::same_as<T, std::nullptr_t>)
      postgres::append_field(rows, std::string_view(value));
    else
      postgres::append_field(rows, PostgresValue(value));
  }
  std::shared_ptr<postgres::CopyChannel> channel_;
};

/// Rows on their way out: `COPY … TO STDOUT`. Destroyed half-way the connection is closed.
class WEIR_API PostgresCopyOut {
 public:
  PostgresCopyOut() = default;
  explicit PostgresCopyOut(std::shared_ptr<postgres::CopyChannel> channel) noexcept;
  PostgresCopyOut(PostgresCopyOut&&) noexcept = default;
  PostgresCopyOut& operator=(PostgresCopyOut&&) noexcept = default;
  PostgresCopyOut(const PostgresCopyOut&) = delete;
  PostgresCopyOut& operator=(const PostgresCopyOut&) = delete;
  ~PostgresCopyOut();

  explicit operator bool() const noexcept { return channel_ != nullptr; }
  /// The next piece, one row or header of the format; empty at the end. Nothing is read ahead of the consumer beyond
  /// what the socket holds.
  awaitable<std::optional<std::string>> next();

 private:
  std::shared_ptr<postgres::CopyChannel> channel_;
};

/// What NOTIFY sent.
struct PostgresNotification {
  PostgresNotification() = default;
  std::string channel;
  std::string payload;
  int process = 0;  ///< of the session that sent it
  /// The connection had been lost and was made again before this: notifications in between are lost. `channel` and
  /// `payload` are empty.
  bool gap = false;
};

/// Notifications of some channels, on a connection of its own that is made again when it is lost. Move-only; may be
/// destroyed anywhere, also after its loop ended.
class WEIR_API PostgresNotifications {
 public:
  PostgresNotifications() = default;
  explicit PostgresNotifications(const std::shared_ptr<postgres::Listener>& listener) noexcept;
  PostgresNotifications(PostgresNotifications&& other) noexcept;
  PostgresNotifications& operator=(PostgresNotifications&& other) noexcept;
  PostgresNotifications(const PostgresNotifications&) = delete;
  PostgresNotifications& operator=(const PostgresNotifications&) = delete;
  ~PostgresNotifications();

  explicit operator bool() const noexcept { return made_; }
  /// Waits for the next one; there is no time limit. *Errors*: `cancelled` once it is closed, and what will not pass by
  /// itself, such as a password that is no longer right. At most 10,000 wait to be read; beyond that the oldest are
  /// dropped, which shows as a `gap`.
  awaitable<PostgresNotification> next();
  /// Ends it; a `next` that waits throws `cancelled`.
  void close() noexcept;

 private:
  std::weak_ptr<postgres::Listener> listener_;  // which its loop owns
  bool made_ = false;
};

/// SQL on the database behind a handle: `db.native<weir::PostgresDatabase>()`.
///
/// *Thread safety*: as AsyncDatabase; copies are the same database. *Executor*, *cancellation*: as every operation; a
/// statement that runs is cancelled on the server. *Errors*: weir::Error with the SQLSTATE as `server_code()`; repeated
/// is nothing. Transaction control (`BEGIN`, `COMMIT`, …) is refused: it is AsyncDatabase::begin's.
///
/// Each statement has a connection to itself. What it leaves behind there (SET, LISTEN, temporary tables, prepared
/// statements) is undone before the connection goes to the next user, by `DISCARD ALL`. Not seen are `set_config()` and
/// session-level advisory locks inside a SELECT: use `with_reset` for such statements.
class WEIR_API PostgresDatabase {
 public:
  explicit PostgresDatabase(std::shared_ptr<postgres::Link> link);

  /// The same with a time limit for each call, 0 = none; without one, the option `timeout` holds.
  PostgresDatabase with_timeout(std::chrono::milliseconds timeout) const;
  /// The same, sharing connections with others by pipelining: a promise that the statements are short and leave nothing
  /// behind in the session.
  PostgresDatabase shared() const;
  /// The same, with a `DISCARD ALL` behind each statement.
  PostgresDatabase with_reset() const;

  /// All rows of one statement. Parameters are bound to `$1`, `$2`, …; never put a value into the text.
  template <class... Parameters>
  awaitable<PostgresRows> query(std::string sql, Parameters&&... parameters) const {
    return query_values(std::move(sql), pack(std::forward<Parameters>(parameters)...));
  }
  /// The number of rows that one statement changed.
  template <class... Parameters>
  awaitable<std::uint64_t> execute(std::string sql, Parameters&&... parameters) const {
    return execute_values(std::move(sql), pack(std::forward<Parameters>(parameters)...));
  }
  /// `COPY … FROM STDIN`, in any format. It has a connection to itself until it is finished or destroyed.
  awaitable<PostgresCopyIn> copy_in(std::string sql) const;
  /// `COPY … TO STDOUT`, in any format.
  awaitable<PostgresCopyOut> copy_out(std::string sql) const;
  /// Returns when the server listens. `unsupported` behind a transaction-mode PgBouncer.
  awaitable<PostgresNotifications> listen(std::vector<std::string> channels) const;
  awaitable<void> notify(std::string channel, std::string payload) const;

  awaitable<PostgresRows> query_values(std::string sql, std::vector<PostgresValue> parameters) const;
  awaitable<std::uint64_t> execute_values(std::string sql, std::vector<PostgresValue> parameters) const;

 private:
  friend class PostgresTransaction;
  template <class... Parameters>
  static std::vector<PostgresValue> pack(Parameters&&... parameters) {
    std::vector<PostgresValue> out;
    out.reserve(sizeof...(Parameters));
    (out.emplace_back(std::forward<Parameters>(parameters)), ...);
    return out;
  }

  std::shared_ptr<postgres::Link> link_;
  std::chrono::milliseconds timeout_;
  bool shared_ = false;
  bool reset_ = false;
};

/// SQL inside a transaction: `tx.native<weir::PostgresTransaction>()`. Lives as long as the transaction; the same rules
/// of use. After an error the transaction can only be rolled back, to a savepoint or wholly.
class WEIR_API PostgresTransaction {
 public:
  PostgresTransaction(std::shared_ptr<postgres::TransactionConduit> conduit, std::chrono::milliseconds timeout);

  template <class... Parameters>
  awaitable<PostgresRows> query(std::string sql, Parameters&&... parameters) const {
    return query_values(std::move(sql), PostgresDatabase::pack(std::forward<Parameters>(parameters)...));
  }
  template <class... Parameters>
  awaitable<std::uint64_t> execute(std::string sql, Parameters&&... parameters) const {
    return execute_values(std::move(sql), PostgresDatabase::pack(std::forward<Parameters>(parameters)...));
  }
  awaitable<PostgresRows> query_values(std::string sql, std::vector<PostgresValue> parameters) const;
  awaitable<std::uint64_t> execute_values(std::string sql, std::vector<PostgresValue> parameters) const;

 private:
  std::shared_ptr<postgres::TransactionConduit> conduit_;
  std::chrono::milliseconds timeout_;
};

}  // namespace weir
