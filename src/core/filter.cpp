#include "core/comparison.hpp"

#include <weir/error.hpp>
#include <weir/field.hpp>
#include <weir/filter.hpp>

#include <algorithm>

namespace weir {
namespace {

using Kind = FilterNode::Kind;
using Node = std::shared_ptr<const FilterNode>;

const Node& constant(bool value) {
  static const Node always = std::make_shared<const FilterNode>();
  static const Node never = [] {
    auto node = std::make_shared<FilterNode>();
    node->kind = Kind::never;
    return node;
  }();
  return value ? always : never;
}

bool evaluate(const FilterNode& node, const Record& record) {
  switch (node.kind) {
    case Kind::always: return true;
    case Kind::never: return false;
    case Kind::comparison: return core::evaluate_comparison(*node.comparison, record);
    case Kind::negation: return !evaluate(*node.children.front(), record);
    case Kind::all_of:
      for (const Node& child : node.children)
        if (!evaluate(*child, record)) return false;
      return true;
    case Kind::any_of:
      for (const Node& child : node.children)
        if (evaluate(*child, record)) return true;
      return false;
  }
  return false;
}

}  // namespace

Filter::Filter(std::string path, Operator op, Json value) : Filter(Path::parse(path), op, std::move(value)) {}

Filter::Filter(Path path, Operator op, Json value) {
  if (path.empty()) throw Error(errc::invalid_query, "a comparison without a path");
  *this = compare_with(false, std::move(path), op, std::move(value));
}

Filter Filter::on_id(Operator op, Json value) { return compare_with(true, {}, op, std::move(value)); }

Filter Filter::compare_with(bool on_id, Path path, Operator op, Json value) {
  auto node = std::make_shared<FilterNode>();
  node->kind = Kind::comparison;
  node->comparison = core::make_comparison(on_id, std::move(path), op, std::move(value));
  node->full_text = op == Operator::match;
  return Filter(std::move(node));
}

Filter Filter::combine(Kind kind, std::vector<Node> children) {
  auto node = std::make_shared<FilterNode>();
  node->kind = kind;
  for (const Node& child : children) {
    node->depth = std::max(node->depth, child->depth + 1);
    node->size += child->size;
    node->full_text = node->full_text || child->full_text;
  }
  if (node->depth > max_depth)
    throw Error(errc::invalid_query, "a filter nested deeper than " + std::to_string(max_depth));
  if (node->size > max_size)
    throw Error(errc::invalid_query, "a filter of more than " + std::to_string(max_size) + " parts");
  node->children = std::move(children);
  return Filter(std::move(node));
}

Filter Filter::all_of(const std::vector<Filter>& filters) {
  if (filters.empty()) return {};
  std::vector<Node> children;
  children.reserve(filters.size());
  for (const Filter& filter : filters) children.push_back(filter.node_ ? filter.node_ : constant(true));
  return combine(Kind::all_of, std::move(children));
}

Filter Filter::any_of(const std::vector<Filter>& filters) {
  if (filters.empty()) return Filter(constant(false));
  std::vector<Node> children;
  children.reserve(filters.size());
  for (const Filter& filter : filters) children.push_back(filter.node_ ? filter.node_ : constant(true));
  return combine(Kind::any_of, std::move(children));
}

Filter Filter::negation(const Filter& filter) {
  return combine(Kind::negation, {filter.node_ ? filter.node_ : constant(true)});
}

// The operators flatten and simplify, so that a filter built in a loop stays flat and `Filter{} && x` is x.
Filter Filter::join(Kind kind, const Filter& left, const Filter& right) {
  const Kind neutral = kind == Kind::all_of ? Kind::always : Kind::never;
  const Kind absorbing = kind == Kind::all_of ? Kind::never : Kind::always;
  if (left.node().kind == neutral || right.node().kind == absorbing) return right;
  if (right.node().kind == neutral || left.node().kind == absorbing) return left;
  std::vector<Node> children;
  for (const Filter* side : {&left, &right}) {
    if (side->node_->kind == kind)
      children.insert(children.end(), side->node_->children.begin(), side->node_->children.end());
    else
      children.push_back(side->node_);
  }
  return combine(kind, std::move(children));
}

Filter operator&&(Filter left, Filter right) { return Filter::join(Kind::all_of, left, right); }
Filter operator||(Filter left, Filter right) { return Filter::join(Kind::any_of, left, right); }

Filter operator!(Filter filter) {
  switch (filter.node().kind) {
    case Kind::always: return Filter(constant(false));
    case Kind::never: return {};
    case Kind::negation: return Filter(filter.node().children.front());
    default: return Filter::negation(filter);
  }
}

bool Filter::compare(const Record& record) const {
  if (!node_) return true;
  // Said for every record alike, not only where the evaluation happens to come by.
  if (node_->full_text) throw Error(errc::unsupported, "match: full text is searched by a store that has it, not here");
  return evaluate(*node_, record);
}

const FilterNode& Filter::node() const noexcept { return node_ ? *node_ : *constant(true); }

Filter Field::filter(Operator op, Json value) const {
  return is_id() ? Filter::on_id(op, std::move(value)) : Filter(path_, op, std::move(value));
}

Field field(std::string path) { return Field(Path::parse(path)); }
Field id() { return Field(Path()); }

}  // namespace weir
