#include "backends/s3/scan_plan.hpp"

#include <algorithm>
#include <iterator>

namespace weir::s3 {
namespace {

bool asks_only_ids(const FilterNode& node) {
  if (node.kind == FilterNode::Kind::comparison) return node.comparison->on_id;
  return std::ranges::all_of(node.children, [](const auto& child) { return asks_only_ids(*child); });
}

// What is and-ed at the top.
void conjuncts(const FilterNode& node, std::vector<const FilterNode*>& out) {
  if (node.kind == FilterNode::Kind::all_of) {
    for (const auto& child : node.children) conjuncts(*child, out);
  } else {
    out.push_back(&node);
  }
}

// The parts of the JSON form that ask only for ids, under `and`.
Json id_part(const Json& json) {
  if (json.contains("and")) {
    Json kept = Json::array();
    for (const auto& child : json["and"])
      if (auto part = id_part(child); !part.is_null()) kept.push_back(std::move(part));
    Json out = Json::object();
    out["and"] = std::move(kept);
    return out;
  }
  return asks_only_ids(Filter::from_json(json).node()) ? json : Json();
}

void narrow(ScanPlan& plan, std::vector<std::string> ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (plan.ids) {
    std::vector<std::string> both;
    std::set_intersection(plan.ids->begin(), plan.ids->end(), ids.begin(), ids.end(), std::back_inserter(both));
    ids = std::move(both);
  }
  plan.ids = std::move(ids);
}

}  // namespace

ScanPlan plan_scan(const Query& query, bool ordered) {
  ScanPlan plan;
  const auto& root = query.filter().node();
  plan.only_ids = asks_only_ids(root);
  std::vector<const FilterNode*> all;
  conjuncts(root, all);
  for (const auto* node : all) {
    if (node->kind != FilterNode::Kind::comparison || !node->comparison->on_id) continue;
    const auto& comparison = *node->comparison;
    if (comparison.negated || comparison.or_missing) continue;
    if (comparison.test == Operator::eq || comparison.test == Operator::in) {
      std::vector<std::string> ids;
      for (const auto& operand : comparison.operands)
        if (operand.is_string() && !operand.get_ref<const std::string&>().empty())
          ids.push_back(operand.get<std::string>());
      narrow(plan, std::move(ids));
    } else if (comparison.test == Operator::starts_with && comparison.operands.front().is_string()) {
      auto prefix = comparison.operands.front().get<std::string>();
      if (prefix.size() > plan.id_prefix.size()) plan.id_prefix = std::move(prefix);
    }
  }
  if (plan.only_ids) {
    plan.id_filter = query.filter();
  } else if (const auto json = query.filter().to_json(); !json.is_null()) {
    if (const auto part = id_part(json); !part.is_null()) plan.id_filter = Filter::from_json(part);
  }
  const auto& order = query.order();
  if (!order.empty() && !order.front().on_id()) {
    plan.sequence = ScanPlan::Sequence::by_fields;
  } else if (!order.empty() || ordered || query.limit() || query.offset() > 0) {
    plan.sequence = ScanPlan::Sequence::by_id;
    plan.descending = !order.empty() && order.front().order == Order::desc;
  }
  return plan;
}

bool may_match(const ScanPlan& plan, const std::string& id) {
  if (plan.id_filter.always()) return true;
  Record record;
  record.id = id;
  return plan.id_filter.compare(record);
}

std::size_t part_of(std::string_view id, std::size_t count) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return static_cast<std::size_t>((hash >> 32U) % count);
}

}  // namespace weir::s3
