#pragma once

// Values as PostgreSQL's binary format has them, in and out. Pure: bytes only.
//
// https://www.postgresql.org/docs/15/protocol-overview.html#PROTOCOL-FORMAT-CODES; the formats themselves are those of
// the types' send and receive functions: integers in network order, text as it is, jsonb and jsonpath behind one byte
// of version.

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::postgres {

// Object identifiers of built-in types, which never change.
enum class TypeId : std::uint32_t {
  unknown = 0,
  boolean = 16,
  bytea = 17,
  int8 = 20,
  int2 = 21,
  int4 = 23,
  text = 25,
  json = 114,
  float4 = 700,
  float8 = 701,
  text_array = 1009,
  varchar = 1043,
  date = 1082,
  timestamp = 1114,
  timestamptz = 1184,
  numeric = 1700,
  uuid = 2950,
  jsonb = 3802,
  jsonb_array = 3807,
  jsonpath = 4072
};

// One bound value.
class Parameter {
 public:
  Parameter() = default;  // NULL of a type that the server finds out
  static Parameter text(std::string_view value) { return {TypeId::text, std::string(value)}; }
  static Parameter integer(std::int64_t value);
  static Parameter boolean(bool value);
  static Parameter jsonb(std::string_view json);
  static Parameter jsonpath(std::string_view path);
  static Parameter text_array(const std::vector<std::string>& values);
  // Elements are JSON text.
  static Parameter jsonb_array(const std::vector<std::string>& values);
  static Parameter raw(TypeId type, std::string bytes) { return {type, std::move(bytes)}; }
  // In the text form of a type, for which the server asks its input function.
  static Parameter as_text(TypeId type, std::string value);
  static Parameter null(TypeId type);

  TypeId type() const noexcept { return type_; }
  bool is_null() const noexcept { return null_; }
  bool binary() const noexcept { return binary_; }
  const std::string& bytes() const noexcept { return bytes_; }

 private:
  Parameter(TypeId type, std::string bytes) : type_(type), null_(false), bytes_(std::move(bytes)) {}

  TypeId type_ = TypeId::unknown;
  bool null_ = true;
  bool binary_ = true;
  std::string bytes_;
};

// Big-endian; one instruction where the machine is not.
template <class Bits>
constexpr Bits network_order(Bits bits) noexcept {
  if constexpr (std::endian::native == std::endian::big) {
    return bits;
  } else if constexpr (sizeof(Bits) == 8) {
    return __builtin_bswap64(bits);
  } else if constexpr (sizeof(Bits) == 4) {
    return __builtin_bswap32(bits);
  } else {
    static_assert(sizeof(Bits) == 2);
    return __builtin_bswap16(bits);
  }
}

// Network order.
void append_int16(std::string& out, std::int16_t value);
void append_int32(std::string& out, std::int32_t value);
void append_int64(std::string& out, std::int64_t value);
// Empty unless the text has exactly that size.
std::optional<std::int16_t> read_int16(std::string_view bytes) noexcept;
std::optional<std::int32_t> read_int32(std::string_view bytes) noexcept;
std::optional<std::int64_t> read_int64(std::string_view bytes) noexcept;
// The JSON text of a jsonb value; empty when its version is not 1.
std::optional<std::string_view> read_jsonb(std::string_view bytes) noexcept;

}  // namespace weir::postgres
