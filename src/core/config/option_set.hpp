#pragma once

#include "core/config/backends.hpp"
#include "core/config/option.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::configuration {

/// What a name that was given stands for.
struct Meaning {
  const Option* option = nullptr;  ///< null: unknown
  Conversion conversion = Conversion::none;
};

/// The rows of the table that one backend has, and the look-up of names in them. Immutable.
class OptionSet {
 public:
  /// A backend of the library.
  explicit OptionSet(BackendInfo info);
  /// A registered one. Throws Error{invalid_argument} for a row that cannot be used.
  OptionSet(BackendInfo info, const std::vector<OptionRow>& rows);
  OptionSet(const OptionSet&) = delete;
  OptionSet& operator=(const OptionSet&) = delete;

  const BackendInfo& info() const { return info_; }
  const std::vector<const Option*>& rows() const { return rows_; }
  /// Any other name is text, too.
  bool free_form() const { return free_form_; }

  /// The row of this name; aliases do not count.
  const Option* find(std::string_view name) const;
  /// An alias where the form has it, else the row of this name.
  Meaning resolve(std::string_view name, Forms forms) const;
  /// The same for the rest of a variable behind `WEIR_<BACKEND>_`.
  Meaning resolve_variable(std::string_view suffix) const;
  /// The alias that is this environment variable.
  Meaning resolve_foreign_variable(std::string_view variable) const;
  /// Every name that `resolve` knows.
  std::vector<std::string> names(Forms forms) const;

 private:
  bool alias_applies(const Alias& alias, Forms forms) const;
  void own(const OptionRow& row);
  std::string_view keep(std::string text);

  BackendInfo info_;
  std::vector<const Option*> rows_;
  std::deque<Option> own_rows_;
  std::deque<std::string> kept_;  // what the views in own_rows_ look at
  bool free_form_ = false;
};

/// What the options in a group of this name begin with: nothing in `pool`, "retry." in `retry`; none: it is no group.
std::optional<std::string> group_prefix(std::string_view name);
/// "retry.base" is "RETRY_BASE".
std::string variable_suffix(std::string_view option);
/// A row for an option that nobody described: text, and secret when its name speaks of one.
Option free_form_option(std::string_view name);

}  // namespace weir::configuration
