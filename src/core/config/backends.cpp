#include "core/config/backends.hpp"

#include "core/config/option_set.hpp"
#include "core/config/values.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <mutex>

namespace weir::configuration {
namespace {

BackendInfo server(std::string name, Families family, std::string path_option, std::uint16_t port) {
  BackendInfo info;
  info.name = std::move(name);
  info.family = family;
  info.style = UrlStyle::authority;
  info.path_option = std::move(path_option);
  info.port = port;
  return info;
}

std::vector<BackendInfo> backends_of_the_library() {
  BackendInfo memory;
  memory.name = "memory";
  memory.family = family::memory;
  memory.opaque_option = "name";
  memory.schemes = {"memory"};

  BackendInfo sqlite;
  sqlite.name = "sqlite";
  sqlite.family = family::sqlite;
  sqlite.opaque_option = "path";
  sqlite.schemes = {"sqlite", "sqlite3"};
  sqlite.nicknames = {"sqlite3"};

  auto postgres = server("postgres", family::postgres, "database", 5432);
  postgres.schemes = {"postgresql", "postgres"};
  postgres.nicknames = {"postgresql"};

  auto elasticsearch = server("elasticsearch", family::elasticsearch, "index", 9200);
  elasticsearch.schemes = {"elasticsearch", "elasticsearch+https", "elasticsearch+http",
                           "opensearch",    "opensearch+https",    "opensearch+http"};
  elasticsearch.nicknames = {"opensearch"};

  BackendInfo s3;
  s3.name = "s3";
  s3.family = family::s3;
  s3.style = UrlStyle::bucket;
  s3.schemes = {"s3"};

  auto mongodb = server("mongodb", family::mongodb, "database", 27017);
  mongodb.schemes = {"mongodb"};
  return {memory, sqlite, postgres, elasticsearch, s3, mongodb};
}

class Directory {
 public:
  Directory() {
    for (auto& info : backends_of_the_library()) sets_.push_back(std::make_shared<const OptionSet>(std::move(info)));
  }

  std::shared_ptr<const OptionSet> find(std::string_view name, bool by_scheme) const {
    const std::scoped_lock lock(mutex_);
    for (const auto& set : sets_) {
      const auto& info = set->info();
      const auto& others = by_scheme ? info.schemes : info.nicknames;
      if ((!by_scheme && info.name == name) || std::find(others.begin(), others.end(), name) != others.end())
        return set;
    }
    return nullptr;
  }

  std::vector<std::string> names(bool schemes) const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> result;
    for (const auto& set : sets_) {
      if (schemes) {
        result.insert(result.end(), set->info().schemes.begin(), set->info().schemes.end());
      } else {
        result.push_back(set->info().name);
      }
    }
    return result;
  }

  void put(std::shared_ptr<const OptionSet> set) {
    const std::scoped_lock lock(mutex_);
    const auto old =
        std::find_if(sets_.begin(), sets_.end(), [&](const auto& s) { return s->info().name == set->info().name; });
    if (old != sets_.end()) {
      *old = std::move(set);
    } else {
      sets_.push_back(std::move(set));
    }
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const OptionSet>> sets_;
};

Directory& directory() {
  static auto* const instance = new Directory;  // never destroyed: a Config in a static may outlive any order
  return *instance;
}

}  // namespace

std::shared_ptr<const OptionSet> find_backend(std::string_view name) { return directory().find(name, false); }
std::shared_ptr<const OptionSet> find_scheme(std::string_view scheme) { return directory().find(scheme, true); }
std::vector<std::string> known_backends() { return directory().names(false); }
std::vector<std::string> known_schemes() { return directory().names(true); }

}  // namespace weir::configuration

namespace weir {

void register_options(std::string_view backend, std::vector<OptionRow> rows) {
  namespace c = configuration;
  const auto context = [] { return ErrorContext{}.operation("register options"); };
  const auto letter = [](char ch) { return ch >= 'a' && ch <= 'z'; };
  const bool legal = !backend.empty() && backend.size() <= 64 && letter(backend.front()) &&
                     std::all_of(backend.begin(), backend.end(), [&](char ch) {
                       return letter(ch) || (ch >= '0' && ch <= '9') || ch == '+' || ch == '-' || ch == '.';
                     });
  if (!legal)
    throw Error(errc::invalid_argument, "a backend's name is a URL scheme: lower-case letters, digits, '+', '-', '.'",
                context());
  const auto existing = c::find_backend(backend) != nullptr ? c::find_backend(backend) : c::find_scheme(backend);
  if (existing != nullptr && existing->info().family != c::family::registered) {
    if (rows.empty()) return;
    throw Error(errc::invalid_argument,
                "'" + std::string(backend) + "' is a backend of the library; its options are fixed", context());
  }
  if (existing != nullptr && rows.empty()) return;
  c::BackendInfo info;
  info.name = std::string(backend);
  info.opaque_option = "location";
  info.schemes = {info.name};
  c::directory().put(std::make_shared<const c::OptionSet>(std::move(info), rows));
}

std::vector<OptionRow> option_rows(std::string_view backend) {
  namespace c = configuration;
  const auto set = c::find_backend(backend);
  if (set == nullptr)
    throw Error(errc::invalid_argument, "unknown backend " + c::shown(backend), ErrorContext{}.operation("configure"));
  std::vector<OptionRow> result;
  for (const auto* row : set->rows()) {
    OptionRow out(std::string(row->name), row->type);
    out.default_value(std::string(row->fallback_for(set->info().family)))
        .scope(row->scope)
        .secret(row->secret)
        .file(row->file);
    out.minimum(row->minimum).maximum(row->maximum).description(std::string(row->description));
    std::vector<std::string> choices, aliases, variables;
    for (auto rest = row->choices; !rest.empty();) {
      choices.emplace_back(rest.substr(0, rest.find('|')));
      rest.remove_prefix(std::min(rest.size(), choices.back().size() + 1));
    }
    for (const auto& alias : row->aliases()) {
      if ((alias.families & set->info().family) == 0) continue;
      if (alias.forms == c::form::variable) {
        variables.emplace_back(alias.name);
      } else if (alias.name != row->name) {
        aliases.emplace_back(alias.name);
      }
    }
    out.choices(std::move(choices)).aliases(std::move(aliases)).variables(std::move(variables));
    result.push_back(std::move(out));
  }
  return result;
}

std::vector<std::string> configurable_backends() { return configuration::known_backends(); }

}  // namespace weir
