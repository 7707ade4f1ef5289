#include "backends/sqlite/filter_program.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <array>

namespace weir::sqlite {
std::shared_ptr<const FilterProgram> FilterProgram::compile(const Filter& filter,
                                                            const std::vector<const FilterNode*>& nodes) {
  auto program = std::make_shared<FilterProgram>();
  program->filter_ = filter;
  program->nodes_.emplace_back();
  program->expression_.kind = FilterNode::Kind::all_of;
  for (const FilterNode* node : nodes) program->expression_.children.push_back(program->build(*node));
  if (nodes.empty()) program->expression_.kind = FilterNode::Kind::always;
  return program;
}

std::uint32_t FilterProgram::add_leaf(const Comparison& comparison, Operator test) {
  const auto leaf = static_cast<std::uint32_t>(leaves_.size());
  leaves_.push_back(&comparison);
  if (comparison.on_id) {
    id_leaves_.push_back(leaf);
    return leaf;
  }
  std::uint32_t at = 0;
  for (const std::string& key : comparison.path.keys()) {
    auto& children = nodes_[at].children;
    const auto found = std::find_if(children.begin(), children.end(), [&](const auto& c) { return c.first == key; });
    if (found != children.end()) {
      at = found->second;
      continue;
    }
    const auto next = static_cast<std::uint32_t>(nodes_.size());
    children.emplace_back(key, next);
    nodes_.emplace_back();
    at = next;
  }
  (test == Operator::exists ? nodes_[at].exists : nodes_[at].leaves).push_back(leaf);
  return leaf;
}

FilterProgram::Expression FilterProgram::build(const FilterNode& node) {
  Expression expression{node.kind, 0, -1, false, {}};
  if (node.kind == FilterNode::Kind::comparison) {
    const Comparison& c = *node.comparison;
    if (c.test == Operator::match)
      throw Error(errc::unsupported,
                  "match on \"" + c.path.to_string() + "\": SQLite tables have no full text index here");
    expression.negated = c.negated;
    expression.leaf = add_leaf(c, c.test);
    if (c.or_missing && !c.on_id) expression.missing_leaf = add_leaf(c, Operator::exists);
    return expression;
  }
  for (const auto& child : node.children) expression.children.push_back(build(*child));
  return expression;
}

bool FilterProgram::evaluate(const Expression& expression, const unsigned char* hits) {
  switch (expression.kind) {
    case FilterNode::Kind::always: return true;
    case FilterNode::Kind::never: return false;
    case FilterNode::Kind::comparison: {
      bool hit = hits[expression.leaf] != 0;
      if (expression.missing_leaf >= 0 && hits[static_cast<std::size_t>(expression.missing_leaf)] == 0) hit = true;
      return hit != expression.negated;
    }
    case FilterNode::Kind::all_of:
      return std::all_of(expression.children.begin(), expression.children.end(),
                         [&](const Expression& child) { return evaluate(child, hits); });
    case FilterNode::Kind::any_of:
      return std::any_of(expression.children.begin(), expression.children.end(),
                         [&](const Expression& child) { return evaluate(child, hits); });
    case FilterNode::Kind::negation: return !evaluate(expression.children[0], hits);
  }
  return false;
}

// One pass over the text. `open` counts the leaves that are not yet true: with none left the rest need not be read.
struct FilterProgram::Walk {
  const FilterProgram& program;
  JsonScanner scanner;
  unsigned char* hits;
  std::size_t open;

  void hit(std::uint32_t leaf) {
    if (hits[leaf] == 0) {
      hits[leaf] = 1;
      --open;
    }
  }
  void hit_all(const std::vector<std::uint32_t>& leaves) {
    for (const std::uint32_t leaf : leaves) hit(leaf);
  }

  // False when everything is decided and the scan may stop where it is.
  bool value(const Node& node, unsigned depth) {
    if (depth > json_depth_limit) throw CorruptJson{};
    switch (scanner.peek()) {
      case '[': return array(node, depth);
      case '{': return object(node, depth);
      default: break;
    }
    Scalar scalar;
    if (!scanner.scalar(scalar)) return true;
    hit_all(node.exists);
    for (const std::uint32_t leaf : node.leaves)
      if (hits[leaf] == 0 && core::satisfies(*program.leaves_[leaf], scalar)) hit(leaf);
    return open != 0;
  }

