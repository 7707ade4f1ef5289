#pragma once

// Rows of the document table ↔ records.

#include "backends/sqlite/connection.hpp"
#include "core/project.hpp"

#include <weir/record.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::sqlite {

// The columns of a stored record, in the order in which every statement of ours names them.
struct Row {
  std::string_view id;
  std::string_view fields;
  std::string_view metadata;
  std::int64_t version = 0;
};

// Throws Error corrupt_data, which names the id, when the text is not what the table should hold.
Record decode(const Row& row);
// The row the statement stands on.
Row row_of(const Statement& statement);
Record read_record(const Statement& statement);

std::string encode_fields(const Json& fields);
void encode_fields(const Json& fields, std::string& out);
std::string encode_metadata(const Json& metadata);

// The version as users see it, and back; nothing when no record can have that version.
std::string version_text(std::int64_t version);
std::optional<std::int64_t> parse_version(std::string_view text) noexcept;

}  // namespace weir::sqlite
