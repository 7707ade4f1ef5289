#include "cli/formats/problem.hpp"

#include "cli/formats/utf8.hpp"

#include <algorithm>

namespace weir::cli {

std::string describe(std::string_view file, const Problem& problem) {
  std::string text(file);
  text += ':' + std::to_string(problem.line);
  if (problem.column > 0) text += ':' + std::to_string(problem.column);
  return text + ": " + problem.reason;
}

void raise(std::string_view file, const Problem& problem) { throw Error(problem.code, describe(file, problem)); }

std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t mebi = std::uint64_t{1} << 20;
  constexpr std::uint64_t kibi = std::uint64_t{1} << 10;
  if (bytes >= mebi && bytes % mebi == 0) return std::to_string(bytes / mebi) + " MiB";
  if (bytes >= kibi && bytes % kibi == 0) return std::to_string(bytes / kibi) + " KiB";
  return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t most = 40;
  std::string out;
  std::size_t characters = 0;
  while (!text.empty() && characters < most) {
    const auto next = decode_utf8(text);
    if (!next.valid) {
      out += "\xEF\xBF\xBD";  // U+FFFD
    } else if (next.code_point < 0x20 || (next.code_point >= 0x7f && next.code_point < 0xa0)) {
      out += ' ';
    } else {
      out.append(text.substr(0, next.size));
    }
    text.remove_prefix(next.size);
    ++characters;
  }
  if (!text.empty()) out += "\xE2\x80\xA6";  // …
  return out;
}

}  // namespace weir::cli
