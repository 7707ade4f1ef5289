#pragma once

/// @file
/// The SQLite backend's own handle: SQL, backup, checkpoints, on the same threads as everything else.

#include <weir/awaitable.hpp>
#include <weir/error.hpp>
#include <weir/export.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace weir {

namespace sqlite {
struct Link;
class SessionHandle;
/// Makes `sqlite:` URLs work. weir::weir calls it; programs that link weir::sqlite by itself call it once.
WEIR_API void install();
}  // namespace sqlite

/// A value of SQLite's five storage classes.
class WEIR_API SqliteValue {
 public:
  using Blob = std::vector<unsigned char>;
  using Variant = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

  SqliteValue() noexcept = default;  ///< NULL
  SqliteValue(std::nullptr_t) noexcept {}
  template <std::integral T>
  SqliteValue(T value) : value_(exact(value)) {}
  SqliteValue(double value) : value_(value) {}
  SqliteValue(std::string value) : value_(std::move(value)) {}
  SqliteValue(std::string_view value) : value_(std::string(value)) {}
  SqliteValue(const char* value) : value_(std::string(value)) {}
  SqliteValue(Blob value) : value_(std::move(value)) {}
  template <class T>
  SqliteValue(std::optional<T> value) {
    if (value) *this = SqliteValue(std::move(*value));
  }

  bool is_null() const noexcept { return value_.index() == 0; }
  const Variant& variant() const noexcept { return value_; }

  /// The value as `bool`, an integer, a floating-point number, `std::string`, `Blob`, or `std::optional` of one (empty
  /// for NULL). @throws Error invalid_argument when it is of another class or does not fit.
  template <class T>
  T get() const {
    if constexpr (IsOptional<T>::value) {
      if (is_null()) return std::nullopt;
      return get<typename T::value_type>();
    } else if constexpr (std::same_as<T, bool>) {
      return integer() != 0;
    } else if constexpr (std::integral<T>) {
      const auto number = integer();
      if (!std::in_range<T>(number)) mismatch("an integer that fits the type asked for");
      return static_cast<T>(number);
    } else if constexpr (std::floating_point<T>) {
      return static_cast<T>(real());
    } else if constexpr (std::same_as<T, std::string>) {
      return text();
    } else {
      static_assert(std::same_as<T, Blob>, "bool, integers, floating point, std::string, Blob or std::optional of one");
      return blob();
    }
  }

 private:
  template <class T>
  struct IsOptional : std::false_type {};
  template <class T>
  struct IsOptional<std::optional<T>> : std::true_type {};
  template <std::integral T>
  static std::int64_t exact(T value) {
    if constexpr (!std::same_as<T, bool>) {
      if (!std::in_range<std::int64_t>(value)) too_large();
    }
    return static_cast<std::int64_t>(value);
  }
  [[noreturn]] static void too_large();
  [[noreturn]] void mismatch(const char* wanted) const;
  std::int64_t integer() const;
  double real() const;
  const std::string& text() const;
  const Blob& blob() const;

  Variant value_;
};

/// A row of a result.
class WEIR_API SqliteRow {
 public:
  SqliteRow() = default;
  SqliteRow(std::shared_ptr<const std::vector<std::string>> columns, std::vector<SqliteValue> values);

  std::size_t size() const noexcept { return values_.size(); }
  /// In the order of the statement.
  const std::vector<std::string>& columns() const;
  /// @throws Error invalid_argument when there is no such column.
  const SqliteValue& at(std::size_t column) const;
  const SqliteValue& at(std::string_view column) const;
  template <class T>
  T get(std::size_t column) const {
    return at(column).template get<T>();
  }
  template <class T>
  T get(std::string_view column) const {
    return at(column).template get<T>();
  }

 private:
  std::shared_ptr<const std::vector<std::string>> columns_;
  std::vector<SqliteValue> values_;
};

/// SQL on the database behind a handle: `db.native<weir::SqliteDatabase>()`.
///
/// *Thread safety*: as AsyncDatabase; copies are the same database. *Executor*, *cancellation*: as every operation; a
/// statement that runs is interrupted. *Errors*: weir::Error with SQLite's extended result code as `server_code()`.
class WEIR_API SqliteDatabase {
 public:
  explicit SqliteDatabase(std::shared_ptr<sqlite::Link> link);

  /// The same with a time limit for each call; without one, the option `timeout` holds.
  SqliteDatabase with_timeout(std::chrono::milliseconds timeout) const;

  /// All rows of one statement. Parameters are bound to `?1`, `?2`, …; never put a value into the text. A statement
  /// that only reads runs beside others on a reader; one that writes (`… RETURNING`) in a transaction of its own on the
  /// writer.
  template <class... Parameters>
  awaitable<std::vector<SqliteRow>> query(std::string sql, Parameters&&... parameters) const {
    return query_values(std::move(sql), pack(std::forward<Parameters>(parameters)...));
  }
  /// Runs SQL on the writer and gives the number of rows changed by the last statement. Several statements, separated
  /// by semicolons, are committed one by one and take no parameters. A transaction that the SQL leaves open is rolled
  /// back and refused; use AsyncDatabase::begin.
  template <class... Parameters>
  awaitable<std::uint64_t> execute(std::string sql, Parameters&&... parameters) const {
    return execute_values(std::move(sql), pack(std::forward<Parameters>(parameters)...));
  }
  /// Writes one consistent copy of the database to another file, which is replaced; writers go on meanwhile.
  awaitable<void> backup(std::string path) const;
  /// Copies the write-ahead log into the file and empties it, as far as open streams let it.
  awaitable<void> checkpoint() const;

  awaitable<std::vector<SqliteRow>> query_values(std::string sql, std::vector<SqliteValue> parameters) const;
  awaitable<std::uint64_t> execute_values(std::string sql, std::vector<SqliteValue> parameters) const;

 private:
  friend class SqliteTransaction;
  template <class... Parameters>
  static std::vector<SqliteValue> pack(Parameters&&... parameters) {
    std::vector<SqliteValue> out;
    out.reserve(sizeof...(Parameters));
    (out.emplace_back(std::forward<Parameters>(parameters)), ...);
    return out;
  }

  std::shared_ptr<sqlite::Link> link_;
  std::chrono::milliseconds timeout_;
};

/// SQL inside a transaction: `tx.native<weir::SqliteTransaction>()`. Lives as long as the transaction; the same rules
/// of use. Transaction control (`COMMIT`, `SAVEPOINT`, …) is refused: it is the Transaction's.
class WEIR_API SqliteTransaction {
 public:
  SqliteTransaction(std::shared_ptr<sqlite::SessionHandle> session, std::chrono::milliseconds timeout, bool read_only);

  template <class... Parameters>
  awaitable<std::vector<SqliteRow>> query(std::string sql, Parameters&&... parameters) const {
    return query_values(std::move(sql), SqliteDatabase::pack(std::forward<Parameters>(parameters)...));
  }
  template <class... Parameters>
  awaitable<std::uint64_t> execute(std::string sql, Parameters&&... parameters) const {
    return execute_values(std::move(sql), SqliteDatabase::pack(std::forward<Parameters>(parameters)...));
  }
  awaitable<std::vector<SqliteRow>> query_values(std::string sql, std::vector<SqliteValue> parameters) const;
  awaitable<std::uint64_t> execute_values(std::string sql, std::vector<SqliteValue> parameters) const;

 private:
  std::shared_ptr<sqlite::SessionHandle> session_;
  std::chrono::milliseconds timeout_;
  bool read_only_;
};

}  // namespace weir
