#include "cli/formats/dotted_name.hpp"

namespace weir::cli {

std::optional<std::vector<std::string>> split_dotted(std::string_view name) {
  std::vector<std::string> keys(1);
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name[at] == '.') {
      if (keys.back().empty()) return std::nullopt;
      keys.emplace_back();
    } else if (name[at] == '\\') {
      if (++at == name.size() || (name[at] != '.' && name[at] != '\\')) return std::nullopt;
      keys.back() += name[at];
    } else {
      keys.back() += name[at];
    }
  }
  if (keys.back().empty()) return std::nullopt;
  return keys;
}

std::string join_dotted(const std::vector<std::string>& keys) {
  std::string name;
  for (const auto& key : keys) {
    if (!name.empty()) name += '.';
    for (const char byte : key) {
      if (byte == '.' || byte == '\\') name += '\\';
      name += byte;
    }
  }
  return name;
}

}  // namespace weir::cli
