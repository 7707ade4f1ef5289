#pragma once

/// @file
/// Filters: which records a query means. Two-valued logic: a comparison is true when some value at its path satisfies
/// it, and the negative operators are the exact complement of the positive ones.

#include <weir/export.hpp>
#include <weir/path.hpp>
#include <weir/pattern.hpp>
#include <weir/record.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

enum class Operator {
  eq,           ///< equal to a scalar; null means "no value"
  ne,           ///< the complement of eq, as all the `n…` operators are of theirs
  lt,           ///< less; numbers with numbers, strings by code point, false before true
  le,           ///< less or equal
  gt,           ///< greater
  ge,           ///< greater or equal
  in,           ///< equal to one of a list; null in it means "no value"; false of an empty list
  not_in,       ///< complement of in
  between,      ///< one value within both ends, ends included
  not_between,  ///< complement of between
  like,         ///< whole string; `%` any run, `_` one code point, `\x` is x
  not_like,     ///< complement of like
  ilike,        ///< like, with A–Z folded
  starts_with,  ///< the text taken literally
  contains,     ///< substring, the text taken literally
  regex,        ///< whole string, see Regex
  exists,       ///< a non-null scalar at the path or below it
  not_exists,   ///< complement of exists
  match         ///< full text, where Capabilities::full_text
};

/// The enumerator's own name. Static storage.
WEIR_API std::string_view to_string(Operator op) noexcept;
/// The operator of that name. @throws Error invalid_query
WEIR_API Operator operator_from_string(std::string_view name);

/// One comparison, as written and as a backend should compile it.
struct Comparison {
  bool on_id = false;  ///< compares the record's id; `path` is empty
  Path path;
  Operator op = Operator::exists;  ///< as written
  Json value;                      ///< as written; lists for in and between; null where there is none

  // The same, reduced: `negated` XOR (some value passes `test`, or `or_missing` and not exists).
  Operator test =
      Operator::exists;     ///< eq lt le gt ge in between like ilike starts_with contains regex exists or match
  bool negated = false;     ///< the complement of `test` is meant
  bool or_missing = false;  ///< of `in` only: `not exists` satisfies it too
  /// Non-null scalars: one, of `between` two, of `in` the list sorted without repetition, of `exists` none.
  std::vector<Json> operands;
  std::optional<LikePattern> like;  ///< of like and ilike
  std::optional<Regex> regex;       ///< of regex
};

/// A node of a filter: read-only, shared.
struct FilterNode {
  enum class Kind { always, never, comparison, all_of, any_of, negation };
  Kind kind = Kind::always;
  std::optional<Comparison> comparison;                     ///< of Kind::comparison
  std::vector<std::shared_ptr<const FilterNode>> children;  ///< of all_of and any_of one or more, of negation one
  std::size_t depth = 1;                                    ///< levels, this one included
  std::size_t size = 1;                                     ///< nodes, this one included
  bool full_text = false;                                   ///< `match` is somewhere in it
};

/// An immutable expression; a default-constructed one is true for every record. Copies share the tree.
///
/// Whatever is malformed is refused when the filter is made: Error invalid_query, naming path and operator.
///
/// *Thread safety*: immutable.
class WEIR_API Filter {
 public:
  /// The deepest nesting of `and`, `or` and `not`.
  static constexpr std::size_t max_depth = 100;
  /// The most nodes of one filter.
  static constexpr std::size_t max_size = 20'000;

  Filter() = default;
  /// One comparison. `value`: a scalar; a list for in and not_in, two scalars for between and not_between, none for
  /// exists.
  Filter(std::string path, Operator op, Json value = {});
  Filter(Path path, Operator op, Json value = {});
  /// A comparison of the record's id.
  static Filter on_id(Operator op, Json value = {});
  /// True when all are, and of an empty list.
  static Filter all_of(const std::vector<Filter>& filters);
  /// True when one is, and false of an empty list.
  static Filter any_of(const std::vector<Filter>& filters);
  static Filter negation(const Filter& filter);

  WEIR_API friend Filter operator&&(Filter left, Filter right);
  WEIR_API friend Filter operator||(Filter left, Filter right);
  WEIR_API friend Filter operator!(Filter filter);

  /// Whether the record satisfies it: the definition that every backend is held to.
  /// @throws Error unsupported for `match`, which needs a store's full text index.
  bool compare(const Record& record) const;

  /// The text form: `age >= 30 and (name like "A%" or not exists(email))`. @throws Error invalid_query with the
  /// position.
  static Filter parse(std::string_view text);
  /// The text that `parse` reads back to an equal filter.
  std::string to_string() const;
  /// The JSON form: `{"path": "age", "op": "ge", "value": 30}`, `{"and": […]}`, `{"or": […]}`, `{"not": …}`.
  static Filter from_json(const Json& json);
  Json to_json() const;

  /// The tree, for compilers.
  const FilterNode& node() const noexcept;
  /// Whether it is the default, true for every record.
  bool always() const noexcept { return node().kind == FilterNode::Kind::always; }

 private:
  explicit Filter(std::shared_ptr<const FilterNode> node) : node_(std::move(node)) {}
  static Filter combine(FilterNode::Kind kind, std::vector<std::shared_ptr<const FilterNode>> children);
  static Filter join(FilterNode::Kind kind, const Filter& left, const Filter& right);
  static Filter compare_with(bool on_id, Path path, Operator op, Json value);

  std::shared_ptr<const FilterNode> node_;  // null: true for every record
};

}  // namespace weir
