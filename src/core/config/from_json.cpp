#include "core/config/nearest.hpp"
#include "core/config/tree.hpp"
#include "core/config/values.hpp"
#include "core/json_text.hpp"

#include <weir/error.hpp>

namespace weir::configuration {
namespace {

void flatten(const Json& object, const std::string& prefix, int depth, const std::string& source,
             std::vector<Given>& out) {
  for (const auto& [key, value] : object.items()) {
    const auto name = prefix + key;
    const auto group = group_prefix(name);
    if (value.is_object() && depth < 2 && group)
      flatten(value, *group, depth + 1, source, out);
    else
      out.push_back({name, value, true, source});
  }
}

}  // namespace

std::shared_ptr<const Config::State> read_tree(std::string_view backend, std::vector<Given> all,
                                               const std::string& source) {
  std::shared_ptr<const OptionSet> options;
  if (!backend.empty()) options = backend_or_refuse(backend, source);
  for (const auto& given : all)
    if (given.name == "backend") {
      if (!given.value.is_string()) refuse(backend, "'backend' (" + given.source + "): expected the name of a backend");
      auto named = backend_or_refuse(given.value.get_ref<const std::string&>(), given.source);
      if (options != nullptr && options != named)
        refuse(options->info().name,
               "'backend' = '" + named->info().name + "' (" + given.source + ") is not the backend that was asked for");
      options = std::move(named);
    }
  const auto is_url = [](const Given& given) { return given.name == "url" || given.name == "connection_string"; };
  for (const auto& given : all)
    if (is_url(given)) {
      if (!given.value.is_string()) refuse(backend, "'" + given.name + "' (" + given.source + "): expected a string");
      if (options == nullptr) options = backend_of_url(given.value.get_ref<const std::string&>(), given.source);
    }
  if (options == nullptr) refuse("", "there is neither 'backend' nor 'url' (" + source + ")");
  Builder builder(options);
  for (const auto& given : all) {
    if (is_url(given)) {
      builder.add_url(given.value.get_ref<const std::string&>(), given.source + ", " + given.name);
    } else if (given.name != "backend") {
      builder.add(given, form::key);
    }
  }
  return builder.finish();
}

std::shared_ptr<const Config::State> read_json(std::string_view backend, const Json& options,
                                               const std::string& source) {
  if (!options.is_object()) refuse(backend, "a configuration in JSON is an object (" + source + ")");
  std::vector<Given> all;
  flatten(options, "", 0, source, all);
  return read_tree(backend, std::move(all), source);
}

std::shared_ptr<const Config::State> read_json_text(std::string_view text, const std::string& file,
                                                    std::string_view name) {
  Json root;
  try {
    root = core::parse_json(text);
  } catch (const Error& error) {
    refuse("", "file " + shown(file) + ": " + std::string(error.message()));
  }
  const auto databases = root.is_object() ? root.find("databases") : root.end();
  if (databases == root.end() || !databases->is_object())
    refuse("", "file " + shown(file) + " has no object 'databases'");
  if (const auto entry = databases->find(name); entry != databases->end())
    return read_json("", *entry, file + ", databases." + std::string(name));
  std::vector<std::string> entries;
  for (const auto& [key, value] : databases->items()) entries.push_back(key);
  refuse_entry(file, name, entries);
}

void refuse_entry(const std::string& file, std::string_view name, const std::vector<std::string>& entries) {
  const auto closest = nearest(name, entries);
  refuse("", "file " + shown(file) + " has no database " + shown(name) +
                 (closest.empty() ? "; it has none at all" : "; the nearest is " + shown(closest)));
}

}  // namespace weir::configuration
