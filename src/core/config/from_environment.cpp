// One database from environment variables: WEIR_<BACKEND>_<OPTION>, where an unknown name is an error, and the
// variables of other programs that the option table names.

#include "core/config/nearest.hpp"
#include "core/config/tree.hpp"
#include "core/config/values.hpp"

#include <algorithm>

extern char** environ;  // NOLINT: POSIX declares it nowhere in C++

namespace weir::configuration {
namespace {

std::vector<std::string> prefixes_of(const BackendInfo& info) {
  std::vector<std::string> result = {"WEIR_" + variable_suffix(info.name) + "_"};
  for (const auto& nickname : info.nicknames) result.push_back("WEIR_" + variable_suffix(nickname) + "_");
  return result;
}

// Another backend's name may continue this one's: WEIR_TINY_PLUS_X belongs to "tiny-plus", not to "tiny".
bool belongs_to_another(std::string_view variable, const BackendInfo& info, std::size_t prefix) {
  for (const auto& name : known_backends()) {
    if (name == info.name) continue;
    const auto set = find_backend(name);
    for (const auto& other : prefixes_of(set->info()))
      if (other.size() > prefix && variable.starts_with(other)) return true;
  }
  return false;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

void add_own(Builder& builder, const std::string& variable, const std::string& prefix, const std::string& value) {
  const auto& options = builder.options();
  const auto source = "environment variable " + variable;
  const auto suffix = variable.substr(prefix.size());
  if (suffix == "URL" || suffix == "CONNECTION_STRING") return builder.add_url(value, source);
  if (const auto meaning = options.resolve_variable(suffix); meaning.option != nullptr)
    return builder.add({std::string(meaning.option->name), value, false, source}, meaning);
  if (options.free_form()) return builder.add({lower(suffix), value, false, source}, form::key);
  if (!presentable_name(variable))
    refuse(options.info().name, "an environment variable behind " + prefix + " is unknown");
  auto names = options.names(form::key);
  names.emplace_back("url");
  for (auto& name : names) name = prefix + variable_suffix(name);
  refuse(options.info().name, "unknown option in environment variable '" + variable + "'; the nearest known one is '" +
                                  nearest(variable, names) + "'");
}

}  // namespace

std::shared_ptr<const Config::State> read_variables(std::string_view backend, Variables variables) {
  const auto options = backend_or_refuse(backend, "environment");
  Builder builder(options);
  std::sort(variables.begin(),
            variables.end());  // which of two contradicting ones is named first must not depend on chance
  for (const auto& [variable, value] : variables) {
    bool own = false;
    for (const auto& prefix : prefixes_of(options->info())) {
      own = variable.starts_with(prefix) && !belongs_to_another(variable, options->info(), prefix.size());
      if (own) add_own(builder, variable, prefix, value);
      if (own) break;
    }
    if (own || value.empty()) continue;  // an empty variable of another program is one that is not set
    if (const auto meaning = options->resolve_foreign_variable(variable); meaning.option != nullptr)
      builder.add({std::string(meaning.option->name), value, false, "environment variable " + variable}, meaning);
  }
  return builder.finish();
}

}  // namespace weir::configuration

namespace weir {

Config Config::from_environment(std::string_view backend) {
  configuration::Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return Config(configuration::read_variables(backend, std::move(variables)));
}

}  // namespace weir
