#include "policy/same_content.hpp"

#include "core/number_order.hpp"

#include <algorithm>

namespace weir::policy {
namespace {

bool same_json(const Json& wanted, const Json& stored) {
  if (wanted.is_number() && stored.is_number()) return core::compare_numbers(wanted, stored) == 0;
  if (wanted.type() != stored.type()) return false;
  if (wanted.is_object()) {
    if (wanted.size() != stored.size()) return false;
    for (auto a = wanted.begin(), b = stored.begin(); a != wanted.end(); ++a, ++b)
      if (a.key() != b.key() || !same_json(*a, *b)) return false;
    return true;
  }
  if (wanted.is_array()) return std::equal(wanted.begin(), wanted.end(), stored.begin(), stored.end(), same_json);
  return wanted == stored;
}

}  // namespace

bool same_content(const Record& wanted, const Record& stored) {
  if (!same_json(wanted.fields, stored.fields)) return false;
  for (const auto& [key, value] : wanted.metadata.items())
    if (!stored.metadata.contains(key) || !same_json(value, stored.metadata.at(key))) return false;
  return true;
}

}  // namespace weir::policy
