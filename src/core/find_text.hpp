#pragma once

#include <string.h>

#include <cstddef>
#include <string_view>

namespace weir::core {

// Where `wanted` first is at or after `from`, in linear time: std::string::find is quadratic on "aaaa…" and "aaa…b".
inline std::size_t find_text(std::string_view text, std::string_view wanted, std::size_t from = 0) noexcept {
  if (from > text.size()) return std::string_view::npos;
  if (wanted.empty()) return from;
  const void* found = ::memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace weir::core
