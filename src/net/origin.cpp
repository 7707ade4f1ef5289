#include "net/origin.hpp"

#include "net/request_head.hpp"
#include "net/tokens.hpp"

#include <weir/error.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace weir::http {
namespace {

Error refused(const std::string& what, const std::string& why) { return {errc::invalid_argument, what + ": " + why}; }

std::string lowered(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = lower(c);
  return out;
}

bool is_host_character(char c) noexcept {
  return is_token_character(c) && c != '*' && c != '|' && c != '`' && c != '^' && c != '#';
}

// host, host:port, [address], [address]:port
void parse_host(const std::string& what, std::string_view text, std::uint16_t default_port, Origin& out) {
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) throw refused(what, "an IPv6 address that is not closed by ]");
    host = text.substr(1, end - 1);
    const auto rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') throw refused(what, "something else than a port follows ]");
    if (!rest.empty()) port = rest.substr(1);
    if (!is_ip_address(host)) throw refused(what, "what stands in [ ] is no IPv6 address");
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.find(':') != std::string_view::npos) throw refused(what, "an IPv6 address stands in [ ]");
  }
  if (host.empty()) throw refused(what, "no host");
  const bool address = text.starts_with('[');
  if (!address && !std::ranges::all_of(host, is_host_character))
    throw refused(what, "the host holds a character that no host name has");
  out.host = lowered(host);
  out.port = default_port;
  if (port.empty()) return;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number == 0 || number > 65535)
    throw refused(what, "the port is no number from 1 to 65535");
  out.port = static_cast<std::uint16_t>(number);
}

std::string unescaped(const std::string& what, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned byte = 0;
    const auto digits = text.substr(i + 1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2)
      throw refused(what, "a % in user or password is not followed by two hexadecimal digits");
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

bool entry_names(std::string_view entry, const Origin& origin) {
  if (entry == "*") return true;
  std::string_view name = entry;
  if (name.starts_with('[')) {
    const auto end = name.find(']');
    if (end == std::string_view::npos) return false;
    if (end + 1 < name.size() && name.substr(end + 1) != ":" + std::to_string(origin.port)) return false;
    name = name.substr(1, end - 1);
  } else if (const auto colon = name.find(':'); colon != std::string_view::npos && colon == name.rfind(':')) {
    if (name.substr(colon + 1) != std::to_string(origin.port)) return false;
    name = name.substr(0, colon);
  }
  if (name.starts_with("*.")) name.remove_prefix(1);
  if (name.starts_with('.')) name.remove_prefix(1);
  if (name.empty()) return false;
  const auto wanted = lowered(name);
  if (origin.host == wanted) return true;
  return !is_ip_address(origin.host) && origin.host.size() > wanted.size() && origin.host.ends_with(wanted) &&
         origin.host[origin.host.size() - wanted.size() - 1] == '.';
}

bool excluded(std::string_view list, const Origin& origin) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    if (const auto entry = trimmed(list.substr(0, end)); !entry.empty() && entry_names(entry, origin)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace

bool is_ip_address(std::string_view host) noexcept {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (host.size() >= text.size() || host.find('\0') != std::string_view::npos) return false;
  std::ranges::copy(host, text.begin());
  ::in6_addr address{};
  return ::inet_pton(AF_INET, text.data(), &address) == 1 || ::inet_pton(AF_INET6, text.data(), &address) == 1;
}

std::string Origin::endpoint() const {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Origin::to_string() const { return (tls ? "https://" : "http://") + endpoint(); }

std::string Origin::host_field() const {
  if (port != (tls ? 443 : 80)) return endpoint();
  return host.find(':') != std::string::npos ? "[" + host + "]" : host;
}

Origin parse_origin(std::string_view text) {
  const std::string what = "the address of an HTTP server";
  Origin out;
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) throw refused(what, "it begins with http:// or https://");
  const auto scheme = lowered(text.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") throw refused(what, "it begins with http:// or https://");
  out.tls = scheme == "https";
  text.remove_prefix(scheme_end + 3);
  if (text.find('@') != std::string_view::npos)
    throw refused(what, "user and password do not belong there; send them as a header field");
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.find_first_of("/?#") != std::string_view::npos)
    throw refused(what, "a path does not belong there; it is part of each request's target");
  parse_host(what, text, out.tls ? 443 : 80, out);
  return out;
}

Proxy parse_proxy(std::string_view text) {
  const std::string what = "the address of the proxy";
  Proxy out;
  if (const auto scheme_end = text.find("://"); scheme_end != std::string_view::npos) {
    if (lowered(text.substr(0, scheme_end)) != "http") throw refused(what, "only http:// proxies are spoken to");
    text.remove_prefix(scheme_end + 3);
  }
  const auto authority_end = std::min(text.find('/'), text.size());
  const auto at = text.substr(0, authority_end).rfind('@');
  if (at != std::string_view::npos) {
    const auto user_info = text.substr(0, at);
    const auto colon = std::min(user_info.find(':'), user_info.size());
    const auto password = colon < user_info.size() ? user_info.substr(colon + 1) : std::string_view{};
    out.authorization = basic_authorization(unescaped(what, user_info.substr(0, colon)), unescaped(what, password));
    text.remove_prefix(at + 1);
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.find_first_of("/?#") != std::string_view::npos) throw refused(what, "it has no path");
  parse_host(what, text, 80, out.address);
  return out;
}

std::optional<Proxy> proxy_from(const Environment& environment, const Origin& origin) {
  const auto first = [&](std::initializer_list<const char*> names) -> std::string {
    for (const auto* name : names)
      if (auto value = environment(name); value && !value->empty()) return *value;
    return {};
  };
  const auto address = origin.tls ? first({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
                                  : first({"http_proxy", "all_proxy", "ALL_PROXY"});
  if (address.empty() || excluded(first({"no_proxy", "NO_PROXY"}), origin)) return std::nullopt;
  return parse_proxy(address);
}

std::optional<Proxy> choose_proxy(const std::optional<std::string>& option, const Environment& environment,
                                  const Origin& origin) {
  if (!option) return proxy_from(environment, origin);
  if (option->empty() || *option == "off") return std::nullopt;
  return parse_proxy(*option);
}

}  // namespace weir::http
