#pragma once

#include <weir/path.hpp>
#include <weir/query.hpp>
#include <weir/record.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// What an index knows of its fields, and what ours is told. Pure.
namespace weir::elasticsearch {

/// What can be asked of a field.
enum class FieldKind : std::uint8_t {
  keyword,   ///< strings, exact
  text,      ///< full text only
  number,    ///< ours: a double with a long beside it, exact on all int64 and all doubles but 2^63
  floating,  ///< double and its smaller kin
  integer,   ///< long and its smaller kin
  boolean,
  object,  ///< has fields below it
  other    ///< dates, geo points…: only `exists` means something
};

struct MappedField {
  FieldKind kind = FieldKind::other;
  std::string type;                         ///< as the index calls it
  std::string name;                         ///< to compare by: the field, or its keyword subfield
  std::string full_text;                    ///< to search in; empty: none
  std::string exact_integer;                ///< of `number`: the long beside it
  std::string order_min, order_max;         ///< of `number`: see LargeNumbers
  std::optional<std::size_t> ignore_above;  ///< longer strings are not indexed
};

/// A path that the index does not know yet and a record needs.
struct NewField {
  std::vector<std::string> keys;
  FieldKind kind = FieldKind::keyword;
};

/// What a check found besides faults.
struct CheckedFields {
  std::vector<NewField> missing;  ///< each path once
  bool large_numbers = false;     ///< a number of 2^53 or more in size
  bool hollow_objects = false;    ///< an object without any value stands where the index has something else
};

/// The values alone, which is what such a record is indexed by; the record itself stands beside them, under `verbatim`.
std::optional<Json> without_hollow_objects(const Json& value);

/// The smallest and the largest number at a path, where it is 2^53 or more in size and fits int64. Sorting by a double
/// does not tell such integers apart, so documents of ours hold them beside the fields, under `order`, and they are the
/// second key. (A subfield would do it for single numbers; of [1.5, 7] and [1.5, 3] it would break a tie wrongly.)
struct LargeNumbers {
  std::vector<std::string> keys;
  std::optional<std::int64_t> smallest;
  std::optional<std::int64_t> largest;
};
std::vector<LargeNumbers> large_numbers(const Json& fields);

/// The fields of one index. Ours keep a record's fields under "fields", its id in "id" (so that ties can be broken by
/// it), a number from the id in "part" (so that partitions can be cut); any other index holds bare documents.
///
/// The server adds no fields to an index of ours by itself: whoever writes a new one puts it into the mapping first.
class Mapping {
 public:
  /// An index of ours that is empty.
  /// @param text_paths joined with dots: what is long text and no keyword
  explicit Mapping(std::set<std::string, std::less<>> text_paths = {});
  /// From the answer to `GET /index/_mapping`; several indexes behind an alias are one, and a field that they hold
  /// under different types is `other`. Throws Error protocol_error for what is no mapping.
  /// @param key_field of a foreign index: the field with the id
  static Mapping parse(const Json& answer, std::set<std::string, std::less<>> text_paths = {},
                       const std::string& key_field = {});

  bool ours() const noexcept { return ours_; }
  /// Null: no record has it.
  const MappedField* find(const Path& path) const;
  /// The name of the field that holds the id; empty: only `_id`.
  const std::string& id_field() const noexcept { return id_field_; }
  /// The index that answered; empty: there were several, behind an alias.
  const std::string& index() const noexcept { return index_; }
  /// Whether every path of the query is known. A path that is not may have been added by somebody else meanwhile.
  bool knows(const Query& query) const;
  std::size_t size() const noexcept { return fields_.size(); }

  /// Checks a record's fields: a value of another type than the index holds at that path, a key that the index cannot
  /// have (empty, blank, with `.` or `*`), a string over its index's limit, the double 2^63 and integers outside int64
  /// are refused naming the path. What a foreign index does not know yet is the server's business.
  CheckedFields check(const Json& fields) const;
  /// The body of `PUT /index/_mapping` that makes new fields known. Two first writers with different types: the server
  /// refuses the second one's.
  static Json put_mapping_body(const std::vector<NewField>& fields);
  /// Takes over what was put.
  void add(const std::vector<NewField>& fields);

  /// The body of `PUT /index` for an index of ours.
  static Json create_index_body(const Json& settings = Json::object());

 private:
  void read_properties(const Json& properties, const std::string& prefix);
  void read_field(const std::string& name, const Json& field);
  void put(const std::string& name, MappedField field);

  friend class FieldCheck;
  const MappedField* find_name(std::string_view name) const;

  bool ours_ = true;
  std::string id_field_ = "id";
  std::string index_;
  std::set<std::string, std::less<>> text_paths_;
  std::map<std::string, MappedField, std::less<>> fields_;
};

/// Strings longer than this many characters are not indexed by an index of ours: Lucene's limit of 32,766 bytes a term.
inline constexpr std::size_t longest_keyword = 8191;

/// Up to the first a double knows all integers; from the second on int64 knows none.
inline constexpr double two_to_53 = 9007199254740992.0;
inline constexpr double two_to_63 = 9223372036854775808.0;

/// "part" of a document: 0 to `parts` − 1, from the id alone.
inline constexpr std::uint32_t parts = 32'768;
std::uint32_t part_of(std::string_view id) noexcept;

}  // namespace weir::elasticsearch
