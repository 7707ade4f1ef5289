#include "backends/s3/answer.hpp"

#include "backends/s3/xml.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace weir::s3 {
namespace {

struct Meaning {
  std::string_view code;
  errc kind;
  bool transient;
};

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and what other stores answer.
constexpr auto meanings = std::to_array<Meaning>({
    {"AccessDenied", errc::permission_denied, false},
    {"AccountProblem", errc::permission_denied, false},
    {"AllAccessDisabled", errc::permission_denied, false},
    {"AuthorizationHeaderMalformed", errc::authentication_failed, false},
    {"BadDigest", errc::protocol_error, true},
    {"BandwidthLimitExceeded", errc::throttled, true},
    {"BucketAlreadyExists", errc::conflict, false},
    {"BucketAlreadyOwnedByYou", errc::conflict, false},
    {"BucketNotEmpty", errc::conflict, false},
    {"ConditionalRequestConflict", errc::conflict, true},
    {"EntityTooLarge", errc::too_large, false},
    {"EntityTooSmall", errc::invalid_argument, false},
    {"ExpiredToken", errc::authentication_failed, true},
    {"ExpiredTokenException", errc::authentication_failed, true},
    {"IncompleteBody", errc::connection_lost, true},
    {"InsufficientStorage", errc::storage_full, false},
    {"InternalError", errc::server_error, true},
    {"InternalFailure", errc::server_error, true},
    {"InvalidAccessKeyId", errc::authentication_failed, false},
    {"InvalidBucketName", errc::invalid_argument, false},
    {"InvalidDigest", errc::protocol_error, true},
    {"InvalidObjectState", errc::unavailable, false},
    {"InvalidRange", errc::invalid_argument, false},
    {"InvalidSecurity", errc::authentication_failed, false},
    {"InvalidToken", errc::authentication_failed, false},
    {"KeyTooLongError", errc::invalid_argument, false},
    {"MaxMessageLengthExceeded", errc::too_large, false},
    {"MetadataTooLarge", errc::too_large, false},
    {"MethodNotAllowed", errc::unsupported, false},
    {"NoSuchBucket", errc::not_found, false},
    {"NoSuchKey", errc::not_found, false},
    {"NoSuchUpload", errc::not_found, false},
    {"NoSuchVersion", errc::not_found, false},
    {"NotFound", errc::not_found, false},
    {"NotImplemented", errc::unsupported, false},
    {"NotSignedUp", errc::permission_denied, false},
    {"OperationAborted", errc::conflict, true},
    {"PreconditionFailed", errc::conflict, false},
    {"PriorRequestNotComplete", errc::unavailable, true},
    {"QuotaExceeded", errc::storage_full, false},
    {"RequestExpired", errc::authentication_failed, true},
    {"RequestLimitExceeded", errc::throttled, true},
    {"RequestThrottled", errc::throttled, true},
    {"RequestThrottledException", errc::throttled, true},
    {"RequestTimeTooSkewed", errc::authentication_failed, true},
    {"RequestTimeout", errc::unavailable, true},
    {"RequestTimeoutException", errc::unavailable, true},
    {"ServiceUnavailable", errc::throttled, true},
    {"SignatureDoesNotMatch", errc::authentication_failed, false},
    {"SlowDown", errc::throttled, true},
    {"SlowDownRead", errc::throttled, true},
    {"SlowDownWrite", errc::throttled, true},
    {"Throttling", errc::throttled, true},
    {"ThrottlingException", errc::throttled, true},
    {"TooManyRequests", errc::throttled, true},
    {"XAmzContentSHA256Mismatch", errc::protocol_error, true},
    {"XMinioStorageFull", errc::storage_full, false},
});

const Meaning* meaning_of(std::string_view code) noexcept {
  for (const auto& meaning : meanings)
    if (meaning.code == code) return &meaning;
  return nullptr;
}

Meaning meaning_of_status(int status) noexcept {
  switch (status) {
    case 304: return {"NotModified", errc::conflict, false};
    case 401: return {"", errc::authentication_failed, false};
    case 403: return {"AccessDenied", errc::permission_denied, false};
    case 404: return {"NoSuchKey", errc::not_found, false};
    case 405: return {"", errc::unsupported, false};
    case 408: return {"", errc::unavailable, true};
    case 409: return {"", errc::conflict, false};
    case 412: return {"PreconditionFailed", errc::conflict, false};
    case 413: return {"", errc::too_large, false};
    case 416: return {"InvalidRange", errc::invalid_argument, false};
    case 429: return {"", errc::throttled, true};
    case 501: return {"NotImplemented", errc::unsupported, false};
    case 502:
    case 504: return {"", errc::unavailable, true};
    case 503: return {"", errc::throttled, true};
    case 507: return {"", errc::storage_full, false};
    default: break;
  }
  if (status >= 500) return {"", errc::server_error, true};
  if (status >= 300 && status < 400) return {"", errc::unavailable, false};
  return {"", errc::invalid_argument, false};
}

Remedy remedy_of(std::string_view code, int status, bool has_region) noexcept {
  if (code == "RequestTimeTooSkewed" || code == "RequestExpired") return Remedy::clock;
  if (code == "ExpiredToken" || code == "ExpiredTokenException") return Remedy::credentials;
  if (code == "PermanentRedirect" || code == "TemporaryRedirect" || code == "IllegalLocationConstraintException" ||
      status == 301 || status == 307)
    return Remedy::region;
  if (code == "AuthorizationHeaderMalformed" && has_region) return Remedy::region;
  if (status == 400 && has_region && code.empty()) return Remedy::region;  // HEAD has no body to say it in
  return Remedy::none;
}

Error made(const Meaning& meaning, std::string_view code, std::string text, std::string_view operation,
           std::string_view endpoint, const Answer& answer) {
  ErrorContext context;
  context.backend("s3").operation(std::string(operation)).endpoint(std::string(endpoint));
  context.server_code(std::string(code.empty() ? meaning.code : code));
  if (answer.retry_after) context.retry_after(*answer.retry_after);
  // A store that says it failed inside may have done it; one that asks to be left alone has not.
  context.maybe_applied(answer.write && meaning.transient && answer.status >= 500 && answer.status != 503);
  return Error(meaning.kind, std::move(text), context, meaning.transient);
}

// What refuses may name the caller, the object and the policy: there the code alone is told.
std::string text_of(std::string_view code, std::string_view message, errc kind, int status) {
  if (status == 401 || status == 403 || kind == errc::permission_denied || kind == errc::authentication_failed)
    message = {};
  std::string text;
  if (!code.empty()) text += code;
  if (!message.empty()) text.append(text.empty() ? "" : ": ").append(message.substr(0, 300));
  if (text.empty()) text = "status " + std::to_string(status);
  return text;
}

}  // namespace