  bool array(const Node& node, unsigned depth) {
    scanner.expect('[');
    if (scanner.accept(']')) return true;
    for (;;) {
      if (!value(node, depth + 1)) return false;
      if (scanner.accept(']')) return true;
      scanner.expect(',');
    }
  }

  bool object(const Node& node, unsigned depth) {
    const bool wanted =
        std::any_of(node.exists.begin(), node.exists.end(), [this](auto leaf) { return hits[leaf] == 0; });
    if (wanted) {
      JsonScanner ahead = scanner;
      const bool found = ahead.skip_value_with_scalar();
      if (found) hit_all(node.exists);
      if (open == 0) return false;
      if (node.children.empty()) {
        scanner = ahead;
        return true;
      }
    } else if (node.children.empty()) {
      scanner.skip_value();
      return true;
    }
    scanner.expect('{');
    if (scanner.accept('}')) return true;
    for (;;) {
      const std::string_view key = scanner.string();
      const auto child = std::find_if(node.children.begin(), node.children.end(),
                                      [key](const auto& entry) { return entry.first == key; });
      scanner.expect(':');
      if (child == node.children.end()) {
        scanner.skip_value();
      } else if (!value(program.nodes_[child->second], depth + 1)) {
        return false;
      }
      if (scanner.accept('}')) return true;
      scanner.expect(',');
    }
  }
};

bool FilterProgram::matches(std::string_view id, std::string_view fields) const {
  std::array<unsigned char, 64> few{};
  std::vector<unsigned char> many;
  unsigned char* hits = few.data();
  if (leaves_.size() > few.size()) {
    many.resize(leaves_.size());
    hits = many.data();
  }
  const Scalar id_scalar = Scalar::of(id);
  for (const std::uint32_t leaf : id_leaves_) {
    const Comparison& test = *leaves_[leaf];
    hits[leaf] = test.test == Operator::exists || core::satisfies(test, id_scalar) ? 1 : 0;
  }
  if (const std::size_t open = leaves_.size() - id_leaves_.size(); open != 0) {
    std::string buffer;
    Walk walk{*this, JsonScanner(fields, buffer), hits, open};
    if (walk.scanner.peek() != '{') throw CorruptJson{};
    if (walk.value(nodes_[0], 0) && !walk.scanner.at_end()) throw CorruptJson{};
  }
  return evaluate(expression_, hits);
}

struct KeyProgram::Walk {
  const std::vector<std::string>& keys;
  bool descending;
  JsonScanner scanner;
  Scalar& best;
  std::string& storage;
  bool found = false;

  void value(std::size_t key, unsigned depth) {
    if (depth > json_depth_limit) throw CorruptJson{};
    const char first = scanner.peek();
    if (first == '[') {
      scanner.expect('[');
      if (scanner.accept(']')) return;
      do {
        value(key, depth + 1);
      } while (next(']'));
    } else if (first == '{') {
      if (key == keys.size()) {
        scanner.skip_value();
        return;
      }
      scanner.expect('{');
      if (scanner.accept('}')) return;
      do {
        const bool here = scanner.string() == keys[key];
        scanner.expect(':');
        if (here) {
          value(key + 1, depth + 1);
        } else {
          scanner.skip_value();
        }
      } while (next('}'));
    } else if (key == keys.size()) {
      take();
    } else {
      scanner.skip_value();
    }
  }

  bool next(char close) {
    if (scanner.accept(close)) return false;
    scanner.expect(',');
    return true;
  }

  void take() {
    Scalar scalar;
    if (!scanner.scalar(scalar)) return;
    if (found) {
      const int order = core::compare(scalar, best);
      if (descending ? order <= 0 : order >= 0) return;
    }
    found = true;
    best = scalar;
    if (scalar.kind == Scalar::Kind::text) {
      storage.assign(scalar.text);
      best.text = storage;
    }
  }
};

bool KeyProgram::find(std::string_view fields, Scalar& best, std::string& storage) const {
  std::string buffer;
  Walk walk{path_.keys(), order_ == Order::desc, JsonScanner(fields, buffer), best, storage};
  if (walk.scanner.peek() != '{') throw CorruptJson{};
  walk.value(0, 0);
  return walk.found;
}

}  // namespace weir::sqlite
