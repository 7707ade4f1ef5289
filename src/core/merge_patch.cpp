#include "core/merge_patch.hpp"

#include <weir/error.hpp>

namespace weir::core {
namespace {

void merge(Json& target, const Json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = Json::object();
  for (const auto& [key, value] : *patch.get_ptr<const Json::object_t*>()) {
    if (value.is_null())
      target.erase(key);
    else
      merge(target[key], value);
  }
}

}  // namespace

void merge_patch(Json& target, const Json& patch) {
  if (!patch.is_object())
    throw Error(errc::invalid_argument, std::string("a merge patch is a JSON object, not ") + patch.type_name());
  merge(target, patch);
}

}  // namespace weir::core
