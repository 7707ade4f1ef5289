#include "backends/postgresql/sql/merge_patch.hpp"

#include "core/json_text.hpp"

namespace weir::postgres {
namespace {

// `object` is SQL of an object, mentioned several times: a column, or a column of a subquery.
std::string merge_into(const std::string& object, const Json& patch, const Bind& bind, unsigned depth);

// The member may be there or not, and be an object or not; what is none counts as an empty one.
std::string merge_member(const std::string& object, const std::string& key, const Json& patch, const Bind& bind,
                         unsigned depth) {
  const std::string inner = "o" + std::to_string(depth);
  std::string member = "m" + std::to_string(depth);
  std::string merged = merge_into(inner + ".v", patch, bind, depth + 1);
  return "(SELECT " + merged + " FROM (SELECT CASE WHEN jsonb_typeof(" + member + ".v) = 'object' THEN " + member +
         ".v ELSE '{}'::jsonb END AS v FROM (SELECT " + object + " -> " + key + " AS v) AS " + member + ") AS " +
         inner + ")";
}

std::string merge_into(const std::string& object, const Json& patch, const Bind& bind, unsigned depth) {
  std::vector<std::string> removed;
  Json replaced = Json::object();
  std::string nested;
  for (const auto& [key, value] : patch.items()) {
    if (value.is_null()) {
      removed.push_back(key);
    } else if (value.is_object()) {
      const std::string name = bind(Parameter::text(key));
      nested += " || jsonb_build_object(" + name + ", " + merge_member(object, name, value, bind, depth) + ")";
    } else {
      replaced[key] = value;
    }
  }
  std::string out = object;
  if (!removed.empty()) out = "(" + out + " - " + bind(Parameter::text_array(removed)) + ")";
  if (!replaced.empty()) out += " || " + bind(Parameter::jsonb(core::dump_json(replaced)));
  return "(" + out + nested + ")";
}

}  // namespace

std::string merge_expression(const std::string& target, const Json& patch, const Bind& bind) {
  return merge_into(target, patch, bind, 0);
}

}  // namespace weir::postgres
