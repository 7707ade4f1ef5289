#include "core/config/option_set.hpp"

#include "core/config/values.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <array>

namespace weir::configuration {
namespace {

[[noreturn]] void refuse_pair(const BackendInfo& info, const std::string& text) {
  throw Error(errc::invalid_argument, text, ErrorContext{}.backend(info.name).operation("register options"));
}

std::string in_upper_case(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return result;
}

bool usable_name(std::string_view name) {
  return presentable_name(name) &&
         std::none_of(name.begin(), name.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; }) &&
         name != "backend" && name != "url" && name != "connection_string" && !group_prefix(name);
}

}  // namespace

std::optional<std::string> group_prefix(std::string_view name) {
  if (name == "pool") return "";
  if (name == "retry" || name == "breaker") return std::string(name) + ".";
  return std::nullopt;
}

OptionSet::OptionSet(BackendInfo info) : info_(std::move(info)) {
  for (const auto& row : option_table())
    if ((row.families & info_.family) != 0) rows_.push_back(&row);
}

OptionSet::OptionSet(BackendInfo info, const std::vector<OptionRow>& rows) : OptionSet(std::move(info)) {
  free_form_ = rows.empty();
  for (const auto& row : rows) own(row);
  for (const auto& row : own_rows_) {
    try {
      if (!row.fallback.empty() && !row.fallback.starts_with('='))
        static_cast<void>(value_from_text(row, row.fallback));
    } catch (const Refusal& refusal) {
      refuse_pair(info_, "the default of option '" + std::string(row.name) + "': " + refusal.reason);
    }
    if (row.fallback.starts_with('=')) {
      const auto* other = find(row.fallback.substr(1));
      if (other == nullptr || other->type != row.type || other->fallback.starts_with('='))
        refuse_pair(info_, "the default of option '" + std::string(row.name) + "' is no option of its type");
    }
  }
}

void OptionSet::own(const OptionRow& row) {
  if (!usable_name(row.name())) refuse_pair(info_, "an option's name is of lower-case letters, digits, '_' and '.'");
  const auto unknown = [&](const std::string& name) { return resolve(name, form::any).option == nullptr; };
  if (!unknown(row.name())) refuse_pair(info_, "option '" + row.name() + "' is there already");
  if (row.type() == OptionType::choice && row.choices().empty())
    refuse_pair(info_, "option '" + row.name() + "' has no choices");
  if (row.aliases().size() + row.variables().size() > Option::max_aliases)
    refuse_pair(info_, "option '" + row.name() + "' has too many aliases");
  Option option;
  option.name = keep(row.name());
  option.type = row.type();
  option.fallback = keep(row.default_value());
  option.description = keep(row.description());
  option.scope = row.scope();
  option.families = info_.family;
  option.minimum = row.minimum();
  option.maximum = row.maximum();
  option.secret = row.secret();
  option.file = row.file();
  option.address = row.type() == OptionType::text;  // nobody said, so it may
  std::string choices;
  for (const auto& word : row.choices()) {
    if (word.empty() || word.find('|') != std::string::npos)
      refuse_pair(info_, "a choice of option '" + row.name() + "' is empty or has a '|'");
    choices += (choices.empty() ? "" : "|") + word;
  }
  option.choices = keep(std::move(choices));
  for (const auto& name : row.aliases()) {
    if (!usable_name(name) || !unknown(name) || name == row.name())
      refuse_pair(info_, "alias '" + name + "' of option '" + row.name() + "' is not usable");
    option = option.alias(keep(name));
  }
  for (const auto& name : row.variables()) {
    if (name.empty() || resolve_foreign_variable(name).option != nullptr)
      refuse_pair(info_, "a variable of option '" + row.name() + "' is not usable");
    option = option.variable(keep(name), info_.family);
  }
  own_rows_.push_back(option);
  rows_.push_back(&own_rows_.back());
}

std::string_view OptionSet::keep(std::string text) { return kept_.emplace_back(std::move(text)); }

const Option* OptionSet::find(std::string_view name) const {
  const auto found = std::find_if(rows_.begin(), rows_.end(), [&](const Option* row) { return row->name == name; });
  return found == rows_.end() ? nullptr : *found;
}

bool OptionSet::alias_applies(const Alias& alias, Forms forms) const {
  return (alias.forms & forms) != 0 && (alias.families & info_.family) != 0;
}

Meaning OptionSet::resolve(std::string_view name, Forms forms) const {
  for (const auto* row : rows_)
    for (const auto& alias : row->aliases())
      if (alias.name == name && alias_applies(alias, forms)) return {row, alias.conversion};
  if ((forms & form::any) == 0) return {};
  return {find(name), Conversion::none};
}

Meaning OptionSet::resolve_variable(std::string_view suffix) const {
  for (const auto* row : rows_)
    for (const auto& alias : row->aliases())
      if (alias_applies(alias, form::key) && alias.name != row->name && variable_suffix(alias.name) == suffix)
        return {row, alias.conversion};
  for (const auto* row : rows_)
    if (variable_suffix(row->name) == suffix) return {row, Conversion::none};
  return {};
}

Meaning OptionSet::resolve_foreign_variable(std::string_view variable) const {
  for (const auto* row : rows_)
    for (const auto& alias : row->aliases())
      if (alias.name == variable && alias_applies(alias, form::variable)) return {row, alias.conversion};
  return {};
}

std::vector<std::string> OptionSet::names(Forms forms) const {
  std::vector<std::string> result;
  if ((forms & form::any) != 0)
    for (const auto* row : rows_) result.emplace_back(row->name);
  for (const auto* row : rows_)
    for (const auto& alias : row->aliases())
      if (alias_applies(alias, forms)) result.emplace_back(alias.name);
  return result;
}

std::string variable_suffix(std::string_view option) {
  auto result = in_upper_case(option);
  std::replace_if(result.begin(), result.end(), [](char c) { return c == '.' || c == '-' || c == '+'; }, '_');
  return result;
}

Option free_form_option(std::string_view name) {
  auto row = text(name, "", "").with_address();
  const auto upper = in_upper_case(name);
  for (const std::string_view word : {"PASSW", "PASSPHRASE", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH"})
    if (upper.find(word) != std::string::npos) row.secret = true;
  return row;
}

}  // namespace weir::configuration
