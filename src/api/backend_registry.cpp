#include "api/backend_registry.hpp"

#include "api/linked_backends.hpp"
#include "backends/memory/memory_backend.hpp"

#include <weir/config.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <string_view>

namespace weir {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, BackendFactory, std::less<>> factories{{"memory", memory::make_backend}};
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
  registry().factories[std::move(name)] = std::move(factory);
}

namespace detail {

BackendFactory find_backend(const std::string& name) {
  install_linked_backends();
  const std::lock_guard lock(registry().mutex);
  const auto& factories = registry().factories;
  if (const auto found = factories.find(name); found != factories.end()) return found->second;
  for (const auto& entry : components)
    if (entry.backend == name)
      throw Error(errc::unsupported,
                  "this program is not linked with the backend '" + name + "': link " + std::string(entry.component) +
                      " (and call its install()), or weir::weir",
                  ErrorContext{}.operation("open"));
  std::string known;
  for (const auto& [known_name, factory] : factories) known += (known.empty() ? "" : ", ") + known_name;
  throw Error(errc::unsupported, "no backend is registered as '" + name + "'; there are: " + known,
              ErrorContext{}.operation("open"));
}

}  // namespace detail
}  // namespace weir
