#pragma once

// What a compiled statement binds.

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace weir::sqlite {

class FilterProgram;
class KeyProgram;

using Bytes = std::vector<unsigned char>;
using Value = std::variant<std::monostate, std::int64_t, double, std::string, Bytes,
                           std::shared_ptr<const FilterProgram>, std::shared_ptr<const KeyProgram>>;

// "integer", "text", "filter", … for explain: the kind, never the value.
const char* kind_of(const Value& value) noexcept;

}  // namespace weir::sqlite
