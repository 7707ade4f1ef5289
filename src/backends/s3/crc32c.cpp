#include "backends/s3/crc32c.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace weir::s3 {
namespace {

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// Slicing by eight: table k holds the effect of a byte that k more bytes follow.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? value >> 1U ^ 0x82F63B78U : value >> 1U;
    tables[0][i] = value;
  }
  for (std::size_t k = 1; k < tables.size(); ++k)
    for (std::size_t i = 0; i < 256; ++i) tables[k][i] = tables[k - 1][i] >> 8U ^ tables[0][tables[k - 1][i] & 0xFFU];
  return tables;
}
constexpr Tables tables = make_tables();

std::uint64_t load(const char* from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

std::uint32_t by_table(std::string_view bytes, std::uint32_t state) noexcept {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const auto word = load(at) ^ state;
    std::uint32_t next = 0;
    for (unsigned k = 0; k < 8; ++k) next ^= tables[7 - k][word >> (8 * k) & 0xFFU];
    state = next;
  }
  for (; left > 0; ++at, --left) state = state >> 8U ^ tables[0][(state ^ static_cast<unsigned char>(*at)) & 0xFFU];
  return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view bytes, std::uint32_t state) noexcept {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t wide = state;
  for (; left >= 8; at += 8, left -= 8) wide = __builtin_ia32_crc32di(wide, load(at));
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; left > 0; ++at, --left) narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(*at));
  return narrow;
}
bool has_instruction() noexcept {
  static const bool has = __builtin_cpu_supports("sse4.2") != 0;
  return has;
}
#else
std::uint32_t by_instruction(std::string_view bytes, std::uint32_t state) noexcept { return by_table(bytes, state); }
bool has_instruction() noexcept { return false; }
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before) noexcept {
  return ~by_table(bytes, ~before);
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) noexcept {
  return has_instruction() ? ~by_instruction(bytes, ~before) : crc32c_by_table(bytes, before);
}

std::string crc32c_text(std::uint32_t value) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::uint64_t bits = std::uint64_t{value} << 4U;  // 36 bits, six characters
  std::string out;
  for (int shift = 30; shift >= 0; shift -= 6) out += alphabet[bits >> static_cast<unsigned>(shift) & 63U];
  return out + "==";
}

}  // namespace weir::s3
