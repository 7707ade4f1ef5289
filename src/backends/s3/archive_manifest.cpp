#include "backends/s3/archive_manifest.hpp"

#include "core/json_text.hpp"

#include <weir/error.hpp>

#include <optional>

namespace weir::s3 {
namespace {

constexpr const char* format_name = "weir-archive";
constexpr std::int64_t format_version = 1;
constexpr std::size_t most_parts = 999'999;

[[noreturn]] void corrupt(const std::string& why) {
  throw Error(errc::corrupt_data, "the manifest of the archive " + why);
}

const Json& member(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) corrupt(std::string("has no ") + name);
  return *found;
}

std::string text(const Json& json, const char* name) {
  const auto& value = member(json, name);
  if (!value.is_string()) corrupt(std::string("has a ") + name + " that is no text");
  return value.get<std::string>();
}

std::uint64_t number(const Json& json, const char* name) {
  const auto& value = member(json, name);
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0)
    corrupt(std::string("has ") + name + " that are no number");
  return static_cast<std::uint64_t>(value.get<std::int64_t>());
}

ArchivePart parse_part(const Json& json) {
  if (!json.is_object()) corrupt("has a part that is no object");
  ArchivePart part;
  part.name = text(json, "name");
  part.records = number(json, "records");
  part.bytes = number(json, "bytes");
  part.text_bytes = number(json, "text_bytes");
  part.sha256 = text(json, "sha256");
  part.first_id = text(json, "first_id");
  part.last_id = text(json, "last_id");
  // Never another folder's object.
  if (!part.name.starts_with(part_name_start) || part.name.find('/') != std::string::npos)
    corrupt("names a part that is none");
  return part;
}

}  // namespace

std::uint64_t ArchiveManifest::records() const noexcept {
  std::uint64_t all = 0;
  for (const auto& part : parts) all += part.records;
  return all;
}

std::string part_name(std::size_t index, Packing packing) {
  if (index >= most_parts) throw Error(errc::too_large, "an archive has at most 999,999 parts");
  auto digits = std::to_string(index + 1);
  digits.insert(0, 6 - digits.size(), '0');
  return std::string(part_name_start) + digits + std::string(part_suffix(packing));
}

std::string manifest_text(const ArchiveManifest& manifest) {
  auto parts = Json::array();
  for (const auto& part : manifest.parts) {
    auto one = Json::object();
    one["name"] = part.name;
    one["records"] = part.records;
    one["bytes"] = part.bytes;
    one["text_bytes"] = part.text_bytes;
    one["sha256"] = part.sha256;
    one["first_id"] = part.first_id;
    one["last_id"] = part.last_id;
    parts.push_back(std::move(one));
  }
  auto all = Json::object();
  all["format"] = format_name;
  all["version"] = format_version;
  all["compression"] = to_string(manifest.packing);
  all["source"] = manifest.source;
  all["query"] = manifest.query;
  all["records"] = manifest.records();
  all["parts"] = std::move(parts);
  return core::dump_json(all) + "\n";
}

ArchiveManifest parse_manifest(std::string_view content) {
  const auto json = core::parse_stored_json(content);
  if (!json.is_object() || json.value("format", Json()) != format_name) corrupt("is none");
  if (number(json, "version") != format_version)
    throw Error(errc::unsupported, "the archive is of a later version of the format than this library knows");
  ArchiveManifest manifest;
  const auto compression = text(json, "compression");
  std::optional<Packing> packing;
  for (const auto known : {Packing::none, Packing::gzip, Packing::zstd})
    if (compression == to_string(known)) packing = known;
  if (!packing) corrupt("names a compression that is not known");
  manifest.packing = *packing;
  manifest.source = text(json, "source");
  manifest.query = member(json, "query");
  const auto& parts = member(json, "parts");
  if (!parts.is_array()) corrupt("has parts that are no list");
  for (const auto& part : parts) manifest.parts.push_back(parse_part(part));
  if (manifest.records() != number(json, "records")) corrupt("counts other records than its parts");
  return manifest;
}

}  // namespace weir::s3
