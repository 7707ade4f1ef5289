#pragma once

/// @file
/// A field as the left side of a comparison: `field("age") >= 30 && !field("email").exists()`.

#include <weir/export.hpp>
#include <weir/filter.hpp>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir {
namespace detail {

// char is left out on purpose: JSON would take 'x' for the number 120.
template <class T>
concept Character =
    std::same_as<T, char> || std::same_as<T, signed char> || std::same_as<T, unsigned char> ||
    std::same_as<T, wchar_t> || std::same_as<T, char8_t> || std::same_as<T, char16_t> || std::same_as<T, char32_t>;
template <class T>
concept Text =
    std::convertible_to<const T&, std::string_view> && !std::same_as<T, std::nullptr_t> && !std::same_as<T, Json>;
template <class T>
concept Number = (std::integral<T> || std::floating_point<T>) && !Character<T>;

}  // namespace detail

/// What a field can be compared with: numbers, bool, text, null, Json.
template <class T>
concept Scalar = detail::Number<std::remove_cvref_t<T>> || detail::Text<std::remove_cvref_t<T>> ||
                 std::same_as<std::remove_cvref_t<T>, std::nullptr_t> || std::same_as<std::remove_cvref_t<T>, Json>;

namespace detail {

template <Scalar T>
Json to_operand(T&& value) {
  using V = std::remove_cvref_t<T>;
  if constexpr (Text<V>) {
    if constexpr (std::is_pointer_v<V>)
      if (static_cast<const char*>(value) == nullptr) return Json(nullptr);
    return Json(std::string(std::string_view(value)));
  } else {
    return Json(std::forward<T>(value));
  }
}

template <class R>
concept ScalarRange = !Scalar<R> && requires(R& range) {
  std::begin(range) != std::end(range);
  requires Scalar<std::iter_value_t<decltype(std::begin(range))>>;
};

}  // namespace detail

/// A field, or the record's id, that stands on the left of a comparison. Made by `field()` and `id()`.
class WEIR_API Field {
 public:
  template <Scalar V>
  Filter operator==(V&& value) const {
    return filter(Operator::eq, detail::to_operand(std::forward<V>(value)));
  }
  template <Scalar V>
  Filter operator!=(V&& value) const {
    return filter(Operator::ne, detail::to_operand(std::forward<V>(value)));
  }
  template <Scalar V>
  Filter operator<(V&& value) const {
    return filter(Operator::lt, detail::to_operand(std::forward<V>(value)));
  }
  template <Scalar V>
  Filter operator<=(V&& value) const {
    return filter(Operator::le, detail::to_operand(std::forward<V>(value)));
  }
  template <Scalar V>
  Filter operator>(V&& value) const {
    return filter(Operator::gt, detail::to_operand(std::forward<V>(value)));
  }
  template <Scalar V>
  Filter operator>=(V&& value) const {
    return filter(Operator::ge, detail::to_operand(std::forward<V>(value)));
  }
  // No store compares two fields of a record.
  Filter operator==(const Field&) const = delete;
  Filter operator!=(const Field&) const = delete;
  Filter operator<(const Field&) const = delete;
  Filter operator<=(const Field&) const = delete;
  Filter operator>(const Field&) const = delete;
  Filter operator>=(const Field&) const = delete;

  template <Scalar A, Scalar B>
  Filter between(A&& low, B&& high) const {
    return filter(Operator::between, ends(std::forward<A>(low), std::forward<B>(high)));
  }
  template <Scalar A, Scalar B>
  Filter not_between(A&& low, B&& high) const {
    return filter(Operator::not_between, ends(std::forward<A>(low), std::forward<B>(high)));
  }

  /// `in(1, 2, 3)`; a single JSON array is taken as the list.
  template <Scalar... V>
  Filter in(V&&... values) const {
    return filter(Operator::in, list(std::forward<V>(values)...));
  }
  template <Scalar... V>
  Filter not_in(V&&... values) const {
    return filter(Operator::not_in, list(std::forward<V>(values)...));
  }
  /// Any input range of scalars.
  template <detail::ScalarRange R>
  Filter in(R&& range) const {
    return filter(Operator::in, list_of(range));
  }
  template <detail::ScalarRange R>
  Filter not_in(R&& range) const {
    return filter(Operator::not_in, list_of(range));
  }

  Filter like(std::string pattern) const { return filter(Operator::like, std::move(pattern)); }
  Filter not_like(std::string pattern) const { return filter(Operator::not_like, std::move(pattern)); }
  Filter ilike(std::string pattern) const { return filter(Operator::ilike, std::move(pattern)); }
  Filter starts_with(std::string text) const { return filter(Operator::starts_with, std::move(text)); }
  Filter contains(std::string text) const { return filter(Operator::contains, std::move(text)); }
  Filter regex(std::string pattern) const { return filter(Operator::regex, std::move(pattern)); }
  Filter match(std::string text) const { return filter(Operator::match, std::move(text)); }
  Filter exists() const { return filter(Operator::exists, nullptr); }
  Filter not_exists() const { return filter(Operator::not_exists, nullptr); }

  /// Empty for the record's id.
  const Path& path() const noexcept { return path_; }
  bool is_id() const noexcept { return path_.empty(); }

  WEIR_API friend Field field(std::string path);
  WEIR_API friend Field id();

 private:
  explicit Field(Path path) : path_(std::move(path)) {}
  Filter filter(Operator op, Json value) const;

  template <class A, class B>
  static Json ends(A&& low, B&& high) {
    Json list = Json::array();
    list.push_back(detail::to_operand(std::forward<A>(low)));
    list.push_back(detail::to_operand(std::forward<B>(high)));
    return list;
  }
  template <class... V>
  static Json list(V&&... values) {
    Json out = Json::array();
    (out.push_back(detail::to_operand(std::forward<V>(values))), ...);
    if constexpr (sizeof...(V) == 1 && (std::same_as<std::remove_cvref_t<V>, Json> && ...))
      if (out.front().is_array()) out = Json(out.front());
    return out;
  }
  template <class R>
  static Json list_of(R& range) {
    Json out = Json::array();
    using Value = std::iter_value_t<decltype(std::begin(range))>;
    for (auto&& element : range) out.push_back(detail::to_operand(static_cast<const Value&>(element)));
    return out;
  }

  Path path_;
};

/// @throws Error invalid_query for a malformed path.
WEIR_API Field field(std::string path);
/// The record's id as an operand.
WEIR_API Field id();

}  // namespace weir
