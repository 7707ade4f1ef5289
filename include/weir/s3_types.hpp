#pragma once

/// @file
/// What the S3 client is given and what it gives back (<weir/s3.hpp> has the client).

#include <weir/awaitable.hpp>
#include <weir/detail/setting.hpp>
#include <weir/export.hpp>
#include <weir/http.hpp>
#include <weir/options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::s3 {

using WallTime = std::chrono::system_clock::time_point;
/// Names without x-amz-meta-, and values.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// Who signs a request.
class Credentials {
 public:
  Credentials() = default;
  Credentials(std::string access_key, std::string secret_key, std::string token = {})
      : access_key_id_(std::move(access_key)),
        secret_access_key_(std::move(secret_key)),
        session_token_(std::move(token)) {}
  WEIR_SETTING(Credentials, std::string, access_key_id, {})
  WEIR_SETTING(Credentials, std::string, secret_access_key, {})
  WEIR_SETTING(Credentials, std::string, session_token, {})
  /// When they end; none: never.
  WEIR_SETTING(Credentials, std::optional<WallTime>, expires, {})
};

/// Where credentials come from, for programs that have a place of their own. Derive from it.
///
/// *Executor*: `fetch` runs on the loop of whoever needs credentials first; at most one runs at a time, whatever the
/// number of loops.
class WEIR_API CredentialsSource {
 public:
  CredentialsSource() = default;
  CredentialsSource(const CredentialsSource&) = delete;
  CredentialsSource& operator=(const CredentialsSource&) = delete;
  virtual ~CredentialsSource();
  /// Called at first use, shortly before the former ones end, and when the store says that they have ended.
  virtual awaitable<Credentials> fetch() = 0;
};

/// What is common to all requests of a client.
class WEIR_API ClientOptions {
 public:
  ClientOptions() = default;

  /// Of the bucket. Empty: us-east-1 until the store says another one, which is then kept.
  WEIR_SETTING(ClientOptions, std::string, region, {})
  /// "http://localhost:9000", of a store other than AWS; it may have a path. Empty: AWS.
  WEIR_SETTING(ClientOptions, std::string, endpoint_url, {})
  /// "auto", "path" or "virtual": the bucket in the path or in the host name.
  WEIR_SETTING(ClientOptions, std::string, addressing, "auto")

  /// "auto", "static", "environment", "profile", "web_identity", "container", "instance" or "anonymous". auto tries
  /// them in this order (static only when a key is given here), never anonymous.
  WEIR_SETTING(ClientOptions, std::string, credentials, "auto")
  WEIR_SETTING(ClientOptions, std::string, access_key_id, {})
  WEIR_SETTING(ClientOptions, std::string, secret_access_key, {})
  WEIR_SETTING(ClientOptions, std::string, session_token, {})
  /// Instead of all these.
  WEIR_SETTING(ClientOptions, std::shared_ptr<CredentialsSource>, credentials_source, {})
  /// Empty: AWS_PROFILE, else "default".
  WEIR_SETTING(ClientOptions, std::string, profile, {})
  /// Empty: AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials. Read again at each refresh.
  WEIR_SETTING(ClientOptions, std::string, credentials_file, {})
  /// Empty: AWS_CONFIG_FILE, else ~/.aws/config.
  WEIR_SETTING(ClientOptions, std::string, config_file, {})
  /// The role that a web identity takes on; empty: AWS_ROLE_ARN, and likewise the two below.
  WEIR_SETTING(ClientOptions, std::string, role_arn, {})
  WEIR_SETTING(ClientOptions, std::string, role_session_name, {})
  WEIR_SETTING(ClientOptions, std::string, web_identity_token_file, {})

  /// "auto", "signed" or "unsigned". auto: the body is signed where there is no TLS.
  WEIR_SETTING(ClientOptions, std::string, payload_signing, "auto")
  /// CRC-32C of bodies, both ways.
  WEIR_SETTING(ClientOptions, bool, checksums, true)
  /// Bytes of a part of a multipart upload or a ranged download, 5 MiB to 5 GiB.
  WEIR_SETTING(ClientOptions, std::uint64_t, part_size, std::uint64_t{8} << 20)
  /// Larger bodies are sent in parts.
  WEIR_SETTING(ClientOptions, std::uint64_t, multipart_threshold, std::uint64_t{8} << 20)
  /// Requests of one operation in flight.
  WEIR_SETTING(ClientOptions, unsigned, concurrency, 64)
  /// Bytes of parts that one transfer holds at most; at least one part.
  WEIR_SETTING(ClientOptions, std::uint64_t, memory_limit, std::uint64_t{64} << 20)

  /// Five attempts, where others make three: large stores are seldom without an answer of 503 in a thousand.
  WEIR_SETTING(ClientOptions, RetryOptions, retry, RetryOptions{}.max_attempts(5))
  /// Tokens that all repetitions draw from; 0: no limit. See docs/internals.md, "Retry".
  WEIR_SETTING(ClientOptions, unsigned, retry_budget, 500)
  /// Pool, TLS, proxy and time limits of the connections.
  WEIR_SETTING(ClientOptions, http::ClientOptions, http, {})
  /// The time of day that is signed; for tests. Empty: the system's clock.
  WEIR_SETTING(ClientOptions, std::function<WallTime()>, clock, {})
};

