#include "backends/postgresql/codec.hpp"

#include "core/json_text.hpp"

#include <weir/error.hpp>

#include <charconv>

namespace weir::postgres {
namespace {

Json parse_object(std::string_view bytes, std::string_view id, const char* column) {
  const auto text = read_jsonb(bytes);
  if (!text) throw Error(errc::protocol_error, "a jsonb value of an unknown version");
  Json json = core::parse_stored_json(*text);
  if (!json.is_object())
    throw Error(errc::corrupt_data, "record \"" + std::string(id) + "\": " + column + " is no JSON object");
  return json;
}

}  // namespace

Record decode_record(const PGresult* result, int row) {
  Record record;
  record.id.assign(field_of(result, row, 0));
  record.fields = parse_object(field_of(result, row, 1), record.id, "fields");
  const auto metadata = field_of(result, row, 2);
  if (read_jsonb(metadata) != "{}") record.metadata = parse_object(metadata, record.id, "metadata");
  const auto version = read_int64(field_of(result, row, 3));
  if (!version) throw Error(errc::protocol_error, "a version that is no bigint");
  record.version = version_text(*version);
  return record;
}

Parameter json_parameter(const Json& json) {
  if (json.is_object() && json.empty()) return Parameter::jsonb("{}");
  std::string bytes(1, '\1');
  core::append_json(bytes, json);
  return Parameter::raw(TypeId::jsonb, std::move(bytes));
}

std::string version_text(std::int64_t version) { return std::to_string(version); }

std::optional<std::int64_t> parse_version(std::string_view text) noexcept {
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return version;
}

}  // namespace weir::postgres
