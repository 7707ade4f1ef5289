#include "backends/postgresql/sql/parameter.hpp"

#include <cstring>
#include <limits>
#include <type_traits>

namespace weir::postgres {
namespace {

constexpr char json_version = 1;

template <class Integer>
void append_integer(std::string& out, Integer value) {
  using Bits = std::make_unsigned_t<Integer>;
  const Bits bits = network_order(static_cast<Bits>(value));
  char bytes[sizeof(Bits)];
  std::memcpy(bytes, &bits, sizeof bytes);
  out.append(bytes, sizeof bytes);
}

template <class Integer>
std::optional<Integer> read_integer(std::string_view bytes) noexcept {
  if (bytes.size() != sizeof(Integer)) return std::nullopt;
  std::uint64_t bits = 0;
  for (const char c : bytes) bits = (bits << 8U) | static_cast<unsigned char>(c);
  return static_cast<Integer>(static_cast<std::make_unsigned_t<Integer>>(bits));
}

std::string versioned(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() + 1);
  bytes += json_version;
  bytes += text;
  return bytes;
}

// One dimension that begins at 1, without NULLs.
std::string array(TypeId element, const std::vector<std::string>& values, bool with_version) {
  std::size_t size = 20;
  for (const std::string& value : values) size += value.size() + 5;
  std::string bytes;
  bytes.reserve(size);
  append_int32(bytes, values.empty() ? 0 : 1);
  append_int32(bytes, 0);
  append_int32(bytes, static_cast<std::int32_t>(element));
  if (values.empty()) return bytes;
  append_int32(bytes, static_cast<std::int32_t>(values.size()));
  append_int32(bytes, 1);
  for (const std::string& value : values) {
    append_int32(bytes, static_cast<std::int32_t>(value.size() + (with_version ? 1 : 0)));
    if (with_version) bytes += json_version;
    bytes += value;
  }
  return bytes;
}

}  // namespace

Parameter Parameter::integer(std::int64_t value) {
  std::string bytes;
  append_int64(bytes, value);
  return {TypeId::int8, std::move(bytes)};
}

Parameter Parameter::boolean(bool value) { return {TypeId::boolean, std::string(1, value ? '\1' : '\0')}; }
Parameter Parameter::jsonb(std::string_view json) { return {TypeId::jsonb, versioned(json)}; }
Parameter Parameter::jsonpath(std::string_view path) { return {TypeId::jsonpath, versioned(path)}; }

Parameter Parameter::text_array(const std::vector<std::string>& values) {
  return {TypeId::text_array, array(TypeId::text, values, false)};
}

Parameter Parameter::jsonb_array(const std::vector<std::string>& values) {
  return {TypeId::jsonb_array, array(TypeId::jsonb, values, true)};
}

Parameter Parameter::as_text(TypeId type, std::string value) {
  Parameter out(type, std::move(value));
  out.binary_ = false;
  return out;
}

Parameter Parameter::null(TypeId type) {
  Parameter out;
  out.type_ = type;
  return out;
}

void append_int16(std::string& out, std::int16_t value) { append_integer(out, value); }
void append_int32(std::string& out, std::int32_t value) { append_integer(out, value); }
void append_int64(std::string& out, std::int64_t value) { append_integer(out, value); }
std::optional<std::int16_t> read_int16(std::string_view bytes) noexcept { return read_integer<std::int16_t>(bytes); }
std::optional<std::int32_t> read_int32(std::string_view bytes) noexcept { return read_integer<std::int32_t>(bytes); }
std::optional<std::int64_t> read_int64(std::string_view bytes) noexcept { return read_integer<std::int64_t>(bytes); }

std::optional<std::string_view> read_jsonb(std::string_view bytes) noexcept {
  if (bytes.empty() || bytes.front() != json_version) return std::nullopt;
  return bytes.substr(1);
}

}  // namespace weir::postgres
