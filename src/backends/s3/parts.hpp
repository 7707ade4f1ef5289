#pragma once

#include <weir/export.hpp>

#include <cstdint>

/// How a large object is cut. Pure.
namespace weir::s3 {

inline constexpr std::uint64_t max_parts = 10'000;
inline constexpr std::uint64_t least_part = std::uint64_t{5} << 20;
inline constexpr std::uint64_t largest_part = std::uint64_t{5} << 30;
inline constexpr std::uint64_t largest_object = std::uint64_t{5} << 40;

/// All parts of one size but the last, which is shorter or as long.
struct PartPlan {
  std::uint64_t part_size = 0;
  std::uint64_t count = 0;
  std::uint64_t total = 0;

  std::uint64_t begin(std::uint64_t index) const noexcept { return index * part_size; }
  std::uint64_t size(std::uint64_t index) const noexcept {
    return index + 1 < count ? part_size : total - begin(index);
  }
};

/// The wished size, larger where there would be more than 10,000 parts.
/// @throws Error too_large over 5 TiB
WEIR_API PartPlan plan_parts(std::uint64_t total, std::uint64_t wished);
/// The size of part `index` of an object of unknown length: the wished one for the first thousand parts, then twice
/// that, and so on every thousand, as far as `most` allows.
WEIR_API std::uint64_t growing_part(std::uint64_t index, std::uint64_t wished, std::uint64_t most) noexcept;

}  // namespace weir::s3
