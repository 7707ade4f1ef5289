#pragma once

// A filter compiled to be evaluated over stored JSON text in one pass, and a sort key likewise. This is what SQLite
// calls for each row (functions.hpp); the meaning is that of Filter::compare, to which the tests hold it.

#include "backends/sqlite/json_scan.hpp"

#include <weir/filter.hpp>
#include <weir/query.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::sqlite {

class FilterProgram {
 public:
  // The conjunction of nodes of the filter, which is kept. Throws Error unsupported for `match`.
  static std::shared_ptr<const FilterProgram> compile(const Filter& filter,
                                                      const std::vector<const FilterNode*>& nodes);

  // Throws CorruptJson.
  bool matches(std::string_view id, std::string_view fields) const;

 private:
  struct Node {  // of the tree of paths
    std::vector<std::pair<std::string, std::uint32_t>> children;
    std::vector<std::uint32_t> leaves;  // tests of the scalars here
    std::vector<std::uint32_t> exists;  // true when a scalar is here or below
  };
  struct Expression {
    FilterNode::Kind kind;
    std::uint32_t leaf = 0;          // of a comparison
    std::int64_t missing_leaf = -1;  // the second test of `or_missing`: exists
    bool negated = false;
    std::vector<Expression> children;
  };
  struct Walk;

  Expression build(const FilterNode& node);
  std::uint32_t add_leaf(const Comparison& comparison, Operator test);
  static bool evaluate(const Expression& expression, const unsigned char* hits);

  Filter filter_;
  // Tests of the values at a path (or of the id); they point into `filter_`. One that a node lists under `exists` asks
  // only whether there is a value.
  std::vector<const Comparison*> leaves_;
  std::vector<std::uint32_t> id_leaves_;
  std::vector<Node> nodes_;
  Expression expression_{FilterNode::Kind::always, 0, -1, false, {}};
};

// The smallest (ascending) or largest (descending) value at a path.
class KeyProgram {
 public:
  KeyProgram(Path path, Order order) : path_(std::move(path)), order_(order) {}
  const Path& path() const noexcept { return path_; }
  Order order() const noexcept { return order_; }

  // Whether there is a value. A string's text is in `storage`. Throws CorruptJson.
  bool find(std::string_view fields, Scalar& best, std::string& storage) const;

 private:
  struct Walk;
  Path path_;
  Order order_;
};

}  // namespace weir::sqlite
