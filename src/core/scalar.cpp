#include "core/scalar.hpp"

#include "core/find_text.hpp"

#include <algorithm>

namespace weir::core {
namespace {

int compare_number(const Scalar& value, std::int64_t operand) noexcept {
  switch (value.kind) {
    case Scalar::Kind::integer: return compare_values(value.integer, operand);
    case Scalar::Kind::unsigned_integer: return 1;
    default: return -compare_integer_double(operand, value.real);
  }
}

int compare_number(const Scalar& value, double operand) noexcept {
  switch (value.kind) {
    case Scalar::Kind::integer: return compare_integer_double(value.integer, operand);
    case Scalar::Kind::unsigned_integer: return compare_integer_double(value.unsigned_integer, operand);
    default: return compare_values(value.real, operand);
  }
}

// Of one rank.
int compare_alike(const Scalar& value, const Json& operand) noexcept {
  switch (value.kind) {
    case Scalar::Kind::text: return value.text.compare(*operand.get_ptr<const std::string*>());
    case Scalar::Kind::boolean: return compare_values(value.truth, *operand.get_ptr<const bool*>());
    default: break;
  }
  if (operand.is_number_float()) return compare_number(value, *operand.get_ptr<const double*>());
  return compare_number(value, *operand.get_ptr<const std::int64_t*>());
}

int compare_number(const Scalar& value, std::uint64_t operand) noexcept {  // above int64
  switch (value.kind) {
    case Scalar::Kind::integer: return -1;
    case Scalar::Kind::unsigned_integer: return compare_values(value.unsigned_integer, operand);
    default: return -compare_integer_double(operand, value.real);
  }
}

}  // namespace

int compare(const Scalar& value, const Json& operand) noexcept {
  const Rank a = value.rank();
  const Rank b = rank_of(operand);
  return a != b ? compare_values(a, b) : compare_alike(value, operand);
}

int compare(const Scalar& left, const Scalar& right) noexcept {
  if (left.rank() != right.rank()) return compare_values(left.rank(), right.rank());
  switch (right.kind) {
    case Scalar::Kind::text: return left.text.compare(right.text);
    case Scalar::Kind::boolean: return compare_values(left.truth, right.truth);
    case Scalar::Kind::integer: return compare_number(left, right.integer);
    case Scalar::Kind::unsigned_integer: return compare_number(left, right.unsigned_integer);
    default: return compare_number(left, right.real);
  }
}

bool satisfies(const Comparison& c, const Scalar& value) {
  const Rank rank = value.rank();
  const auto alike = [&](std::size_t i) { return rank == rank_of(c.operands[i]); };
  const auto order = [&](std::size_t i) { return compare_alike(value, c.operands[i]); };
  const auto text = [&c]() -> std::string_view { return *c.operands[0].get_ptr<const std::string*>(); };
  const bool is_text = rank == Rank::string;
  switch (c.test) {
    case Operator::eq: return alike(0) && order(0) == 0;
    case Operator::lt: return alike(0) && order(0) < 0;
    case Operator::le: return alike(0) && order(0) <= 0;
    case Operator::gt: return alike(0) && order(0) > 0;
    case Operator::ge: return alike(0) && order(0) >= 0;
    case Operator::between: return alike(0) && alike(1) && order(0) >= 0 && order(1) <= 0;
    case Operator::in: {
      const auto found = std::lower_bound(c.operands.begin(), c.operands.end(), value,
                                          [](const Json& a, const Scalar& b) { return compare(b, a) > 0; });
      return found != c.operands.end() && compare(value, *found) == 0;
    }
    case Operator::like:
    case Operator::ilike: return is_text && c.like->matches(value.text);
    case Operator::starts_with: return is_text && value.text.starts_with(text());
    case Operator::contains: return is_text && find_text(value.text, text()) != std::string_view::npos;
    case Operator::regex: return is_text && c.regex->matches(value.text);
    default: return false;
  }
}

}  // namespace weir::core
