#pragma once

#include <weir/export.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// Times as S3 writes them. Pure.
namespace weir::s3 {

using WallTime = std::chrono::system_clock::time_point;

/// "20130524T000000Z"; its first eight characters are the day.
WEIR_API std::string basic_time(WallTime time);
/// "2013-05-24T00:00:00.000Z", with or without fractions; none: it is not one.
WEIR_API std::optional<WallTime> parse_iso_time(std::string_view text);

/// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that servers write (RFC 9110 §5.6.7); none: it is not one.
WEIR_API std::optional<WallTime> parse_http_time(std::string_view text);

}  // namespace weir::s3
