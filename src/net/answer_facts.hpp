#pragma once

#include <chrono>
#include <optional>
#include <string_view>

/// What single header fields of an answer say. Pure; the time of day is an argument.
namespace weir::http {

/// Retry-After, RFC 9110 §10.2.3: seconds, or a date in one of its three forms. Never negative; at most a day.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value,
                                                           std::chrono::system_clock::time_point now);
/// A date as RFC 9110 §5.6.7 has it.
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view value);

/// Keep-Alive: timeout=5, max=100
struct KeepAlive {
  std::optional<std::chrono::seconds> timeout;
  std::optional<unsigned> max;
};
KeepAlive parse_keep_alive(std::string_view value) noexcept;

}  // namespace weir::http
