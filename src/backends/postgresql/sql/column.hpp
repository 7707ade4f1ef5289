#pragma once

// One column of an existing table: how its values look in a record, and which values it takes. Pure.

#include "backends/postgresql/sql/parameter.hpp"

#include <weir/error.hpp>
#include <weir/record.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::postgres {

enum class ColumnKind {
  boolean,
  integer,  // int2, int4, int8
  real,     // float8
  real4,    // float4: its decimal text is the value
  numeric,  // a text in records, so that it is exact; numbers in comparisons
  text,     // text and varchar
  name,     // enums and char(n): their text is that of a cast
  other,    // what has a text form: intervals, addresses, ranges, …
  uuid,
  date,
  timestamp,
  timestamptz,
  bytea,  // "\x…"
  json,
  jsonb,
  array,
  composite
};

class Column {
 public:
  Column() = default;
  std::string name;
  std::string type;  // as SQL has it: character varying(20)
  ColumnKind kind = ColumnKind::other;
  ColumnKind element = ColumnKind::other;  // of an array
  std::optional<int> digits;               // behind the point: of numeric(9,2), timestamp(3)
  bool generated = false;                  // the store computes it: it is never written
  bool always_identity = false;            // written only where one says so
  bool compares_by_bytes = true;           // equal texts are the same texts
  std::string unique_by;                   // the index for which it is unique alone; never NULL then
  bool in_primary_key = false;

  // "t"."name"
  std::string sql() const;
  // What a record holds, as jsonb; what is looked into.
  std::string shown() const;
  std::string document() const;
  // Its value as text, compared by bytes.
  std::string text() const;
  // Whether its values may hold other values.
  bool has_inside() const noexcept;
};

// Of a base type, not of a domain over it; `typtype` as the catalogue has it.
ColumnKind kind_of(std::uint32_t type, std::string_view typtype) noexcept;
// What `atttypmod` says of digits behind the point.
std::optional<int> digits_of(ColumnKind kind, std::int32_t modifier) noexcept;

// Throws Error invalid_argument naming the column when a record's value does not fit; what only the server can tell is
// left to it.
void check_value(const Column& column, const Json& value);
// A double that an integer of eight bytes is equal to.
bool is_whole(const Json& value) noexcept;

// "12.340", "-1e5", "NaN", "Infinity"
bool is_numeric_text(std::string_view text) noexcept;
// An UUID in its usual form, in small letters; empty: it is none.
std::optional<std::string> canonical_uuid(std::string_view text);

Error column_error(errc code, const Column& column, const std::string& why);

}  // namespace weir::postgres
