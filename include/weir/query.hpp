#pragma once

/// @file
/// Queries: a filter, an order, a page and a selection.

#include <weir/export.hpp>
#include <weir/field.hpp>
#include <weir/filter.hpp>
#include <weir/path.hpp>
#include <weir/record.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

enum class Order { asc, desc };

/// One key of an ordering: a path, or the record's id.
struct OrderKey {
  Path path;  ///< empty for the record's id
  Order order = Order::asc;
  bool on_id() const noexcept { return path.empty(); }
};

/// What to search for. A value type; every setter has an overload for lvalues and one for rvalues, so that it can be
/// chained.
///
/// *Thread safety*: as of any standard container.
class WEIR_API Query {
 public:
  /// The most keys of an ordering.
  static constexpr std::size_t max_order_keys = 32;

  Query() = default;
  explicit Query(Filter filter) : filter_(std::move(filter)) {}

  /// Adds a condition; again: and-ed.
  Query& where(Filter condition) &;
  Query&& where(Filter condition) && { return std::move(where(std::move(condition))); }
  /// Adds a condition of one comparison.
  Query& filter(std::string path, Operator op, Json value = {}) & {
    return where(Filter(std::move(path), op, std::move(value)));
  }
  Query&& filter(std::string path, Operator op, Json value = {}) && {
    return std::move(where(Filter(std::move(path), op, std::move(value))));
  }
  /// Adds a key to the ordering; ties are always broken by id. @throws Error invalid_query
  Query& order_by(std::string path, Order order = Order::asc) & { return add_key(Path::parse(path), order); }
  Query&& order_by(std::string path, Order order = Order::asc) && {
    return std::move(add_key(Path::parse(path), order));
  }
  /// The same, also by the record's id: `order_by(weir::id(), Order::desc)`.
  Query& order_by(const Field& key, Order order = Order::asc) & { return add_key(key.path(), order); }
  Query&& order_by(const Field& key, Order order = Order::asc) && { return std::move(add_key(key.path(), order)); }
  /// At most so many records; 0 is an empty result.
  Query& limit(std::size_t records) & {
    limit_ = records;
    return *this;
  }
  Query&& limit(std::size_t records) && { return std::move(limit(records)); }
  /// Leaves out so many records at the beginning.
  Query& offset(std::size_t records) & {
    offset_ = records;
    return *this;
  }
  Query&& offset(std::size_t records) && { return std::move(offset(records)); }
  /// Keeps only these paths of the fields, with their nesting; of an empty list none. Id and version always come.
  Query& select(std::vector<std::string> paths) &;
  Query&& select(std::vector<std::string> paths) && { return std::move(select(std::move(paths))); }
  template <class... S>
    requires(sizeof...(S) > 0 && (std::convertible_to<S, std::string> && ...))
  Query& select(S&&... paths) & {
    std::vector<std::string> list;
    list.reserve(sizeof...(S));
    (list.emplace_back(std::forward<S>(paths)), ...);
    return select(std::move(list));
  }
  template <class... S>
    requires(sizeof...(S) > 0 && (std::convertible_to<S, std::string> && ...))
  Query&& select(S&&... paths) && {
    return std::move(select(std::forward<S>(paths)...));
  }

  const Filter& filter() const noexcept { return filter_; }
  /// The keys given, without the id that breaks ties.
  const std::vector<OrderKey>& order() const noexcept { return order_; }
  /// Empty: no limit.
  const std::optional<std::size_t>& limit() const noexcept { return limit_; }
  std::size_t offset() const noexcept { return offset_; }
  /// Empty: the whole record.
  const std::optional<std::vector<Path>>& select() const noexcept { return select_; }

  /// Whether the record satisfies the filter.
  bool compare(const Record& record) const { return filter_.compare(record); }

  /// A query of a filter in its text form.
  static Query parse(std::string_view filter_text) { return Query(Filter::parse(filter_text)); }
  /// `{"where": …, "order_by": [{"path": "age", "order": "desc"}], "limit": 10, "offset": 0, "select": ["name"]}`, all
  /// optional.
  /// @throws Error invalid_query for anything else.
  static Query from_json(const Json& json);
  Json to_json() const;

 private:
  Query& add_key(Path path, Order order);

  Filter filter_;
  std::vector<OrderKey> order_;
  std::optional<std::size_t> limit_;
  std::size_t offset_ = 0;
  std::optional<std::vector<Path>> select_;
};

}  // namespace weir
