#pragma once

/// @file
/// Paths into a record, and the values that are found at one.
///
/// `a.b.c` walks nested objects; `\.` is a dot inside a key and `\\` a backslash. Digits are keys, never indexes. An
/// array on the way or at the end, also inside arrays, stands for its elements.

#include <weir/export.hpp>
#include <weir/record.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// A path, split into its keys once. A default-constructed one is empty and names nothing.
class WEIR_API Path {
 public:
  /// More keys than this are refused: no record is nested deeper.
  static constexpr std::size_t max_keys = 100;

  Path() = default;
  /// @throws Error invalid_query unless there are 1 to `max_keys` non-empty keys of valid UTF-8 without U+0000.
  explicit Path(std::vector<std::string> keys);
  /// @throws Error invalid_query for an empty segment, another escape than `\.` and `\\`, or as above.
  static Path parse(std::string_view text);

  const std::vector<std::string>& keys() const noexcept { return keys_; }
  bool empty() const noexcept { return keys_.empty(); }
  /// The text that `parse` reads back to this path.
  std::string to_string() const;

  friend bool operator==(const Path&, const Path&) = default;

 private:
  std::vector<std::string> keys_;
};

namespace detail {

/// Deeper nesting than any valid record has; a guard of the stack, not a rule.
inline constexpr unsigned walk_limit = 4000;
[[noreturn]] WEIR_API void throw_too_deep();

/// NaN cannot be stored and is written as null, so it is no value.
inline bool is_value(const Json& json) noexcept {
  switch (json.type()) {
    case Json::value_t::string:
    case Json::value_t::boolean:
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned: return true;
    case Json::value_t::number_float: return !std::isnan(*json.get_ptr<const Json::number_float_t*>());
    default: return false;
  }
}

template <class F>
bool any_value(const Json* value, const std::string* key, const std::string* end, F& visit, unsigned depth) {
  for (;;) {
    if (value->is_array()) {
      if (depth >= walk_limit) throw_too_deep();
      for (const Json& element : *value->get_ptr<const Json::array_t*>())
        if (any_value(&element, key, end, visit, depth + 1)) return true;
      return false;
    }
    if (key == end) return is_value(*value) && visit(*value);
    const auto* object = value->get_ptr<const Json::object_t*>();
    if (object == nullptr) return false;
    const auto found = object->find(*key);
    if (found == object->end()) return false;
    value = &found->second;
    ++key;
  }
}

}  // namespace detail

/// Whether `visit(const Json&) -> bool` is true of some value at the path; stops at the first. The values are the
/// non-null scalars reached. Allocates nothing.
template <class F>
bool any_value(const Json& fields, const Path& path, F&& visit) {
  const auto& keys = path.keys();
  return detail::any_value(&fields, keys.data(), keys.data() + keys.size(), visit, 0);
}

/// Calls `visit(const Json&)` for every value at the path.
template <class F>
void for_each_value(const Json& fields, const Path& path, F&& visit) {
  auto all = [&visit](const Json& value) {
    visit(value);
    return false;
  };
  any_value(fields, path, all);
}

/// Whether a non-null scalar is at the path or below it.
WEIR_API bool exists(const Json& fields, const Path& path);

}  // namespace weir
