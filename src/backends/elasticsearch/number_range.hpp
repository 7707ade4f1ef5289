#pragma once

#include "backends/elasticsearch/mapping.hpp"

#include <weir/record.hpp>

#include <optional>
#include <vector>

// Ranges of numbers, exact over all of int64 and all doubles. Pure.
namespace weir::elasticsearch {

/// An interval; each end is a JSON number or not there.
class NumberRange {
 public:
  struct End {
    Json value;
    bool included = true;
  };
  static NumberRange exactly(const Json& value);
  static NumberRange below(const Json& value, bool included);
  static NumberRange above(const Json& value, bool included);
  static NumberRange within(const Json& low, const Json& high);

  const std::optional<End>& low() const noexcept { return low_; }
  const std::optional<End>& high() const noexcept { return high_; }

 private:
  std::optional<End> low_;
  std::optional<End> high_;
};

/// Queries of which one matches when some number of the field lies in the range; none: nothing can.
///
/// A double knows integers up to 2^53 exactly and a long all of int64, so a field of ours, which is both, is asked as
/// one where that is enough and as parts where it is not: the long from 2^53 on and up to -2^53; the doubles below 2^53
/// in size; those above 2^63; those below -2^63. What the long holds of numbers below 2^53 nobody asks for: there it is
/// without their fractions.
std::vector<Json> number_queries(const MappedField& field, const NumberRange& range);

}  // namespace weir::elasticsearch
