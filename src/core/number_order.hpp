#pragma once

// Numbers compared by their exact value, across integers and doubles: 2^53+1 and the double 2^53 differ.

#include <weir/record.hpp>

#include <cmath>
#include <cstdint>

namespace weir::core {

template <class T>
int compare_values(const T& left, const T& right) noexcept {
  return left < right ? -1 : (right < left ? 1 : 0);
}

// `number` is no NaN. Beyond the range of T every double decides by itself; within it, cutting the fraction is exact.
template <class T>
int compare_integer_double(T integer, double number) noexcept {
  const double above = std::ldexp(1.0, std::numeric_limits<T>::digits);
  const double least = std::is_signed_v<T> ? -above : 0.0;
  if (number >= above) return -1;
  if (number < least) return 1;
  const double whole = std::trunc(number);
  const T cut = static_cast<T>(whole);
  if (integer != cut) return integer < cut ? -1 : 1;
  return compare_values(whole, number);
}

inline int compare_integers(const Json& left, const Json& right) noexcept {
  const auto* a = left.get_ptr<const Json::number_integer_t*>();
  const auto* b = right.get_ptr<const Json::number_integer_t*>();
  // An unsigned number is stored in the same 64 bits, and nlohmann gives it as signed on request.
  const bool a_large = left.is_number_unsigned() && *a < 0;
  const bool b_large = right.is_number_unsigned() && *b < 0;
  if (a_large != b_large) return a_large ? 1 : -1;
  return compare_values(*a, *b);
}

// Both are numbers and not NaN.
inline int compare_numbers(const Json& left, const Json& right) noexcept {
  const bool left_double = left.is_number_float();
  const bool right_double = right.is_number_float();
  if (!left_double && !right_double) return compare_integers(left, right);
  const auto against = [](const Json& integer, double number) {
    if (integer.is_number_unsigned())
      return compare_integer_double(*integer.get_ptr<const Json::number_unsigned_t*>(), number);
    return compare_integer_double(*integer.get_ptr<const Json::number_integer_t*>(), number);
  };
  if (!left_double) return against(left, *right.get_ptr<const Json::number_float_t*>());
  if (!right_double) return -against(right, *left.get_ptr<const Json::number_float_t*>());
  return compare_values(*left.get_ptr<const Json::number_float_t*>(), *right.get_ptr<const Json::number_float_t*>());
}

}  // namespace weir::core
