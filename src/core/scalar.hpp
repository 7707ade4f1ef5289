#pragma once

// A scalar where it stands: in a Json, in a column of a table, in JSON text. Every evaluator asks `satisfies`, so that
// there is one definition of what a comparison means.

#include "core/value_order.hpp"

#include <weir/export.hpp>
#include <weir/filter.hpp>

#include <cstdint>
#include <string_view>

namespace weir::core {

// Refers to the text of its source.
struct Scalar {
  enum class Kind : unsigned char { integer, unsigned_integer, real, text, boolean };
  Kind kind = Kind::integer;
  bool truth = false;
  std::int64_t integer = 0;
  std::uint64_t unsigned_integer = 0;  // only what is above int64
  double real = 0;                     // not NaN
  std::string_view text;

  static Scalar of(std::int64_t value) noexcept {
    Scalar out;
    out.integer = value;
    return out;
  }
  static Scalar of(double value) noexcept {
    Scalar out;
    out.kind = Kind::real;
    out.real = value;
    return out;
  }
  static Scalar of(bool value) noexcept {
    Scalar out;
    out.kind = Kind::boolean;
    out.truth = value;
    return out;
  }
  static Scalar of(std::string_view value) noexcept {
    Scalar out;
    out.kind = Kind::text;
    out.text = value;
    return out;
  }
  static Scalar of(const char* value) = delete;  // it would be a bool
  // `value` is a scalar, neither null nor NaN (weir::detail::is_value).
  static Scalar of(const Json& value) noexcept {
    switch (value.type()) {
      case Json::value_t::string: return of(std::string_view(*value.get_ptr<const std::string*>()));
      case Json::value_t::boolean: return of(*value.get_ptr<const bool*>());
      case Json::value_t::number_float: return of(*value.get_ptr<const double*>());
      case Json::value_t::number_unsigned: {
        const auto number = *value.get_ptr<const std::uint64_t*>();
        if (std::in_range<std::int64_t>(number)) return of(static_cast<std::int64_t>(number));
        Scalar out;
        out.kind = Kind::unsigned_integer;
        out.unsigned_integer = number;
        return out;
      }
      default: return of(*value.get_ptr<const std::int64_t*>());
    }
  }

  Rank rank() const noexcept {
    return kind == Kind::text ? Rank::string : (kind == Kind::boolean ? Rank::boolean : Rank::number);
  }
};

// Three-way over all scalars: numbers by their exact value, strings by bytes, booleans. `operand` is one of a
// Comparison.
WEIR_API int compare(const Scalar& value, const Json& operand) noexcept;
WEIR_API int compare(const Scalar& left, const Scalar& right) noexcept;

// Whether one value passes the positive test of a comparison; `negated` and `or_missing` are for the caller, and so are
// exists and match.
WEIR_API bool satisfies(const Comparison& comparison, const Scalar& value);

}  // namespace weir::core
