#include "backends/sqlite/engine_errors.hpp"

#include <weir/error.hpp>

#include <new>

namespace weir::sqlite {

std::exception_ptr error_of(Stop reason) {
  switch (reason) {
    case Stop::timeout:
      return std::make_exception_ptr(Error(errc::timeout, "the deadline passed while SQLite was at work"));
    case Stop::closed: return std::make_exception_ptr(Error(errc::pool_closed, "the database was closed"));
    default: return std::make_exception_ptr(Error(errc::cancelled, "the caller cancelled it"));
  }
}

std::exception_ptr current_error() noexcept {
  try {
    throw;
  } catch (const Error&) {
    return std::current_exception();
  } catch (const std::bad_alloc&) {
    return std::make_exception_ptr(Error(errc::server_error, "out of memory"));
  } catch (const std::exception& other) {
    return std::make_exception_ptr(Error(errc::server_error, other.what()));
  } catch (...) {
    return std::make_exception_ptr(Error(errc::server_error, "an unknown exception"));
  }
}

std::exception_ptr copy_of(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    return std::make_exception_ptr(known);
  } catch (...) {
    return error;
  }
}

std::exception_ptr as_maybe_applied(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    return std::make_exception_ptr(known.with_maybe_applied(true));
  } catch (...) {
    return error;
  }
}

}  // namespace weir::sqlite
