#include "core/project.hpp"

namespace weir::core {

Projection::Projection(const std::vector<Path>& paths) {
  for (const Path& path : paths) {
    Node* node = &root_;
    for (const auto& key : path.keys()) {
      if (node->whole) break;
      node = &node->children[key];
    }
    node->whole = true;
    node->children.clear();
  }
}

Json Projection::apply(const Json& fields) const {
  Json out = Json::object();
  Json kept;
  if (keep(fields, root_, kept, 0)) out = std::move(kept);
  return out;
}

bool Projection::keep(const Json& value, const Node& node, Json& out, unsigned depth) {
  if (depth >= detail::walk_limit) detail::throw_too_deep();
  if (node.whole) {
    out = value;
    return true;
  }
  Json kept;
  if (const auto* object = value.get_ptr<const Json::object_t*>()) {
    for (const auto& [key, child] : node.children) {
      const auto found = object->find(key);
      if (found != object->end() && keep(found->second, child, kept, depth + 1)) out[key] = std::move(kept);
    }
  } else if (const auto* array = value.get_ptr<const Json::array_t*>()) {
    for (const Json& element : *array)
      if (keep(element, node, kept, depth + 1)) out.push_back(std::move(kept));
  }
  return !out.is_null();
}

}  // namespace weir::core
