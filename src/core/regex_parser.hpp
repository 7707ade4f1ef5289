#pragma once

#include <weir/pattern.hpp>

namespace weir::core {

// @throws Error invalid_query
RegexNode parse_regex(std::string_view pattern);

}  // namespace weir::core
