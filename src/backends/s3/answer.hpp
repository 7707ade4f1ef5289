#pragma once

#include <weir/error.hpp>
#include <weir/export.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// What an answer of S3 means. Pure.
namespace weir::s3 {

/// What is known of an answer that is not what was asked for.
struct Answer {
  int status = 0;
  std::string_view body;
  std::string_view bucket_region;  ///< x-amz-bucket-region
  std::optional<std::chrono::milliseconds> retry_after;
  bool write = false;  ///< of a request that changes something
};

/// What can be put right, without counting as a repetition.
enum class Remedy { none, clock, region, credentials };

struct Judgement {
  Error error;
  Remedy remedy = Remedy::none;
  std::string region;  ///< with Remedy::region; "" where the store does not tell which
};

/// The error that a status and its document are. The text holds the store's code and message, never the object's bytes.
WEIR_API Judgement judge(const Answer& answer, std::string_view operation, std::string_view endpoint);
/// The same for an error that came in an answer with status 200, or for one key of DeleteObjects.
WEIR_API Error error_of_code(std::string_view code, std::string_view message, std::string_view operation,
                             std::string_view endpoint, bool write);

/// x-amz-retry-after: milliseconds, at most a day; none when it is no number.
WEIR_API std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value) noexcept;

}  // namespace weir::s3
