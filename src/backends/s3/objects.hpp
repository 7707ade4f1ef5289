#pragma once

#include "backends/s3/session.hpp"
#include "backends/s3/xml.hpp"

#include <weir/s3.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the operations of the client have in common.
namespace weir::s3::detail {

/// @throws Error invalid_argument for a key that S3 does not take
void check_key(std::string_view key);
/// `"abc"` for If-Match. @throws Error invalid_argument for what is no ETag
std::string quoted_etag(std::string_view etag);
/// What the head of an answer to GET, HEAD or PUT says.
ObjectInfo info_of(const http::Response& response, std::string key);
/// The whole object's size where the answer holds a part of it.
std::optional<std::uint64_t> total_of(const http::Response& response);
/// Content-Length; none: the answer does not say it.
std::optional<std::uint64_t> length_of(const http::Response& response);
std::string range_text(std::uint64_t begin, std::uint64_t size);
/// From there to the end.
std::string range_from(std::uint64_t begin);
/// @throws Error protocol_error for an answer that is no part of an object, or one that begins elsewhere
void check_part(const http::Response& response, std::uint64_t begin);
/// The CRC-32C of a whole object's answer, "" where it has none or one of parts.
std::string whole_checksum(const http::Response& response);
Error checksum_error();

/// The fields of PutOptions. @param token what tells our own write from somebody else's of the same content
void add_put_fields(http::Headers& headers, const PutOptions& options, const std::string& token);
void add_checksum(http::Headers& headers, std::string_view body);
/// A new token for a write that has a condition, "" for one that has none.
std::string write_token(const PutOptions& options);
/// After the answer 412 (or 404 to the end of an upload): whether it was us, with an answer that was lost.
awaitable<std::optional<ObjectInfo>> written_by_us(SessionPointer session, std::string key, std::string token,
                                                   std::optional<std::chrono::steady_clock::time_point> deadline);
[[noreturn]] void throw_precondition(const Session& session, const PutOptions& options, std::string_view operation);

awaitable<ObjectInfo> put_single(SessionPointer session, std::string key, std::string_view body, PutOptions options);
awaitable<ObjectInfo> put_in_parts(SessionPointer session, std::string key, std::string_view body, PutOptions options);
awaitable<ObjectInfo> put_from(SessionPointer session, std::string key, std::shared_ptr<http::BodySource> source,
                               PutOptions options);

/// A multipart upload; each step is one request.
class Upload {
 public:
  /// @param checksums whether parts carry theirs; those that the store copies have none
  Upload(SessionPointer session, std::string key, PutOptions options, bool checksums = true);

  awaitable<void> begin();
  /// @param number from 1
  awaitable<UploadedPart> part(std::uint64_t number, std::string_view bytes);
  /// A part of another object, which the store copies. @param source as in x-amz-copy-source
  awaitable<UploadedPart> copy_part(std::uint64_t number, std::string source, std::string etag, std::string range);
  awaitable<ObjectInfo> complete(std::vector<UploadedPart> parts);
  /// Its parts are removed. Best effort: a failure leaves them to the bucket's lifecycle or `abort_uploads`.
  awaitable<void> abort();
  bool time_is_over() const;
  const Session& session() const noexcept { return *session_; }

 private:
  Call call(std::string method, std::string_view what) const;

  SessionPointer session_;
  std::string key_;
  PutOptions options_;
  std::string token_;
  std::string id_;
  const bool checksums_;
};
/// The upload's parts are removed and `failure` is thrown; in the background when it was cancelled, since then nothing
/// can be awaited, and when the time of the call is over. To be awaited by the top of a coroutine.
awaitable<void> give_up(std::shared_ptr<Upload> upload, std::exception_ptr failure, bool cancelled,
                        boost::asio::any_io_executor background);
awaitable<void> abort_upload(SessionPointer session, std::string key, std::string id);

awaitable<ObjectInfo> copy_object(SessionPointer session, std::string from, std::string to, CopyObjectOptions options);
awaitable<std::optional<Object>> get_object(SessionPointer session, std::string key, GetOptions options);
awaitable<std::optional<ObjectInfo>> head_object(SessionPointer session, std::string key, GetOptions options);
awaitable<ObjectStream> open_object(SessionPointer session, std::string key, GetOptions options);
awaitable<ObjectInfo> download_object(SessionPointer session, std::string key, std::shared_ptr<ObjectSink> sink,
                                      GetOptions options);

}  // namespace weir::s3::detail
