#include "backends/s3/endpoint.hpp"

#include "backends/s3/uri.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <charconv>

namespace weir::s3 {
namespace {

[[noreturn]] void refuse_endpoint(std::string why) { throw Error(errc::invalid_argument, std::move(why)); }

bool plain_word(std::string_view text) noexcept {
  for (const char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  return !text.empty() && text.front() != '-' && text.back() != '-';
}

void check_bucket(std::string_view bucket) {
  if (bucket.size() < 3 || bucket.size() > 255) refuse_endpoint("option bucket: a name has 3 to 255 characters");
  for (const char c : bucket)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
          c == '_'))
      refuse_endpoint("option bucket: only letters, digits, '.', '-' and '_'");
  if (bucket == "..." || bucket.find("..") != std::string_view::npos)
    refuse_endpoint("option bucket: two dots in a row");
}

Endpoint at_amazon(std::string_view bucket, std::string_view region, bool virtual_host) {
  if (!plain_word(region)) refuse_endpoint("option region: only lower-case letters, digits and '-'");
  Endpoint out;
  out.host = "s3." + std::string(region) + (region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com");
  if (virtual_host) out.host = std::string(bucket) + "." + out.host;
  out.origin = "https://" + out.host;
  out.path_prefix = virtual_host ? "/" : "/" + encoded(bucket) + "/";
  return out;
}

// What stands between the scheme and the path.
struct Authority {
  bool tls = false;
  bool address = false;  ///< digits and dots, or in brackets
  std::string host;      ///< in lower case
  std::string port;      ///< ":9000"; "" for the scheme's own
};

Authority parse_authority(std::string_view url, std::size_t scheme_end, std::size_t path_at) {
  Authority out;
  const auto scheme = url.substr(0, scheme_end);
  if (scheme != "http" && scheme != "https") refuse_endpoint("option endpoint_url: it begins with http:// or https://");
  out.tls = scheme == "https";
  auto text = url.substr(scheme_end + 3, path_at == std::string_view::npos ? path_at : path_at - scheme_end - 3);
  const auto bracket = text.rfind(']');
  if (const auto colon = text.rfind(':');
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const auto digits = text.substr(colon + 1);
    unsigned port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port == 0 || port > 65535)
      refuse_endpoint("option endpoint_url: the port is no number from 1 to 65535");
    if (port != (out.tls ? 443U : 80U)) out.port = ":" + std::to_string(port);
    text = text.substr(0, colon);
  }
  out.host = text;
  std::ranges::transform(out.host, out.host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (out.host.empty() || out.host.find_first_of("@/?# ") != std::string::npos)
    refuse_endpoint("option endpoint_url: it needs a host and holds no user");
  out.address = out.host.front() == '[' || out.host.find_first_not_of("0123456789.") == std::string::npos;
  return out;
}

}  // namespace

Addressing parse_addressing(std::string_view text) {
  if (text == "auto") return Addressing::automatic;
  if (text == "path") return Addressing::path;
  if (text == "virtual") return Addressing::virtual_host;
  refuse_endpoint("option addressing: auto, path or virtual");
}

bool is_host_label(std::string_view bucket) noexcept {
  return bucket.size() >= 3 && bucket.size() <= 63 && plain_word(bucket);
}

Endpoint endpoint_of(std::string_view bucket, std::string_view region, std::string_view endpoint_url,
                     Addressing addressing) {
  check_bucket(bucket);
  if (region.empty()) region = "us-east-1";
  if (addressing == Addressing::virtual_host && !is_host_label(bucket))
    refuse_endpoint("option addressing: the bucket's name cannot stand in front of a host");
  if (endpoint_url.empty()) {
    auto out = at_amazon(bucket, region, addressing != Addressing::path && is_host_label(bucket));
    out.region = region;
    return out;
  }
  // Behind the host there may be a path, of a gateway.
  const auto scheme_end = endpoint_url.find("://");
  if (scheme_end == std::string_view::npos) refuse_endpoint("option endpoint_url: it begins with http:// or https://");
  const auto path_at = endpoint_url.find('/', scheme_end + 3);
  auto path = path_at == std::string_view::npos ? std::string_view() : endpoint_url.substr(path_at);
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  if (path.find_first_of("?# ") != std::string_view::npos)
    refuse_endpoint("option endpoint_url: neither a query nor a space");
  const auto authority = parse_authority(endpoint_url, scheme_end, path_at);
  const bool virtual_host = addressing == Addressing::virtual_host;
  if (virtual_host && authority.address)
    refuse_endpoint("option addressing: 'virtual' needs a host name in endpoint_url, not an address");
  Endpoint out;
  out.tls = authority.tls;
  out.host = authority.host + authority.port;
  auto connect_to = out.host;
  if (virtual_host) {
    out.host = std::string(bucket) + "." + out.host;
    // Names below localhost are this machine (RFC 6761 §6.3) but are not resolved everywhere: only the field Host tells
    // the bucket then.
    if (authority.host != "localhost" && !authority.host.ends_with(".localhost")) connect_to = out.host;
  }
  out.origin = (out.tls ? "https://" : "http://") + connect_to;
  out.path_prefix = std::string(path) + (virtual_host ? "/" : "/" + encoded(bucket) + "/");
  out.region = region;
  return out;
}

}  // namespace weir::s3
