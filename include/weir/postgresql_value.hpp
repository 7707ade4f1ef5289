#pragma once

/// @file
/// Values of PostgreSQL's types, in and out.

#include <weir/export.hpp>
#include <weir/record.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

/// `bytea`.
using PostgresBytes = std::vector<std::byte>;
/// `timestamptz`, and `timestamp` taken as UTC.
using PostgresTime = std::chrono::sys_time<std::chrono::microseconds>;

/// A value to be bound to `$1`, `$2`, …
///
/// Numbers, booleans, times, bytes and JSON have a type of their own, integers by their size: `int2`, `int4`, `int8`.
/// A string has the type that the statement asks for there, so it serves for `text`, `uuid`, `numeric`, `date`, an enum
/// and every other type that has a text form.
class WEIR_API PostgresValue {
 public:
  PostgresValue() noexcept = default;  ///< NULL
  PostgresValue(std::nullptr_t) noexcept {}
  PostgresValue(bool value);
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  PostgresValue(T value) {
    if constexpr (std::is_unsigned_v<T> && sizeof(T) == 8) {
      *this = from_unsigned(value);
    } else {
      // An unsigned type needs the next size.
      constexpr std::size_t size = sizeof(T) + (std::is_unsigned_v<T> ? 1 : 0);
      *this = from_integer(static_cast<std::int64_t>(value), size <= 2 ? 2 : (size <= 4 ? 4 : 8));
    }
  }
  PostgresValue(float value);
  PostgresValue(double value);
  PostgresValue(std::string value) noexcept;
  PostgresValue(std::string_view value) : PostgresValue(std::string(value)) {}
  PostgresValue(const char* value) : PostgresValue(std::string(value)) {}
  template <std::same_as<Json> T>
  PostgresValue(const T& value) {
    *this = from_json(value);
  }
  PostgresValue(PostgresTime value);
  PostgresValue(std::chrono::sys_days value);
  PostgresValue(const PostgresBytes& value);
  template <class T>
  PostgresValue(const std::optional<T>& value) {
    if (value) *this = PostgresValue(*value);
  }
  /// An array of one dimension. Strings become `text[]`.
  template <class T>
    requires(!std::same_as<T, std::byte>)
  PostgresValue(const std::vector<T>& values) {
    std::vector<PostgresValue> elements;
    elements.reserve(values.size());
    for (const auto& value : values) elements.emplace_back(static_cast<const T&>(value));
    const PostgresValue kind = example<T>();
    *this = from_array(kind.type_ == 0 ? 25 : kind.type_, elements);
  }

  bool is_null() const noexcept { return null_; }
  /// The type's object identifier; 0: whatever the statement asks for.
  std::uint32_t type() const noexcept { return type_; }
  bool binary() const noexcept { return binary_; }
  const std::string& bytes() const noexcept { return bytes_; }

 private:
  template <class T>
  struct IsOptional : std::false_type {};
  template <class T>
  struct IsOptional<std::optional<T>> : std::true_type {};
  template <class T>
  static PostgresValue example() {
    if constexpr (IsOptional<T>::value) {
      return example<typename T::value_type>();
    } else {
      return PostgresValue(T());
    }
  }
  PostgresValue(std::uint32_t type, std::string bytes, bool binary) noexcept
      : type_(type), null_(false), binary_(binary), bytes_(std::move(bytes)) {}
  static PostgresValue from_integer(std::int64_t value, int size);
  static PostgresValue from_unsigned(std::uint64_t value);
  static PostgresValue from_json(const Json& value);
  static PostgresValue from_array(std::uint32_t type, const std::vector<PostgresValue>& values);

  std::uint32_t type_ = 0;
  bool null_ = true;
  bool binary_ = false;
  std::string bytes_;
};

/// A field of a result, in the binary form of its type; views into the result.
struct PostgresField {
  PostgresField() = default;
  std::uint32_t type = 0;  ///< the type's object identifier
  bool null = true;
  std::string_view bytes;
  std::string_view column;  ///< for error texts
};

namespace postgres {
WEIR_API bool to_boolean(const PostgresField& field);
/// From any integer, and from a numeric without a fraction.
WEIR_API std::int64_t to_integer(const PostgresField& field);
WEIR_API double to_real(const PostgresField& field);
WEIR_API std::string to_text(const PostgresField& field);
WEIR_API Json to_json(const PostgresField& field);
WEIR_API PostgresTime to_time(const PostgresField& field);
WEIR_API std::chrono::sys_days to_days(const PostgresField& field);
WEIR_API PostgresBytes to_bytes(const PostgresField& field);
WEIR_API std::vector<PostgresField> to_elements(const PostgresField& field);
[[noreturn]] WEIR_API void does_not_fit(const PostgresField& field, const char* wanted);

/// A field of a row of the binary COPY format: its length and its bytes in network order; NULL is a length of -1.
WEIR_API void append_field(std::string& out, const PostgresValue& value);
WEIR_API void append_field(std::string& out, std::string_view text);
WEIR_API void append_field(std::string& out, double value);
WEIR_API void append_field(std::string& out, PostgresTime value);
/// Of `size` bytes: 2, 4 or 8.
WEIR_API void append_field(std::string& out, std::int64_t value, int size);

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
}  // namespace postgres

/// The field as `bool`, an integer (range checked), `double`, `float`, `std::string` (any type with a text form known
/// here: text, numbers, `numeric` exactly, `uuid`, enums, times, JSON), `Json` (json, jsonb), `PostgresTime`,
/// `std::chrono::sys_days` (date), `PostgresBytes`, `std::vector` of these for arrays, or `std::optional` for what may
/// be NULL. @throws Error invalid_argument, naming the column.
template <class T>
T postgres_get(const PostgresField& field) {
  if constexpr (postgres::IsOptional<T>::value) {
    if (field.null) return std::nullopt;
    return postgres_get<typename T::value_type>(field);
  } else if constexpr (std::same_as<T, bool>) {
    return postgres::to_boolean(field);
  } else if constexpr (std::integral<T>) {
    const auto number = postgres::to_integer(field);
    if (!std::in_range<T>(number)) postgres::does_not_fit(field, "an integer that fits the type asked for");
    return static_cast<T>(number);
  } else if constexpr (std::floating_point<T>) {
    return static_cast<T>(postgres::to_real(field));
  } else if constexpr (std::same_as<T, std::string>) {
    return postgres::to_text(field);
  } else if constexpr (std::same_as<T, Json>) {
    return postgres::to_json(field);
  } else if constexpr (std::same_as<T, PostgresTime>) {
    return postgres::to_time(field);
  } else if constexpr (std::same_as<T, std::chrono::sys_days>) {
    return postgres::to_days(field);
  } else if constexpr (std::same_as<T, PostgresBytes>) {
    return postgres::to_bytes(field);
  } else {
    static_assert(postgres::IsVector<T>::value, "a type that postgres_get names");
    T out;
    for (const PostgresField& element : postgres::to_elements(field))
      out.push_back(postgres_get<typename T::value_type>(element));
    return out;
  }
}

}  // namespace weir
