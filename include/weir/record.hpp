#pragma once

/// @file
/// One stored record: an id, a JSON object, what the store says about it, and its version.

#include <weir/error.hpp>
#include <weir/export.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {

/// The JSON type of the whole interface. Every type with nlohmann's `to_json`/`from_json` goes in and out of a Record.
using Json = nlohmann::json;

namespace detail {

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

[[noreturn]] WEIR_API void throw_wrong_type(std::string_view path, std::string_view wanted, const Json& found);
[[noreturn]] WEIR_API void throw_conversion(std::string_view path, const char* reason);

/// A number that fits `T` without loss, or invalid_argument: nlohmann would cut 3.7 to 3 and 300 to a byte in silence.
template <class T>
T exact_number(const Json& value, std::string_view path) {
  if constexpr (std::floating_point<T>) {
    if (!value.is_number()) throw_wrong_type(path, "a number", value);
    return value.get<T>();
  } else {
    if (value.is_number_unsigned()) {
      const auto number = value.get<Json::number_unsigned_t>();
      if (std::in_range<T>(number)) return static_cast<T>(number);
    } else if (value.is_number_integer()) {
      const auto number = value.get<Json::number_integer_t>();
      if (std::in_range<T>(number)) return static_cast<T>(number);
    } else if (value.is_number_float()) {
      // A store may give the integer 1 back as 1.0. Both bounds are powers of two, hence exact as doubles.
      const auto number = value.get<double>();
      const double above = std::ldexp(1.0, std::numeric_limits<T>::digits);
      const double least = std::is_signed_v<T> ? -above : 0.0;
      if (number >= least && number < above && std::trunc(number) == number) return static_cast<T>(number);
    }
    throw_wrong_type(path, "an integer that fits the type asked for", value);
  }
}

template <class T>
T convert(const Json& value, std::string_view path) {
  if constexpr (std::same_as<T, bool>) {
    if (!value.is_boolean()) throw_wrong_type(path, "a boolean", value);
    return value.get<bool>();
  } else if constexpr (std::floating_point<T> || std::integral<T>) {
    return exact_number<T>(value, path);
  } else if constexpr (std::same_as<T, Json>) {
    return value;
  } else {
    try {
      return value.get<T>();
    } catch (const Json::exception& error) {
      throw_conversion(path, error.what());
    }
  }
}

}  // namespace detail

/// A record. A plain value: copying copies the JSON, moving is cheap.
///
/// *Thread safety*: as of any standard container.
struct WEIR_API Record {
  std::string id;                  ///< 1 to 512 bytes of UTF-8; empty on create: a UUIDv7 is assigned
  Json fields = Json::object();    ///< the record itself, always a JSON object
  Json metadata = Json::object();  ///< beside the record, never searched
  std::string version;             ///< opaque, set by every read; empty = never stored

  Record() = default;
  /// @throws Error invalid_argument unless `object` is a JSON object.
  explicit Record(Json object);

  /// Sets the value at a path: `set("address.city", "London")` makes the nesting.
  /// @throws Error invalid_query for a malformed path, invalid_argument when the way leads through a value that is no
  /// object.
  template <class V>
  Record& set(std::string_view path, V&& value) & {
    set_json(path, Json(std::forward<V>(value)));
    return *this;
  }
  template <class V>
  Record&& set(std::string_view path, V&& value) && {
    set_json(path, Json(std::forward<V>(value)));
    return std::move(*this);
  }
  Record& with_id(std::string value) & {
    id = std::move(value);
    return *this;
  }
  Record&& with_id(std::string value) && {
    id = std::move(value);
    return std::move(*this);
  }

  /// The value at a path, null when missing. Walks objects only; arrays are not looked through.
  /// @throws Error invalid_query for a malformed path.
  const Json* find(std::string_view path) const;

  /// The value at a path as a `T`. Numbers convert only without loss. `std::optional<T>` is empty for missing and null.
  /// @throws Error invalid_argument naming the path when it is missing or of another type.
  template <class T>
  T get(std::string_view path) const {
    const Json* value = find(path);
    if constexpr (detail::IsOptional<T>::value) {
      if (value == nullptr || value->is_null()) return std::nullopt;
      return detail::convert<typename T::value_type>(*value, path);
    } else {
      if (value == nullptr) detail::throw_conversion(path, "there is no such field");
      return detail::convert<T>(*value, path);
    }
  }

  /// The whole record as a struct, by nlohmann's `from_json`. @throws Error invalid_argument when it does not fit.
  template <class T>
  T to() const {
    try {
      return fields.get<T>();
    } catch (const Json::exception& error) {
      detail::throw_conversion({}, error.what());
    }
  }
  /// A record of a struct, by nlohmann's `to_json`. @throws Error invalid_argument unless that gives an object.
  template <class T>
  static Record from(const T& value) {
    return Record(Json(value));
  }

 private:
  void set_json(std::string_view path, Json value);
};

}  // namespace weir
