#pragma once

// Records out of rows and into parameters.

#include "backends/postgresql/sql/parameter.hpp"
#include "backends/postgresql/wire/library.hpp"

#include <weir/record.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::postgres {

// A field of a binary result.
inline std::string_view field_of(const PGresult* result, int row, int column) noexcept {
  return {PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column))};
}

// id, fields, metadata, version. Throws Error corrupt_data, naming the record, and protocol_error.
Record decode_record(const PGresult* result, int row);

Parameter json_parameter(const Json& json);

std::string version_text(std::int64_t version);
std::optional<std::int64_t> parse_version(std::string_view text) noexcept;

}  // namespace weir::postgres