Judgement judge(const Answer& answer, std::string_view operation, std::string_view endpoint) {
  const auto body = parse_error(answer.body).value_or(ErrorBody());
  const auto* known = meaning_of(body.code);
  auto meaning = known != nullptr ? *known : meaning_of_status(answer.status);
  // An unknown code behind a status that passes is still worth another try; a known one says it better.
  const auto region = answer.bucket_region.empty() ? std::string_view(body.region) : answer.bucket_region;
  const auto remedy = remedy_of(body.code, answer.status, !region.empty());
  if (answer.status == 400 && remedy == Remedy::region) meaning = {"", errc::unavailable, false};
  Judgement out{made(meaning, body.code, text_of(body.code, body.message, meaning.kind, answer.status), operation,
                     endpoint, answer),
                remedy,
                {}};
  if (remedy == Remedy::region) out.region = region;
  return out;
}

Error error_of_code(std::string_view code, std::string_view message, std::string_view operation,
                    std::string_view endpoint, bool write) {
  const auto* known = meaning_of(code);
  const Meaning meaning = known != nullptr ? *known : Meaning{"", errc::server_error, false};
  Answer answer;
  answer.status = meaning.kind == errc::server_error ? 500 : 200;
  answer.write = write;
  return made(meaning, code, text_of(code, message, meaning.kind, 200), operation, endpoint, answer);
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value) noexcept {
  constexpr std::chrono::milliseconds longest = std::chrono::hours{24};
  if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::int64_t amount = 0;
  const auto end = std::from_chars(value.data(), value.data() + value.size(), amount);
  return end.ec == std::errc() ? std::min(std::chrono::milliseconds{amount}, longest) : longest;
}

}  // namespace weir::s3
