#include "core/config/nearest.hpp"

#include <algorithm>
#include <vector>

namespace weir::configuration {

std::size_t damerau_levenshtein(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string nearest(std::string_view name, std::span<const std::string> candidates) {
  const std::string_view bounded = name.substr(0, 64);  // the work is bounded whatever was given as a name
  std::string best;
  auto best_distance = static_cast<std::size_t>(-1);
  for (const auto& candidate : candidates)
    if (const auto distance = damerau_levenshtein(bounded, candidate); distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  return best;
}

}  // namespace weir::configuration
