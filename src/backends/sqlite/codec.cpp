#include "backends/sqlite/codec.hpp"

#include "backends/sqlite/error.hpp"
#include "backends/sqlite/json_scan.hpp"
#include "backends/sqlite/json_text.hpp"

#include <sqlite3.h>

#include <charconv>

namespace weir::sqlite {
namespace {

// `out` is an empty object already.
void parse_object(std::string_view text, const Row& row, const char* column, Json& out) {
  try {
    parse_json(text, out);
    if (out.is_object()) return;
  } catch (const CorruptJson&) {
    // Thrown below, with the record's id.
  }
  throw make_error(SQLITE_CORRUPT, "record \"" + std::string(row.id) + "\": " + column + " is no JSON object");
}

}  // namespace

Record decode(const Row& row) {
  Record record;
  record.id.assign(row.id);
  parse_object(row.fields, row, "fields", record.fields);
  if (!row.metadata.empty() && row.metadata != "{}") parse_object(row.metadata, row, "metadata", record.metadata);
  record.version = version_text(row.version);
  return record;
}

Row row_of(const Statement& statement) {
  Row row;
  row.id = statement.text(0);
  row.fields = statement.text(1);
  row.metadata = statement.text(2);
  row.version = statement.integer(3);
  return row;
}

Record read_record(const Statement& statement) { return decode(row_of(statement)); }

std::string encode_fields(const Json& fields) { return write_json(fields); }
void encode_fields(const Json& fields, std::string& out) { write_json(fields, out); }

std::string encode_metadata(const Json& metadata) {
  if (metadata.empty()) return "{}";
  return write_json(metadata);
}

std::string version_text(std::int64_t version) { return std::to_string(version); }

std::optional<std::int64_t> parse_version(std::string_view text) noexcept {
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return version;
}

}  // namespace weir::sqlite
