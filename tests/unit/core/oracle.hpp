#pragma once

// A second evaluator, written straight from the rules with no thought of speed and nothing in common with the
// library's: it has its own tree, walks, patterns and orderings. What it decides, the library has to decide too.

#include <weir/query.hpp>

#include <memory>
#include <string>
#include <vector>

namespace weir::core::test::oracle {

using Keys = std::vector<std::string>;

struct Pattern {  // a regular expression
  enum class Kind { character, any, set, sequence, either, repeat } kind = Kind::any;
  std::u32string characters;  // of character one, of set all of them
  bool negated = false;
  std::vector<Pattern> parts;
  unsigned min = 0;
  unsigned max = 0;
  bool unbounded = false;
};

struct Expression {
  enum class Kind { comparison, all, any, negation } kind = Kind::comparison;
  Keys keys;  // empty: the id
  Operator op = Operator::exists;
  Json value;
  Pattern regex;
  std::vector<Expression> parts;
};

bool evaluate(const Expression& expression, const Record& record);

struct SortBy {
  Keys keys;  // empty: the id
  bool descending = false;
};
// Ids in order.
std::vector<std::string> sorted(std::vector<Record> records, const std::vector<SortBy>& keys);

}  // namespace weir::core::test::oracle
