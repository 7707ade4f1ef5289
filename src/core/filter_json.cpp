#include "core/operator.hpp"
#include "core/quote.hpp"

#include <weir/error.hpp>
#include <weir/filter.hpp>

namespace weir {
namespace {

[[noreturn]] void refuse_filter(const std::string& why) { throw Error(errc::invalid_query, "filter: " + why); }

Filter read(const Json& json, std::size_t depth);

std::vector<Filter> read_list(const Json& json, const std::string& key, std::size_t depth) {
  if (!json.is_array()) refuse_filter("\"" + key + "\" is a list");
  std::vector<Filter> filters;
  filters.reserve(json.size());
  for (const Json& element : json) filters.push_back(read(element, depth + 1));
  return filters;
}

Filter read_comparison(const Json& json) {
  const Json* path = nullptr;
  const Json* name = nullptr;
  const Json* value = nullptr;
  bool on_id = false;
  for (const auto& [key, member] : json.items()) {
    if (key == "path") {
      if (!member.is_string()) refuse_filter("\"path\" is a string");
      path = &member;
    } else if (key == "id") {
      if (!member.is_boolean() || !member.get<bool>())
        refuse_filter("\"id\" is true where the record's id is compared");
      on_id = true;
    } else if (key == "op") {
      if (!member.is_string()) refuse_filter("\"op\" is a string");
      name = &member;
    } else if (key == "value") {
      value = &member;
    } else {
      refuse_filter("unknown key " + core::in_quotes(key));
    }
  }
  if ((path != nullptr) == on_id) refuse_filter("a comparison has either \"path\" or \"id\"");
  if (name == nullptr) refuse_filter("a comparison has an \"op\"");
  const Operator op = operator_from_string(*name->get_ptr<const std::string*>());
  const bool wants_value = core::info_of(op).operands != core::Operands::none;
  if (wants_value != (value != nullptr))
    refuse_filter(std::string(to_string(op)) + (wants_value ? " needs a \"value\"" : " takes no \"value\""));
  Json operand = value != nullptr ? *value : Json();
  if (on_id) return Filter::on_id(op, std::move(operand));
  return {*path->get_ptr<const std::string*>(), op, std::move(operand)};
}

Filter read(const Json& json, std::size_t depth) {
  if (depth > Filter::max_depth) refuse_filter("nested deeper than " + std::to_string(Filter::max_depth));
  if (!json.is_object()) refuse_filter(std::string("an object, not ") + json.type_name());
  if (json.size() == 1) {
    const auto& [key, value] = *json.get_ptr<const Json::object_t*>()->begin();
    if (key == "and") return Filter::all_of(read_list(value, key, depth));
    if (key == "or") return Filter::any_of(read_list(value, key, depth));
    if (key == "not") return Filter::negation(read(value, depth + 1));
  }
  return read_comparison(json);
}

Json write(const FilterNode& node) {
  const auto list = [&node] {
    Json out = Json::array();
    for (const auto& child : node.children) out.push_back(write(*child));
    return out;
  };
  Json json = Json::object();
  switch (node.kind) {
    case FilterNode::Kind::always: json["and"] = Json::array(); break;
    case FilterNode::Kind::never: json["or"] = Json::array(); break;
    case FilterNode::Kind::all_of: json["and"] = list(); break;
    case FilterNode::Kind::any_of: json["or"] = list(); break;
    case FilterNode::Kind::negation: json["not"] = write(*node.children.front()); break;
    case FilterNode::Kind::comparison: {
      const Comparison& comparison = *node.comparison;
      if (comparison.on_id)
        json["id"] = true;
      else
        json["path"] = comparison.path.to_string();
      json["op"] = to_string(comparison.op);
      if (core::info_of(comparison.op).operands != core::Operands::none) json["value"] = comparison.value;
      break;
    }
  }
  return json;
}

}  // namespace

Filter Filter::from_json(const Json& json) { return read(json, 1); }
Json Filter::to_json() const { return write(node()); }

}  // namespace weir
