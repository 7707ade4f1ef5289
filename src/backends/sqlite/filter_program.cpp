#include "backends/sqlite/filter_program.hpp"

#include "core/number_order.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <array>

namespace weir::sqlite {
namespace {

// Deeper than any record that is taken; it guards the stack against a file that others wrote.
constexpr unsigned depth_limit = 4000;

int rank_of(Scalar::Kind kind) noexcept {
  return kind == Scalar::Kind::string ? 1 : (kind == Scalar::Kind::boolean ? 2 : 0);
}

int rank_of(const Json& operand) noexcept { return operand.is_string() ? 1 : (operand.is_boolean() ? 2 : 0); }

int compare_numbers(const Scalar& left, std::int64_t right) noexcept {
  if (left.kind == Scalar::Kind::integer) return core::compare_values(left.integer, right);
  return -core::compare_integer_double(right, left.real);
}

int compare_numbers(const Scalar& left, double right) noexcept {
  if (left.kind == Scalar::Kind::integer) return core::compare_integer_double(left.integer, right);
  return core::compare_values(left.real, right);
}

// Both have one rank.
int compare_same_rank(const Scalar& value, const Json& operand) noexcept {
  switch (value.kind) {
    case Scalar::Kind::string: return value.text.compare(*operand.get_ptr<const std::string*>());
    case Scalar::Kind::boolean: return core::compare_values(value.truth, *operand.get_ptr<const bool*>());
    default:
      if (operand.is_number_float()) return compare_numbers(value, *operand.get_ptr<const double*>());
      return compare_numbers(value, *operand.get_ptr<const std::int64_t*>());
  }
}

int compare(const Scalar& value, const Json& operand) noexcept {
  const int a = rank_of(value.kind);
  const int b = rank_of(operand);
  return a != b ? (a < b ? -1 : 1) : compare_same_rank(value, operand);
}

bool test_scalar(const Comparison& c, Operator test, const Scalar& value) {
  const auto ordered = [&](auto accept) {
    const Json& operand = c.operands[0];
    return rank_of(value.kind) == rank_of(operand) && accept(compare_same_rank(value, operand));
  };
  const bool is_text = value.kind == Scalar::Kind::string;
  const auto operand_text = [&]() -> const std::string& { return *c.operands[0].get_ptr<const std::string*>(); };
  switch (test) {
    case Operator::eq: return ordered([](int order) { return order == 0; });
    case Operator::lt: return ordered([](int order) { return order < 0; });
    case Operator::le: return ordered([](int order) { return order <= 0; });
    case Operator::gt: return ordered([](int order) { return order > 0; });
    case Operator::ge: return ordered([](int order) { return order >= 0; });
    case Operator::between: {
      const int rank = rank_of(value.kind);
      return rank == rank_of(c.operands[0]) && rank == rank_of(c.operands[1]) &&
             compare_same_rank(value, c.operands[0]) >= 0 && compare_same_rank(value, c.operands[1]) <= 0;
    }
    case Operator::in: {
      const auto found = std::lower_bound(c.operands.begin(), c.operands.end(), value,
                                          [](const Json& a, const Scalar& b) { return compare(b, a) > 0; });
      return found != c.operands.end() && compare(value, *found) == 0;
    }
    case Operator::like:
    case Operator::ilike: return is_text && c.like->matches(value.text);
    case Operator::starts_with: return is_text && value.text.starts_with(operand_text());
    case Operator::contains: return is_text && value.text.find(operand_text()) != std::string_view::npos;
    case Operator::regex: return is_text && c.regex->matches(value.text);
    case Operator::exists: return true;
    default: return false;
  }
}

}  // namespace

int compare_scalars(const Scalar& left, const Scalar& right) noexcept {
  const int a = rank_of(left.kind);
  const int b = rank_of(right.kind);
  if (a != b) return a < b ? -1 : 1;
  switch (right.kind) {
    case Scalar::Kind::string: return left.text.compare(right.text);
    case Scalar::Kind::boolean: return core::compare_values(left.truth, right.truth);
    case Scalar::Kind::integer: return compare_numbers(left, right.integer);
    case Scalar::Kind::real: return compare_numbers(left, right.real);
  }
  return 0;
}

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
  leaves_.push_back({&comparison, test});
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
    if (depth > depth_limit) throw CorruptJson{};
    switch (scanner.peek()) {
      case '[': return array(node, depth);
      case '{': return object(node, depth);
      default: break;
    }
    Scalar scalar;
    if (!scanner.scalar(scalar)) return true;
    hit_all(node.exists);
    for (const std::uint32_t leaf : node.leaves) {
      const Leaf& test = program.leaves_[leaf];
      if (hits[leaf] == 0 && test_scalar(*test.comparison, test.test, scalar)) hit(leaf);
    }
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
  Scalar scalar;
  scalar.kind = Scalar::Kind::string;
  scalar.text = id;
  for (const std::uint32_t leaf : id_leaves_)
    hits[leaf] = test_scalar(*leaves_[leaf].comparison, leaves_[leaf].test, scalar) ? 1 : 0;
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
    if (depth > depth_limit) throw CorruptJson{};
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
      const int order = compare_scalars(scalar, best);
      if (descending ? order <= 0 : order >= 0) return;
    }
    found = true;
    best = scalar;
    if (scalar.kind == Scalar::Kind::string) {
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
