#pragma once

// What may be stored, the same on every store. Errors name the path of the fault and never print the data.

#include <weir/export.hpp>
#include <weir/record.hpp>

#include <cstddef>
#include <string_view>

namespace weir::core {

inline constexpr std::size_t max_id_bytes = 512;
// Objects inside one another, `fields` itself included.
inline constexpr std::size_t max_object_depth = 100;
// Arrays directly inside one another.
inline constexpr std::size_t max_array_depth = 8;

// 1 to 512 bytes of UTF-8 without U+0000. @throws Error invalid_argument
WEIR_API void validate_id(std::string_view id);
// An object whose strings and keys are UTF-8 without U+0000, whose integers fit int64, whose doubles are finite, and
// that is not nested too deep. Also for a merge patch, which obeys the same rules. `what` begins the message. @throws
// Error invalid_argument
WEIR_API void validate_fields(const Json& fields, std::string_view what = "fields");
// Fields and metadata, and the id unless it is empty (one will be assigned).
WEIR_API void validate_record(const Record& record);

}  // namespace weir::core
