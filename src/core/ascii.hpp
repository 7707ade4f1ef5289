#pragma once

// Characters as ASCII has them, whatever the locale.

namespace weir::core {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace weir::core
