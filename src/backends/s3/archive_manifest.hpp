#pragma once

#include "backends/s3/packing.hpp"

#include <weir/export.hpp>
#include <weir/record.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What an archive says about itself. Pure.
namespace weir::s3 {

inline constexpr std::string_view manifest_name = "manifest.json";
inline constexpr std::string_view part_name_start = "part-";

/// One object of an archive.
struct ArchivePart {
  ArchivePart() = default;
  std::string name;  ///< the key without the prefix
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t text_bytes = 0;
  std::string sha256;  ///< of the object, in hexadecimal
  std::string first_id, last_id;
};

struct ArchiveManifest {
  ArchiveManifest() = default;
  Packing packing = Packing::zstd;
  std::string source;  ///< the source's URL without secrets
  Json query;
  std::vector<ArchivePart> parts;

  std::uint64_t records() const noexcept;
};

/// "part-000001.ndjson.zst" for index 0; in the order of their numbers also where names are sorted.
WEIR_API std::string part_name(std::size_t index, Packing packing);
WEIR_API std::string manifest_text(const ArchiveManifest& manifest);
/// @throws Error corrupt_data; unsupported for a later version of the format
WEIR_API ArchiveManifest parse_manifest(std::string_view text);

}  // namespace weir::s3
