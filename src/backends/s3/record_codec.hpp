#pragma once

#include <weir/export.hpp>
#include <weir/record.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A record as an object: `{"id": …, "write": …, "fields": {…}}`, its metadata in a field of the object where they fit,
/// else in the body. `write` is new with every write, so that no two of them have one ETag. Pure.
namespace weir::s3 {

/// Metadata up to this size as text stand in the object's own.
inline constexpr std::size_t most_object_metadata = 1500;

struct RecordObject {
  RecordObject() = default;
  std::string body;
  std::vector<std::pair<std::string, std::string>> metadata;  ///< of the object
};
WEIR_API RecordObject encode_record(const Record& record, std::string_view write);

/// None: the object is somebody else's, or says that the record was removed.
/// @param version what the object's ETag is
/// @throws Error corrupt_data for an object that says it is a record and cannot be read
WEIR_API std::optional<Record> decode_record(std::string_view id, std::string_view body,
                                             const std::map<std::string, std::string>& metadata, std::string version);

/// The metadata of the empty object that stands for a removed record, in a store that cannot remove under a condition.
WEIR_API std::vector<std::pair<std::string, std::string>> removed_metadata();
/// Its own mark, which every record that weir wrote has.
WEIR_API bool is_marked_record(const std::map<std::string, std::string>& metadata);
WEIR_API bool is_removed(std::uint64_t size, const std::map<std::string, std::string>& metadata);

/// JSON text as ASCII without spaces, which fields of HTTP keep as it is.
WEIR_API std::string ascii_json(std::string_view json);

}  // namespace weir::s3
