#pragma once

/// @file
/// What can go wrong, in one vocabulary for every store.

#include <weir/detail/setting.hpp>
#include <weir/export.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace weir {

/// The portable error codes. A `boost::system::error_code` can be compared with them directly.
enum class errc {
  already_exists = 1,     ///< create of an id that is stored already
  conflict,               ///< `if_version` named another version than the stored one
  not_found,              ///< the table, index, bucket or file is not there (an absent record is no error)
  invalid_argument,       ///< a value given by the caller; the text names it
  invalid_query,          ///< a filter, path, pattern or ordering that has no meaning
  unsupported,            ///< the store cannot do it; nothing else was done instead
  authentication_failed,  ///< the store does not believe who we are
  permission_denied,      ///< it does, and refuses
  connect_failed,         ///< no connection could be made
  tls_failed,             ///< handshake or certificate verification
  connection_lost,        ///< it broke after bytes were sent; see Error::maybe_applied()
  timeout,                ///< the deadline of the operation passed
  pool_timeout,           ///< no connection became free in time
  pool_full,              ///< too many callers are waiting already
  pool_closed,            ///< the database was closed
  throttled,              ///< the store asks for fewer requests
  unavailable,            ///< the store is there and cannot serve now
  constraint_violation,   ///< a rule of the schema other than the record's key
  serialization_failure,  ///< the transaction must be run again
  deadlock,               ///< the transaction was chosen as the victim and must be run again
  protocol_error,         ///< the peer broke its own protocol
  corrupt_data,           ///< what is stored cannot be read
  too_large,              ///< a record, batch or answer over a limit; the text names the limit
  server_error,           ///< the store failed in a way of its own; see Error::server_code()
  cancelled,              ///< the caller asked for it; compare with boost::system::errc::operation_canceled
  storage_full            ///< no room left on the store
};

/// The category of `errc`; its name is "weir".
WEIR_API const boost::system::error_category& error_category() noexcept;
WEIR_API boost::system::error_code make_error_code(errc code) noexcept;
/// The enumerator's own name, "pool_timeout". Static storage.
WEIR_API std::string_view to_string(errc code) noexcept;
/// Whether the same call may succeed later when it failed with this code and nothing more is known.
WEIR_API bool transient_by_default(errc code) noexcept;

/// Where and how an error happened. Holds neither secrets nor the user's data.
class ErrorContext {
 public:
  ErrorContext() = default;
  WEIR_SETTING(ErrorContext, std::string, backend, {})
  WEIR_SETTING(ErrorContext, std::string, operation, {})  ///< "create people"
  WEIR_SETTING(ErrorContext, std::string, endpoint, {})   ///< "db1:5432", "people.db"
  WEIR_SETTING(ErrorContext, std::string, server_code,
               {})                                        ///< SQLSTATE, Elasticsearch type, S3 code, SQLite result code
  WEIR_SETTING(ErrorContext, bool, maybe_applied, false)  ///< the answer was lost: the write may have happened
  WEIR_SETTING(ErrorContext, unsigned, attempts, 1)       ///< tries made, the first included
  /// When the store asked to be left alone that long (Retry-After); 0 = it said nothing.
  WEIR_SETTING(ErrorContext, std::chrono::milliseconds, retry_after, std::chrono::milliseconds{0})
};

/// Every failure that weir reports.
///
/// *Thread safety*: immutable; copies share one block and never throw.
class WEIR_API Error : public boost::system::system_error {
 public:
  /// `transient()` follows from the code.
  Error(errc code, std::string message, ErrorContext context = {});
  /// The same with an explicit `transient()`.
  Error(errc code, std::string message, ErrorContext context, bool transient);
  Error(const Error&) noexcept;
  Error& operator=(const Error&) noexcept;
  ~Error() override;

  /// "sqlite: create people.db: unique violation (2067)"
  const char* what() const noexcept override;
  /// The text without backend, operation and code.
  std::string_view message() const noexcept;
  std::string_view backend() const noexcept;
  std::string_view operation() const noexcept;
  std::string_view endpoint() const noexcept;
  std::string_view server_code() const noexcept;
  /// The same call may succeed later.
  bool transient() const noexcept;
  /// The answer was lost: the write may have happened.
  bool maybe_applied() const noexcept;
  /// Tries made, the first included.
  unsigned attempts() const noexcept;
  /// What was given on construction (and by `within`).
  const ErrorContext& context() const noexcept;
  errc kind() const noexcept;

  /// A copy in which what was still empty of backend, operation and endpoint is filled in, as the error passes upwards.
  Error within(std::string_view backend, std::string_view operation, std::string_view endpoint = {}) const;
  Error with_attempts(unsigned attempts) const;
  Error with_maybe_applied(bool maybe_applied) const;

 private:
  struct Details;
  explicit Error(std::shared_ptr<const Details> details);
  std::shared_ptr<const Details> details_;
};

}  // namespace weir

namespace boost::system {
template <>
struct is_error_code_enum<weir::errc> : std::true_type {};
}  // namespace boost::system
