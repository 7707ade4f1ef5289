#include "backends/postgresql/sql/numeric.hpp"

#include "backends/postgresql/sql/parameter.hpp"

#include <cstdint>

namespace weir::postgres {
namespace {

constexpr std::size_t header_bytes = 8;
constexpr int digits_in_group = 4;

std::string group(int value, bool padded) {
  std::string out = std::to_string(value);
  if (padded && out.size() < digits_in_group) out.insert(0, digits_in_group - out.size(), '0');
  return out;
}

}  // namespace

std::optional<std::string> numeric_text(std::string_view bytes) {
  const auto number = [bytes](std::size_t at) { return read_int16(bytes.substr(at, 2)); };
  if (bytes.size() < header_bytes) return std::nullopt;
  const int count = *number(0);
  const int weight = *number(2);
  const auto sign = static_cast<std::uint16_t>(*number(4));
  const int places = *number(6);
  if (sign == 0xC000U) return "NaN";
  if (sign == 0xD000U) return "Infinity";
  if (sign == 0xF000U) return "-Infinity";
  if (count < 0 || places < 0 || (sign != 0 && sign != 0x4000U)) return std::nullopt;
  if (bytes.size() != header_bytes + 2 * static_cast<std::size_t>(count)) return std::nullopt;
  // The group of 10000^position; those not sent are zero.
  const auto digit = [&](int position) {
    const int at = weight - position;
    return at < 0 || at >= count ? 0 : static_cast<int>(*number(header_bytes + 2 * static_cast<std::size_t>(at)));
  };
  std::string out = sign == 0 ? "" : "-";
  if (weight < 0) out += '0';
  for (int position = weight; position >= 0; --position) out += group(digit(position), position != weight);
  if (places == 0) return out;
  std::string fraction;
  for (int position = -1; static_cast<int>(fraction.size()) < places; --position)
    fraction += group(digit(position), true);
  fraction.resize(static_cast<std::size_t>(places));
  return out + "." + fraction;
}

}  // namespace weir::postgres
