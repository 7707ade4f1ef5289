#pragma once

#include "core/config/builder.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::configuration {

/// A configuration from named values, of which `backend` (unless given apart), `url` and `connection_string` are no
/// options. `source` is for messages that concern the whole.
std::shared_ptr<const Config::State> read_tree(std::string_view backend, std::vector<Given> all,
                                               const std::string& source);

/// The backend that a URL is for; throws Error naming the nearest scheme.
std::shared_ptr<const OptionSet> backend_of_url(std::string_view url, const std::string& source);

}  // namespace weir::configuration
