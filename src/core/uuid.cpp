#include "core/uuid.hpp"

namespace weir::core {
namespace {

constexpr std::uint64_t low_mask = (std::uint64_t{1} << 62U) - 1;
constexpr std::uint16_t high_mask = 0x0FFF;

}  // namespace

std::string uuid_v7(std::uint64_t unix_milliseconds, UuidRandom random) {
  const std::uint64_t first = (unix_milliseconds << 16U) | 0x7000U | (random.high & high_mask);
  const std::uint64_t second = (std::uint64_t{2} << 62U) | (random.low & low_mask);
  static constexpr char digits[] = "0123456789abcdef";
  std::string out(36, '-');
  std::size_t at = 0;
  for (unsigned nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) ++at;
    const std::uint64_t word = nibble < 16 ? first : second;
    out[at++] = digits[(word >> (60U - 4U * (nibble % 16U))) & 0xFU];
  }
  return out;
}

std::string UuidGenerator::next(std::uint64_t unix_milliseconds, UuidRandom random) {
  random.high &= high_mask;
  random.low &= low_mask;
  if (!used_ || unix_milliseconds > last_time_) {
    used_ = true;
    last_time_ = unix_milliseconds;
    last_ = random;
    return uuid_v7(last_time_, last_);
  }
  // A step of 1 to 2^32 keeps ids hard to guess and leaves room for as many ids as a millisecond can see.
  const std::uint64_t low = last_.low + 1 + (random.low & 0xFFFFFFFFU);
  last_.low = low & low_mask;
  if (low > low_mask) {
    if (last_.high == high_mask) {  // used up: borrow the next millisecond
      ++last_time_;
      last_ = random;
    } else {
      ++last_.high;
    }
  }
  return uuid_v7(last_time_, last_);
}

}  // namespace weir::core
