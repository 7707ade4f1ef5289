#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

/// The keys of "a.b.c"; `\.` is a dot inside a key and `\\` a backslash, as in a path of a query. Nothing for another
/// escape or an empty key.
std::optional<std::vector<std::string>> split_dotted(std::string_view name);
/// The name of which split_dotted gives the keys.
std::string join_dotted(const std::vector<std::string>& keys);

}  // namespace weir::cli
