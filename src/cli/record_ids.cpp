#include "cli/record_ids.hpp"

namespace weir::cli {

std::string RecordIds::id(std::uint64_t offset) const {
  constexpr std::uint64_t version = 0x7;
  constexpr std::uint64_t variant = 0x2;
  constexpr unsigned offset_bits = 40;  // a terabyte
  const std::uint64_t high = (milliseconds_ << 16U) | (version << 12U) | (random_ & 0xFFFU);
  const std::uint64_t low = (variant << 62U) | (((random_ >> 12U) & 0x3FFFFFU) << offset_bits) |
                            (offset & ((std::uint64_t{1} << offset_bits) - 1));
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) text += '-';
    const std::uint64_t half = nibble < 16 ? high : low;
    text += digits[(half >> (60U - 4U * (nibble % 16U))) & 0xFU];
  }
  return text;
}

}  // namespace weir::cli