/// What is known of an object.
struct ObjectInfo {
  ObjectInfo() = default;
  std::string key;
  std::string etag;  ///< without quotes
  std::uint64_t size = 0;
  std::optional<WallTime> last_modified;
  std::string content_type;
  std::string storage_class;  ///< "" is STANDARD
  std::string version_id;     ///< "" in a bucket without versions
  std::string checksum;       ///< CRC-32C in base64, of parts with "-N" behind it; "" where the store has none
  std::map<std::string, std::string> metadata;  ///< x-amz-meta-*, names in lower case without that beginning
};

/// An object that was read whole.
struct Object {
  Object() = default;
  ObjectInfo info;
  http::Body body;
};

struct ObjectTag {
  ObjectTag() = default;
  ObjectTag(std::string tag_key, std::string tag_value) : key(std::move(tag_key)), value(std::move(tag_value)) {}
  std::string key;
  std::string value;
};

/// How one request differs from the client's options.
#define WEIR_S3_CALL_OPTIONS(T)                                                                \
  /** The whole operation, repetitions included; 0: no limit. None: as the client's `http`. */ \
  WEIR_SETTING(T, std::optional<std::chrono::milliseconds>, timeout, {})                       \
  /** The same as a point in time. */                                                          \
  WEIR_SETTING(T, std::optional<std::chrono::steady_clock::time_point>, deadline, {})          \
  /** None: as the client. */                                                                  \
  WEIR_SETTING(T, std::optional<RetryOptions>, retry, {})

class PutOptions {
 public:
  PutOptions() = default;
  WEIR_SETTING(PutOptions, std::string, content_type, {})
  /// User metadata: names of letters, digits and hyphens, values of ASCII, 2 KiB in all.
  WEIR_SETTING(PutOptions, Metadata, metadata, {})
  WEIR_SETTING(PutOptions, std::vector<ObjectTag>, tags, {})
  WEIR_SETTING(PutOptions, std::string, storage_class, {})
  /// More fields, such as Cache-Control or x-amz-server-side-encryption.
  WEIR_SETTING(PutOptions, http::Headers, headers, {})
  /// Only when there is no object of that key: else `already_exists`. Atomic in the store.
  WEIR_SETTING(PutOptions, bool, only_if_absent, false)
  /// Only when the object has this ETag: else `conflict`; `not_found` when it is absent. Atomic in the store.
  WEIR_SETTING(PutOptions, std::optional<std::string>, if_match, {})
  WEIR_S3_CALL_OPTIONS(PutOptions)
};

class GetOptions {
 public:
  GetOptions() = default;
  /// A part of the object: from `offset`, `length` bytes or to its end.
  WEIR_SETTING(GetOptions, std::uint64_t, offset, 0)
  WEIR_SETTING(GetOptions, std::optional<std::uint64_t>, length, {})
  /// `conflict` when the object has another ETag.
  WEIR_SETTING(GetOptions, std::optional<std::string>, if_match, {})
  WEIR_SETTING(GetOptions, std::string, version_id, {})
  /// The longest body that `get` reads. None: as the client's `http`.
  WEIR_SETTING(GetOptions, std::optional<std::uint64_t>, max_size, {})
  WEIR_S3_CALL_OPTIONS(GetOptions)
};

class RemoveOptions {
 public:
  RemoveOptions() = default;
  /// `conflict` when the object has another ETag. Some stores do not look at it: `Client::removes_conditionally` finds
  /// out.
  WEIR_SETTING(RemoveOptions, std::optional<std::string>, if_match, {})
  WEIR_SETTING(RemoveOptions, std::string, version_id, {})
  WEIR_S3_CALL_OPTIONS(RemoveOptions)
};

class CopyObjectOptions {
 public:
  CopyObjectOptions() = default;
  /// Empty: the client's own.
  WEIR_SETTING(CopyObjectOptions, std::string, source_bucket, {})
  /// `conflict` when the source has another ETag.
  WEIR_SETTING(CopyObjectOptions, std::optional<std::string>, if_match, {})
  /// Instead of the source's.
  WEIR_SETTING(CopyObjectOptions, std::optional<Metadata>, metadata, {})
  WEIR_SETTING(CopyObjectOptions, std::string, storage_class, {})
  WEIR_S3_CALL_OPTIONS(CopyObjectOptions)
};

class ListOptions {
 public:
  ListOptions() = default;
  WEIR_SETTING(ListOptions, std::string, prefix, {})
  /// What is behind it counts as one common prefix.
  WEIR_SETTING(ListOptions, std::string, delimiter, {})
  /// Keys behind this one only.
  WEIR_SETTING(ListOptions, std::string, start_after, {})
  /// Where the page before ended (ListPage::next).
  WEIR_SETTING(ListOptions, std::string, continue_from, {})
  WEIR_SETTING(ListOptions, unsigned, max_keys, 1000)
  WEIR_S3_CALL_OPTIONS(ListOptions)
};

/// Up to `max_keys` objects, in the order of their keys' bytes.
struct ListPage {
  ListPage() = default;
  std::vector<ObjectInfo> objects;
  std::vector<std::string> common_prefixes;
  std::string next;  ///< ListOptions::continue_from of the next page; "": this was the last
};

/// A key that `remove_many` could not remove.
struct RemoveFailure {
  RemoveFailure(std::string object_key, Error why) : key(std::move(object_key)), error(std::move(why)) {}
  std::string key;
  Error error;
};

/// Repetitions and what was put right on the way.
struct ClientStats {
  std::uint64_t requests = 0;
  std::uint64_t retries = 0;
  std::uint64_t healed = 0;     ///< clock, region and credentials put right
  std::uint64_t refreshes = 0;  ///< credentials fetched
};

#undef WEIR_S3_CALL_OPTIONS

}  // namespace weir::s3
