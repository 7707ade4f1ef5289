#pragma once

// What a statement of the user begins with, which decides where it may run. Pure.

#include <string>
#include <string_view>

namespace weir::postgres {

// The first word in upper case, behind blanks, comments and opening brackets; empty: there is none.
std::string first_word(std::string_view sql);
// BEGIN, COMMIT and their like: the library keeps account of transactions.
bool controls_transaction(std::string_view sql);
// LISTEN, SET and their like, which a pooler in transaction mode does not keep together with what follows.
bool needs_session(std::string_view sql);
// Whether the text names the setting statement_timeout, to change it for all that is known.
bool names_statement_timeout(std::string_view sql) noexcept;
// By its command tag, such as "CREATE TABLE", and its text: whether the session may be another one afterwards. "SELECT
// 5" is the tag of CREATE TABLE AS and SELECT INTO too, which may have made a temporary table.
bool changes_session(std::string_view command_tag, std::string_view sql);

// Nothing stands behind a semicolon. False also for one inside a text or a comment: it is not looked that closely.
bool is_surely_one_statement(std::string_view sql) noexcept;

}  // namespace weir::postgres
