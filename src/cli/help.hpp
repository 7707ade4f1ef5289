#pragma once

#include "cli/arguments.hpp"

#include <array>
#include <string_view>

/// The texts of --help.
namespace weir::cli::help {

struct CommandText {
  Command command;
  std::string_view name;
  std::string_view summary;
  std::string_view words;  ///< the positional arguments
  std::string_view words_explained;
  std::string_view examples;
};

extern const std::string_view introduction;
extern const std::string_view footer;
extern const std::array<CommandText, 12> commands;

}  // namespace weir::cli::help
