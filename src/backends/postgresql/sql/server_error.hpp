#pragma once

// What the server says when it refuses, and what that means. Pure.

#include <weir/error.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace weir::postgres {

struct ServerError {
  ServerError() = default;
  std::string state;    // SQLSTATE; empty: libpq's own words
  std::string message;  // the primary message, which for some classes holds data of the user
  std::string constraint;
  std::string column;
  std::string source;       // the function of the server that raised it: the same in every language
  bool fatal = false;       // the server closes the connection
  bool by_timeout = false;  // 57014 by statement_timeout
};

// The server says in its own language only whether statement_timeout ended a statement (57014) or somebody who
// cancelled it. `running` is how long it ran as seen from here, `limit` what the session has for it, 0 for none;
// `named` that the user may have changed that.
bool is_by_timeout(const ServerError& error, std::chrono::nanoseconds running, std::chrono::milliseconds limit,
                   bool named) noexcept;

// The portable meaning. What it says never holds data of the user.
Error make_error(const ServerError& error);

// The code and whether the same call may succeed later.
struct Meaning {
  errc code;
  bool transient;
};
Meaning meaning_of(std::string_view state, std::string_view constraint = {}) noexcept;

// The server cannot serve this session or any opened as long ago: it went away, or is no primary any longer.
bool ends_the_pool(std::string_view state) noexcept;
// Of a plan or prepared statement that the server no longer has: it is prepared again.
bool is_stale_statement(const ServerError& error) noexcept;

// The SQLSTATE in a text of libpq that was made with verbose errors: "FATAL:  28P01: password …"; empty: there is none.
std::string_view find_state(std::string_view text) noexcept;
// What became of a connect, from libpq's text (PQerrorMessage with PQERRORS_VERBOSE).
Error connect_error(std::string_view text);

}  // namespace weir::postgres
