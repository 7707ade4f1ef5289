#include "core/sort_page.hpp"

#include "core/record_order.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace weir::core {

std::vector<const Record*> sort_page(const std::vector<const Record*>& records, const Query& query) {
  const auto size = records.size();
  const auto first = std::min(query.offset(), size);
  const auto last = query.limit() ? first + std::min(*query.limit(), size - first) : size;
  const RecordOrder order(query);
  const auto width = order.width();
  std::vector<SortKey> keys(size * width);
  for (std::size_t i = 0; i < size; ++i) order.extract(*records[i], keys.data() + i * width);
  std::vector<std::size_t> places(size);
  std::iota(places.begin(), places.end(), std::size_t{0});
  const auto before = [&](std::size_t a, std::size_t b) {
    return order.compare(*records[a], keys.data() + a * width, *records[b], keys.data() + b * width) < 0;
  };
  const auto end = places.begin() + static_cast<std::ptrdiff_t>(last);
  if (last < size)
    std::partial_sort(places.begin(), end, places.end(), before);
  else
    std::sort(places.begin(), places.end(), before);
  std::vector<const Record*> page;
  page.reserve(last - first);
  for (auto place = places.begin() + static_cast<std::ptrdiff_t>(first); place != end; ++place)
    page.push_back(records[*place]);
  return page;
}

}  // namespace weir::core
