#include "backends/sqlite/functions.hpp"

#include "backends/sqlite/error.hpp"
#include "backends/sqlite/filter_program.hpp"
#include "backends/sqlite/json_text.hpp"
#include "core/merge_patch.hpp"

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>

namespace weir::sqlite {
namespace {

std::string_view text_of(sqlite3_value* value) {
  const auto* data = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

// No exception may pass through SQLite's C code.
template <class Body>
void guarded(sqlite3_context* context, Body body) {
  std::exception_ptr error;
  try {
    body();
    return;
  } catch (const CorruptJson&) {
    error = std::make_exception_ptr(make_error(SQLITE_CORRUPT, "the fields of a stored record are not valid JSON"));
  } catch (...) {
    error = std::current_exception();
  }
  *static_cast<std::exception_ptr*>(sqlite3_user_data(context)) = error;
  sqlite3_result_error(context, "weir: a function failed", -1);
}

template <class Program>
const Program& program_of(sqlite3_value* value, const char* type) {
  const auto* program = static_cast<std::shared_ptr<const Program>*>(sqlite3_value_pointer(value, type));
  if (program == nullptr)
    throw make_error(SQLITE_MISUSE, "weir_filter and weir_key are for the library's own statements");
  return **program;
}

void filter_function(sqlite3_context* context, int, sqlite3_value** arguments) {
  guarded(context, [&] {
    const auto& program = program_of<FilterProgram>(arguments[0], filter_pointer_type);
    sqlite3_result_int(context, program.matches(text_of(arguments[1]), text_of(arguments[2])) ? 1 : 0);
  });
}

void key_function(sqlite3_context* context, int, sqlite3_value** arguments) {
  guarded(context, [&] {
    const auto& program = program_of<KeyProgram>(arguments[0], key_pointer_type);
    Scalar best;
    std::string storage;
    if (!program.find(text_of(arguments[1]), best, storage)) {
      sqlite3_result_null(context);
      return;
    }
    switch (best.kind) {
      case Scalar::Kind::integer: sqlite3_result_int64(context, best.integer); break;
      case Scalar::Kind::unsigned_integer:
        sqlite3_result_double(context, static_cast<double>(best.unsigned_integer));
        break;
      case Scalar::Kind::real: sqlite3_result_double(context, best.real); break;
      case Scalar::Kind::text:
        sqlite3_result_text64(context, best.text.data(), best.text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
      case Scalar::Kind::boolean: sqlite3_result_blob(context, best.truth ? "\1" : "\0", 1, SQLITE_STATIC); break;
    }
  });
}

void patch_function(sqlite3_context* context, int, sqlite3_value** arguments) {
  guarded(context, [&] {
    Json fields = parse_json(text_of(arguments[0]));
    core::merge_patch(fields, parse_json(text_of(arguments[1])));
    const std::string text = write_json(fields);
    sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  });
}

}  // namespace

void register_functions(sqlite3* handle, std::exception_ptr* failure) {
  constexpr int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
  const auto add = [&](const char* name, int arguments, void (*function)(sqlite3_context*, int, sqlite3_value**)) {
    const int result =
        sqlite3_create_function_v2(handle, name, arguments, flags, failure, function, nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) throw make_error(result, sqlite3_errmsg(handle));
  };
  add("weir_filter", 3, filter_function);
  add("weir_key", 2, key_function);
  add("weir_patch", 2, patch_function);
}

}  // namespace weir::sqlite
