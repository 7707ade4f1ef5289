#pragma once

#include <string>
#include <string_view>

namespace weir::configuration {

/// HMAC-SHA256 of an option's content under a key that this process drew once: equal for equal contents of one option,
/// and of no use to anybody who reads it.
std::string keyed_digest(std::string_view option, std::string_view content);

}  // namespace weir::configuration
