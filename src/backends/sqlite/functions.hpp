#pragma once

// The functions that our SQL calls for each row:
//   weir_filter(program, id, fields)   1 or 0
//   weir_key(program, fields)          what the row is sorted by, or NULL: numbers, then text, then X'00'/X'01' for
//                                      false/true, which is the order SQLite gives to these types
//   weir_patch(fields, patch)          the fields after an RFC 7396 merge patch
// None of them is used in an index or a schema, so that every other program can use the file.

#include <exception>

struct sqlite3;

namespace weir::sqlite {

inline constexpr char filter_pointer_type[] = "weir.filter";
inline constexpr char key_pointer_type[] = "weir.key";

// An exception thrown inside one of the functions is left in `*failure`, and the statement fails with SQLITE_ERROR.
void register_functions(sqlite3* handle, std::exception_ptr* failure);

}  // namespace weir::sqlite
