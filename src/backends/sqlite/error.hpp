#pragma once

// SQLite's result codes in the library's vocabulary.

#include <weir/error.hpp>

#include <string>
#include <string_view>

namespace weir::sqlite {

// `extended` is an extended result code (https://www.sqlite.org/rescode.html); `message` decides only what SQLITE_ERROR
// leaves open.
errc code_of(int extended, std::string_view message = {}) noexcept;

// An error with the extended code as `server_code()`.
Error make_error(int extended, std::string message);

}  // namespace weir::sqlite
