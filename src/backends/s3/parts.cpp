#include "backends/s3/parts.hpp"

#include <weir/error.hpp>

#include <algorithm>

namespace weir::s3 {

PartPlan plan_parts(std::uint64_t total, std::uint64_t wished) {
  if (total > largest_object) throw Error(errc::too_large, "an object has at most 5 TiB");
  constexpr std::uint64_t step = std::uint64_t{1} << 20;
  auto size = std::clamp(wished, least_part, largest_part);
  if (const auto least = (total + max_parts - 1) / max_parts; least > size) size = (least + step - 1) / step * step;
  PartPlan plan;
  plan.part_size = size;
  plan.total = total;
  plan.count = std::max<std::uint64_t>((total + size - 1) / size, 1);
  return plan;
}

std::uint64_t growing_part(std::uint64_t index, std::uint64_t wished, std::uint64_t most) noexcept {
  auto size = std::max(wished, least_part);
  const auto ceiling = std::max(std::min(most, largest_part), size);
  for (std::uint64_t i = 0; i < index / 1000 && size < ceiling; ++i) size = std::min(size * 2, ceiling);
  return size;
}

}  // namespace weir::s3
