#pragma once

// Random records and expressions, made of few words so that they meet, and of values that stores get wrong.

#include "oracle.hpp"

#include <cstdint>
#include <random>
#include <string>

namespace weir::core::test {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t count) { return static_cast<std::size_t>(random_() % count); }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }

  Record record(std::size_t number);
  oracle::Expression expression(unsigned depth = 0);
  std::vector<oracle::SortBy> order();
  oracle::Keys keys();

 private:
  Json value(unsigned depth);
  Json scalar();
  std::string text();
  std::string like_pattern();
  oracle::Pattern pattern(unsigned depth);
  oracle::Expression comparison();

  std::mt19937_64 random_;
};

std::string path_text(const oracle::Keys& keys);
std::string regex_text(const oracle::Pattern& pattern);
// The JSON form of the expression.
Json to_json(const oracle::Expression& expression);

}  // namespace weir::core::test
