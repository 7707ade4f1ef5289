#pragma once

#include "backends/s3/digest.hpp"
#include "backends/s3/timestamp.hpp"
#include "backends/s3/uri.hpp"

#include <weir/export.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

/// Signature Version 4 as S3 wants it: the path is encoded once and never normalised, and the hash of the body is a
/// field of its own (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html). Pure: the time is
/// an argument.
namespace weir::s3 {

inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
/// SHA-256 of nothing.
inline constexpr std::string_view empty_payload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A field that is signed: the name in lower case, the value without spaces around it.
struct SignedField {
  std::string_view name;
  std::string_view value;
};

/// What a signature covers.
struct Signable {
  std::string_view method;
  std::string_view path;                ///< encoded, as it is sent
  std::string_view query;               ///< encoded and sorted (query_text), as it is sent
  std::span<const SignedField> fields;  ///< sorted by name
  std::string_view payload;             ///< SHA-256 in hexadecimal, or `unsigned_payload`
};

/// The key of one day, region and service, ready to sign.
class WEIR_API SigningKey {
 public:
  /// @param day "20130524"
  SigningKey(std::string_view secret, std::string_view day, std::string_view region, std::string_view service);

  /// "20130524/us-east-1/s3/aws4_request"
  const std::string& scope() const noexcept { return scope_; }
  /// In hexadecimal. @param time "20130524T000000Z", of the key's day
  std::string sign(const Signable& what, std::string_view time) const;

 private:
  std::string scope_;
  HmacKey key_;
};

/// The text whose hash is signed; for tests and for people who look for a fault.
WEIR_API std::string canonical_request(const Signable& what);

/// The value of the field Authorization.
WEIR_API std::string authorization(const SigningKey& key, std::string_view access_key, const Signable& what,
                                   std::string_view time);

/// The query of a URL that needs no fields: everything but what `fields` says is in it. `fields` holds at least host.
/// @param parameters those of the request itself
WEIR_API std::string presigned_query(const SigningKey& key, std::string_view access_key, std::string_view session_token,
                                     std::string_view method, std::string_view path, Parameters parameters,
                                     std::span<const SignedField> fields, std::string_view time,
                                     std::chrono::seconds valid_for);

/// Keeps the last key, which serves for a day.
///
/// *Thread safety*: any thread.
class WEIR_API SigningKeys {
 public:
  std::shared_ptr<const SigningKey> get(std::string_view secret, std::string_view day, std::string_view region,
                                        std::string_view service);

 private:
  std::mutex mutex_;
  std::string secret_, day_, region_, service_;
  std::shared_ptr<const SigningKey> key_;
};

}  // namespace weir::s3
