#pragma once

#include <weir/export.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the processor's instruction where there is one. Pure.
namespace weir::s3 {

/// Goes on from `before`, the value for what came before.
WEIR_API std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0) noexcept;
/// The same by table; for tests.
WEIR_API std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0) noexcept;
/// As S3 writes it: base64 of the four bytes, the highest first.
WEIR_API std::string crc32c_text(std::uint32_t value);

}  // namespace weir::s3
