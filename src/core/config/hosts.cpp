#include "core/config/hosts.hpp"

#include "core/config/url.hpp"
#include "core/config/values.hpp"

#include <algorithm>
#include <charconv>

namespace weir::configuration {
namespace {

std::uint16_t port_number(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0)
    throw Refusal{"a port is a number from 1 to 65535"};
  return port;
}

bool ipv6_letter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

// "::1" or "fe80::1%eth0". The system's resolver has the last word; this keeps out what is no address at all.
void check_ipv6(std::string_view address) {
  const auto zone = address.find('%');
  const auto number = address.substr(0, zone);
  const auto name = zone == std::string_view::npos ? std::string_view("x") : address.substr(zone + 1);
  if (number.find(':') == std::string_view::npos || !std::all_of(number.begin(), number.end(), ipv6_letter) ||
      !presentable_name(name))
    throw Refusal{"an IPv6 address stands in brackets, as [::1]:5432"};
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

struct Split {
  std::string host;
  std::optional<std::uint16_t> port;
};

Split split_host(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.empty()) throw Refusal{"a host is empty"};
  if (text.find('\0') != std::string_view::npos || !valid_utf8(text)) throw Refusal{"a host must be UTF-8 without NUL"};
  if (text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos) throw Refusal{"an IPv6 address stands in brackets, as [::1]:5432"};
    check_ipv6(text.substr(1, close - 1));
    const auto rest = text.substr(close + 1);
    if (rest.empty()) return {lower(text), std::nullopt};
    if (rest.front() != ':') throw Refusal{"after ']' comes ':' and a port"};
    return {lower(text.substr(0, close + 1)), port_number(rest.substr(1))};
  }
  const auto colon = text.rfind(':');
  if (text.front() == '/') {  // a directory may hold colons: only a last one before digits is a port
    if (colon == std::string_view::npos || text.substr(colon).find('/') != std::string_view::npos)
      return {std::string(text), std::nullopt};
    return {std::string(text.substr(0, colon)), port_number(text.substr(colon + 1))};
  }
  if (std::count(text.begin(), text.end(), ':') > 1) {
    check_ipv6(text);  // without brackets there can be no port
    return {"[" + lower(text) + "]", std::nullopt};
  }
  const auto name = text.substr(0, colon);
  const bool legal = !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_';
  });
  if (!legal) throw Refusal{"a host's name is of letters, digits, '-', '.' and '_'"};
  if (colon == std::string_view::npos) return {lower(name), std::nullopt};
  return {lower(name), port_number(text.substr(colon + 1))};
}

}  // namespace

std::string normalized_host(std::string_view text, std::uint16_t default_port) {
  const auto [host, port] = split_host(text);
  return host + ":" + std::to_string(port.value_or(default_port));
}

std::vector<std::string> joined_hosts(const std::vector<std::string>& hosts, const std::vector<std::string>& ports,
                                      std::uint16_t default_port) {
  if (ports.size() > 1 && ports.size() != hosts.size())
    throw Refusal{"there are " + std::to_string(hosts.size()) + " hosts and " + std::to_string(ports.size()) +
                  " ports"};
  std::vector<std::string> result;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto [host, own] = split_host(hosts[i]);
    const auto port = ports.empty() ? default_port : port_number(ports.size() == 1 ? ports.front() : ports[i]);
    if (own && !ports.empty() && *own != port) throw Refusal{"a host names another port than `port`"};
    result.push_back(host + ":" + std::to_string(own.value_or(port)));
  }
  return result;
}

HostUrl split_host_url(std::string_view text, std::uint16_t default_port) {
  HostUrl result;
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) {
    result.host = normalized_host(text, default_port);
    return result;
  }
  try {
    const auto parts = split_url(text);
    if (parts.scheme != "http" && parts.scheme != "https") throw Refusal{"the scheme of a host is http or https"};
    if (!parts.query.empty()) throw Refusal{"a host has no query"};
    const auto authority = split_authority(parts);
    if (authority.hosts.size() != 1) throw Refusal{"each element is one host"};
    result.tls = parts.scheme == "https";
    result.user = authority.user;
    result.password = authority.password;
    result.host = normalized_host(authority.hosts.front(), default_port);
    if (authority.path && !authority.path->empty()) result.path = "/" + *authority.path;
    while (result.path.ends_with('/')) result.path.pop_back();
  } catch (const BadUrl& bad) {
    throw Refusal{bad.reason};
  }
  return result;
}

}  // namespace weir::configuration
