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
  std::string_view rest = text;
  for (std::size_t characters = 0; !rest.empty() && characters < most; ++characters)
    rest.remove_prefix(decode_utf8(rest).size);
  auto out = printable(text.substr(0, text.size() - rest.size()));
  if (!rest.empty()) out += "\xE2\x80\xA6";  // …
  return out;
}

}  // namespace weir::cli
