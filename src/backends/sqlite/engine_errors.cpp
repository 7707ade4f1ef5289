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

}  // namespace weir::sqlite
