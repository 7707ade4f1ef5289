#include "backends/elasticsearch/number_range.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace weir::elasticsearch {
namespace {

constexpr std::int64_t exact_integers = std::int64_t{1} << 53U;
constexpr auto smallest = std::numeric_limits<std::int64_t>::min();
constexpr auto largest = std::numeric_limits<std::int64_t>::max();

using End = NumberRange::End;

bool is_large(const std::optional<End>& end) {
  if (!end) return false;
  if (end->value.is_number_float()) return std::abs(end->value.get<double>()) >= two_to_53;
  if (end->value.is_number_unsigned())
    return end->value.get<std::uint64_t>() >= static_cast<std::uint64_t>(exact_integers);
  const auto number = end->value.get<std::int64_t>();
  return number >= exact_integers || number <= -exact_integers;
}

// -0.0 and 0.0 are one number to us and two to Lucene.
Json normal(const Json& value) {
  if (value.is_number_float() && value.get<double>() == 0.0) return 0.0;
  return value;
}

Json range_query(const std::string& field, const std::optional<End>& low, const std::optional<End>& high) {
  Json bounds = Json::object();
  if (low) bounds[low->included ? "gte" : "gt"] = normal(low->value);
  if (high) bounds[high->included ? "lte" : "lt"] = normal(high->value);
  Json out = Json::object();
  out["range"][field] = std::move(bounds);
  return out;
}

// The integers of an interval, ends included; none: there is none.
std::optional<std::pair<std::int64_t, std::int64_t>> integers(const NumberRange& range) {
  std::int64_t first = smallest, last = largest;
  if (const auto& low = range.low()) {
    if (low->value.is_number_float()) {
      const double bound = low->value.get<double>();
      if (bound >= two_to_63) return std::nullopt;
      if (bound >= -two_to_63) {
        const double up = std::ceil(bound);
        if (up >= two_to_63) return std::nullopt;
        first = static_cast<std::int64_t>(up);
        if (up == bound && !low->included) {
          if (first == largest) return std::nullopt;
          ++first;
        }
      }
    } else if (low->value.is_number_unsigned() &&
               low->value.get<std::uint64_t>() > static_cast<std::uint64_t>(largest)) {
      return std::nullopt;
    } else {
      first = low->value.get<std::int64_t>();
      if (!low->included) {
        if (first == largest) return std::nullopt;
        ++first;
      }
    }
  }
  if (const auto& high = range.high()) {
    if (high->value.is_number_float()) {
      const double bound = high->value.get<double>();
      if (bound < -two_to_63) return std::nullopt;
      if (bound < two_to_63) {
        const double down = std::floor(bound);
        last = static_cast<std::int64_t>(down);
        if (down == bound && !high->included) {
          if (last == smallest) return std::nullopt;
          --last;
        }
      }
    } else if (!(high->value.is_number_unsigned() &&
                 high->value.get<std::uint64_t>() > static_cast<std::uint64_t>(largest))) {
      last = high->value.get<std::int64_t>();
      if (!high->included) {
        if (last == smallest) return std::nullopt;
        --last;
      }
    }
  }
  if (first > last) return std::nullopt;
  return std::pair(first, last);
}

// The integers of the interval from `least` to `most`.
std::optional<Json> integer_query(const std::string& field, const NumberRange& range, std::int64_t least,
                                  std::int64_t most) {
  const auto whole = integers(range);
  if (!whole) return std::nullopt;
  const auto first = std::max(whole->first, least), last = std::min(whole->second, most);
  if (first > last) return std::nullopt;
  return range_query(field, End{first, true}, End{last, true});
}

double as_double(const Json& value) { return value.get<double>(); }

// The doubles of the interval that lie strictly between `low` and `high`.
std::optional<Json> double_query(const std::string& field, const NumberRange& range, std::optional<double> low,
                                 std::optional<double> high) {
  std::optional<End> from, to;
  if (low) from = End{*low, false};
  if (high) to = End{*high, false};
  if (const auto& given = range.low(); given && (!from || as_double(given->value) > *low)) from = given;
  if (const auto& given = range.high(); given && (!to || as_double(given->value) < *high)) to = given;
  if (from && to) {
    const double a = as_double(from->value), b = as_double(to->value);
    if (a > b || (a == b && !(from->included && to->included))) return std::nullopt;
  }
  return range_query(field, from, to);
}

}  // namespace

NumberRange NumberRange::exactly(const Json& value) { return within(value, value); }

NumberRange NumberRange::below(const Json& value, bool included) {
  NumberRange out;
  out.high_ = End{value, included};
  return out;
}

NumberRange NumberRange::above(const Json& value, bool included) {
  NumberRange out;
  out.low_ = End{value, included};
  return out;
}

NumberRange NumberRange::within(const Json& low, const Json& high) {
  NumberRange out;
  out.low_ = End{low, true};
  out.high_ = End{high, true};
  return out;
}

std::vector<Json> number_queries(const MappedField& field, const NumberRange& range) {
  std::vector<Json> out;
  const auto add = [&](std::optional<Json> part) {
    if (part) out.push_back(std::move(*part));
  };
  if (field.kind == FieldKind::integer) {
    add(integer_query(field.name, range, smallest, largest));
  } else if (field.kind == FieldKind::floating || (!is_large(range.low()) && !is_large(range.high()))) {
    add(double_query(field.name, range, std::nullopt, std::nullopt));
  } else {
    add(integer_query(field.exact_integer, range, exact_integers, largest));
    add(integer_query(field.exact_integer, range, smallest, -exact_integers));
    add(double_query(field.name, range, -two_to_53, two_to_53));
    add(double_query(field.name, range, two_to_63, std::nullopt));
    add(double_query(field.name, range, std::nullopt, -two_to_63));
  }
  return out;
}

}  // namespace weir::elasticsearch
