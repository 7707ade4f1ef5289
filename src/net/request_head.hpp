#pragma once

#include <weir/http.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Requests as they stand on the wire. Pure.
namespace weir::http {

/// What heads of one client have in common, written once.
struct HeadDefaults {
  std::string host;                 ///< "host" or "host:port", for the field Host
  std::string target_prefix;        ///< "http://host:port" before every target, for a proxy that is asked in plain text
  std::string proxy_authorization;  ///< "Basic …", when a proxy in plain text wants it
  Headers headers;                  ///< ClientOptions::headers, User-Agent, Accept-Encoding
};

/// How long the body is: none: it comes in chunks.
struct BodyFacts {
  bool present = false;
  std::optional<std::uint64_t> size;
  bool gzip = false;
  bool expects = false;
};

/// Throws `invalid_argument` for fields that the client writes itself.
void check_fields(const Headers& headers);
/// Throws `invalid_argument` for a method, target or field that cannot be sent.
void check_request(const Request& request);
/// Appends the head to `out`.
void write_head(std::string& out, const HeadDefaults& defaults, const Request& request, const BodyFacts& body);

bool is_safe_method(std::string_view method) noexcept;
bool is_idempotent_method(std::string_view method) noexcept;

/// "Basic …" of user and password.
std::string basic_authorization(std::string_view user, std::string_view password);

}  // namespace weir::http
