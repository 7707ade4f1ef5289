#pragma once

// Scalars compared as filters and orderings compare them.

#include "core/number_order.hpp"

namespace weir::core {

// The rank of a type in an ordering; types of another rank never compare in a filter.
enum class Rank : unsigned char { number, string, boolean, none };

inline Rank rank_of(const Json& value) noexcept {
  switch (value.type()) {
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float: return Rank::number;
    case Json::value_t::string: return Rank::string;
    case Json::value_t::boolean: return Rank::boolean;
    default: return Rank::none;
  }
}

// Three-way, of two values of one rank. Bytes of UTF-8 order as code points do.
inline int compare_same_rank(Rank rank, const Json& left, const Json& right) noexcept {
  switch (rank) {
    case Rank::number: return compare_numbers(left, right);
    case Rank::string: return left.get_ptr<const std::string*>()->compare(*right.get_ptr<const std::string*>());
    case Rank::boolean: return compare_values(*left.get_ptr<const bool*>(), *right.get_ptr<const bool*>());
    case Rank::none: break;
  }
  return 0;
}

// Three-way over all scalars: numbers, strings, booleans.
inline int compare_scalars(const Json& left, const Json& right) noexcept {
  const Rank a = rank_of(left);
  const Rank b = rank_of(right);
  if (a != b) return a < b ? -1 : 1;
  return compare_same_rank(a, left, right);
}

}  // namespace weir::core
