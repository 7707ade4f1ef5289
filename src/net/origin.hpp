#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// Where a server is, and which proxy is on the way there. Pure.
namespace weir::http {

struct Origin {
  bool tls = false;
  std::string host;  ///< in lower case; an IPv6 address without brackets
  std::uint16_t port = 0;

  /// "host:port", "[::1]:port"
  std::string endpoint() const;
  /// "https://host:port"
  std::string to_string() const;
  /// For the field Host: the port only where it is not the scheme's own.
  std::string host_field() const;
};

/// Throws `invalid_argument`; the text holds nothing of a user or password.
Origin parse_origin(std::string_view text);

struct Proxy {
  Origin address;             ///< plain HTTP only
  std::string authorization;  ///< "Basic …" or nothing
};

/// "http://user:password@host:port", the scheme optional. Throws `invalid_argument`, without the userinfo.
Proxy parse_proxy(std::string_view text);

using Environment = std::function<std::optional<std::string>(const char*)>;
/// What the environment says for this origin: https_proxy or http_proxy (in capitals too, but for http_proxy, which a
/// CGI request could set), then all_proxy; none where no_proxy names the host: "*", a name, a domain with or without a
/// leading dot, an address, each with an optional port.
std::optional<Proxy> proxy_from(const Environment& environment, const Origin& origin);
/// What ClientOptions::proxy says: none: the environment; "off" or "": none.
std::optional<Proxy> choose_proxy(const std::optional<std::string>& option, const Environment& environment,
                                  const Origin& origin);

bool is_ip_address(std::string_view host) noexcept;

}  // namespace weir::http
