#pragma once

#include "cli/formats/csv_rows.hpp"
#include "cli/formats/json_text.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

/// What the cells of a column hold. `any`: not known yet, no row had a value.
enum class CellKind { any, text, integer, number, boolean, json };

struct CellType {
  CellKind kind = CellKind::any;
  bool nullable = false;  ///< an unquoted `null` is null
  bool guessed = true;
  friend bool operator==(const CellType&, const CellType&) = default;
};

/// "string", "int", "float", "number", "bool", "json", each with "?" behind it for a column that holds null.
std::optional<CellType> parse_cell_type(std::string_view name);
std::string to_string(CellType type);

/// What an unquoted or quoted cell looks like when nothing is known: `text`, `number` or `boolean`. Numbers are those
/// of JSON: 007, +1, 1. and 0x10 are text, and so is an integer that no store takes exactly.
CellKind guess(std::string_view cell);

/// The value of a cell; nothing for a missing one (empty and not in quotes). Throws JsonTextError when it does not fit.
std::optional<Json> convert(const CsvCell& cell, CellType type);

/// "name:string,age:int" as pairs. A comma or colon inside a name is written with a backslash before it.
/// `invalid_argument` naming what is wrong.
std::vector<std::pair<std::string, CellType>> parse_types(std::string_view text);

}  // namespace weir::cli
