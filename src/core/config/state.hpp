#pragma once

#include "core/config/option_set.hpp"

#include <weir/config.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct Config::State {
  std::shared_ptr<const configuration::OptionSet> options;
  std::map<std::string, Json, std::less<>> values;  ///< what was given, in canonical form
  std::vector<std::string> warnings;                ///< from reading
};

}  // namespace weir

namespace weir::configuration {

/// The value given, else the default, else null.
Json effective(const Config::State& state, const Option& option);
/// The row of an option of this configuration, also a free-form one; throws Error{invalid_argument}.
Option row_of(const Config::State& state, std::string_view option);

[[noreturn]] void refuse(std::string_view backend, const std::string& text);

enum class Secrets { leave_out, mask, show };
std::string write_url(const Config::State& state, Secrets secrets);
Json write_json(const Config::State& state, Secrets secrets);

}  // namespace weir::configuration
