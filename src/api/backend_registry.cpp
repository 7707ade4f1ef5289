#include "api/backend_registry.hpp"

#include "api/linked_backends.hpp"
#include "backends/install_backend.hpp"
#include "backends/memory/memory_backend.hpp"

#include <weir/config.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <set>
#include <string_view>

namespace weir {
namespace {

// Two lists, because backends of the library come in when a database is opened first, which is after a program has
// registered its own: those must not be replaced by that.
struct Registry {
  using Factories = std::map<std::string, BackendFactory, std::less<>>;
  std::mutex mutex;
  Factories registered;
  Factories installed{{"memory", memory::make_backend}};
};

Registry& registry() {
  static Registry instance;
  return instance;
}

/// Backends of ours that live in a component of their own.
struct Component {
  std::string_view backend;
  std::string_view component;
};
constexpr std::array components{
    Component{"sqlite", "weir::sqlite"},
    Component{"postgres", "weir::postgres"},
    Component{"postgresql", "weir::postgres"},
    Component{"elasticsearch", "weir::elasticsearch"},
    Component{"opensearch", "weir::elasticsearch"},
    Component{"s3", "weir::s3"},
    Component{"mongodb", "weir::mongodb"},
};

}  // namespace

void register_backend(std::string name, BackendFactory factory) {
  if (name.empty() || !factory) throw Error(errc::invalid_argument, "register_backend needs a name and a factory");
  // The library's own backends are in the option table already.
  const auto known = configurable_backends();
  if (std::find(known.begin(), known.end(), name) == known.end()) register_options(name);
  const std::lock_guard lock(registry().mutex);
  registry().registered[std::move(name)] = std::move(factory);
}

namespace detail {

void install_backend(std::string name, BackendFactory factory) {
  const std::lock_guard lock(registry().mutex);
  registry().installed[std::move(name)] = std::move(factory);
}

BackendFactory find_backend(const std::string& name) {
  install_linked_backends();
  const std::lock_guard lock(registry().mutex);
  const auto lists = {&registry().registered, &registry().installed};
  for (const auto* factories : lists)
    if (const auto found = factories->find(name); found != factories->end()) return found->second;
  for (const auto& entry : components)
    if (entry.backend == name)
      throw Error(errc::unsupported,
                  "this program is not linked with the backend '" + name + "': link " + std::string(entry.component) +
                      " (and call its install()), or weir::weir",
                  ErrorContext{}.operation("open"));
  std::set<std::string> known;
  for (const auto* factories : lists)
    for (const auto& entry : *factories) known.insert(entry.first);
  std::string names;
  for (const auto& each : known) names += (names.empty() ? "" : ", ") + each;
  throw Error(errc::unsupported, "no backend is registered as '" + name + "'; there are: " + names,
              ErrorContext{}.operation("open"));
}

}  // namespace detail
}  // namespace weir
