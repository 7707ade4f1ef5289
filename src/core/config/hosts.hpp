#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::configuration {

/// One way to write a host: "name:port" in lower case, "[::1]:port", or "/directory:port" for a Unix socket; the port
/// is filled in. Throws Refusal, which holds nothing of the text.
std::string normalized_host(std::string_view text, std::uint16_t default_port);

/// Joins hosts that name no port with ports: one for all, or one for each. Throws Refusal.
std::vector<std::string> joined_hosts(const std::vector<std::string>& hosts, const std::vector<std::string>& ports,
                                      std::uint16_t default_port);

/// "https://user:password@host:port/prefix", as Elasticsearch's clients take their hosts.
struct HostUrl {
  std::string host;  ///< normalised
  std::optional<bool> tls;
  std::optional<std::string> user, password;
  std::string path;
};
/// Also takes what normalized_host takes. Throws Refusal.
HostUrl split_host_url(std::string_view text, std::uint16_t default_port);

}  // namespace weir::configuration
