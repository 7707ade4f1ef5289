#pragma once

#include "backends/s3/timestamp.hpp"

#include <weir/export.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The XML of S3's answers and requests. Pure. What is not the document that was expected throws Error protocol_error.
namespace weir::s3 {

struct ErrorBody {
  std::string code, message, region, endpoint, resource;
};
/// None: the text is no error document. Namespaces and white space in front do not matter.
WEIR_API std::optional<ErrorBody> parse_error(std::string_view text);

struct ListedObject {
  std::string key;
  std::string etag;  ///< without quotes
  std::string storage_class;
  std::uint64_t size = 0;
  std::optional<WallTime> last_modified;
};
struct ListDocument {
  std::vector<ListedObject> objects;
  std::vector<std::string> common_prefixes;
  std::string next_token;  ///< "": the last page
};
/// ListObjectsV2.
WEIR_API ListDocument parse_list(std::string_view text);

WEIR_API std::string parse_upload_id(std::string_view text);
struct CopyDocument {
  std::string etag;
  std::optional<WallTime> last_modified;
};
/// CopyObject and UploadPartCopy.
WEIR_API CopyDocument parse_copy(std::string_view text);
/// The ETag of CompleteMultipartUpload.
WEIR_API std::string parse_completed(std::string_view text);

struct DeleteFailure {
  std::string key, code, message;
};
/// DeleteObjects in its quiet form: only what failed.
WEIR_API std::vector<DeleteFailure> parse_deleted(std::string_view text);

struct Tag {
  std::string key, value;
};
WEIR_API std::vector<Tag> parse_tags(std::string_view text);

struct ListedUpload {
  std::string key, upload_id;
  std::optional<WallTime> initiated;
};
struct UploadsDocument {
  std::vector<ListedUpload> uploads;
  std::string next_key_marker, next_upload_marker;  ///< "": the last page
};
WEIR_API UploadsDocument parse_uploads(std::string_view text);

/// AssumeRoleWithWebIdentity.
struct RoleDocument {
  std::string access_key_id, secret_access_key, session_token;
  std::optional<WallTime> expires;
};
WEIR_API RoleDocument parse_role(std::string_view text);

struct UploadedPart {
  std::string etag;      ///< without quotes
  std::string checksum;  ///< CRC-32C, "" without
};
/// The numbers are the places, from 1.
WEIR_API std::string complete_request(std::span<const UploadedPart> parts);
/// XML 1.0 has no way to write control characters.
WEIR_API bool can_be_in_xml(std::string_view key) noexcept;
WEIR_API std::string delete_request(std::span<const std::string> keys);
WEIR_API std::string tagging_request(std::span<const Tag> tags);
/// "" for us-east-1, which must not be named.
WEIR_API std::string create_bucket_request(std::string_view region);

/// ETag: "abc" and "&quot;abc&quot;" become abc.
WEIR_API std::string without_quotes(std::string_view etag);

}  // namespace weir::s3
