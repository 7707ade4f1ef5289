#pragma once

#include "core/config/builder.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::configuration {

/// A configuration from named values, of which `backend` (unless given apart), `url` and `connection_string` are no
/// options. `source` is for messages that concern the whole.
std::shared_ptr<const Config::State> read_tree(std::string_view backend, std::vector<Given> all,
                                               const std::string& source);

/// The backend that a URL is for; throws Error naming the nearest scheme.
std::shared_ptr<const OptionSet> backend_of_url(std::string_view url, const std::string& source);

/// One database from a URL.
std::shared_ptr<const Config::State> read_url(std::string_view url);
/// One database from a JSON object; `source` is what messages call it.
std::shared_ptr<const Config::State> read_json(std::string_view backend, const Json& options,
                                               const std::string& source);
/// The entry `name` of `databases` in a YAML text; `file` is for messages.
std::shared_ptr<const Config::State> read_yaml(std::string_view text, const std::string& file, std::string_view name);
/// The same in a JSON text.
std::shared_ptr<const Config::State> read_json_text(std::string_view text, const std::string& file,
                                                    std::string_view name);

/// Environment variables, by name.
using Variables = std::vector<std::pair<std::string, std::string>>;
std::shared_ptr<const Config::State> read_variables(std::string_view backend, Variables variables);

/// Throws Error naming the nearest of the entries there are.
[[noreturn]] void refuse_entry(const std::string& file, std::string_view name, const std::vector<std::string>& entries);

}  // namespace weir::configuration
