#pragma once

#include <weir/options.hpp>
#include <weir/query.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The small languages inside options. All throw Error `invalid_argument` (`invalid_query`) naming the option.

namespace weir::cli {

/// "30s", "500ms", "2m", "1h"; a plain number is milliseconds, as everywhere in weir.
std::chrono::milliseconds parse_duration(std::string_view option, std::string_view text);
/// "16MiB", "1MB", "4096".
std::size_t parse_size(std::string_view option, std::string_view text);
/// A whole number within both bounds.
std::size_t parse_number(std::string_view option, std::string_view text, std::size_t least, std::size_t most);
/// "0/4": part 0 of 4.
Partition parse_partition(std::string_view text);
/// "a.b,c\,d": paths; a comma inside one is written `\,`.
std::vector<std::string> split_list(std::string_view option, std::string_view text);
/// "age:desc,name" as paths with their order.
std::vector<std::pair<std::string, Order>> parse_order(std::string_view text);

}  // namespace weir::cli
