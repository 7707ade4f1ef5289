#pragma once

// Words that somebody else wrote, as they appear in messages: cut short, and never in the middle of a character.

#include <string>
#include <string_view>

namespace weir::core {

inline std::string shortened(std::string_view text, std::size_t most = 40) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "…";
}

inline std::string in_quotes(std::string_view text) { return "\"" + shortened(text) + "\""; }

}  // namespace weir::core
