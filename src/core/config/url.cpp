#include "core/config/url.hpp"

#include "core/ascii.hpp"
#include "core/config/hosts.hpp"
#include "core/config/values.hpp"

#include <algorithm>

namespace weir::configuration {
namespace {

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
using core::is_digit;

int hexadecimal(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string url_scheme(std::string_view url) {
  const auto colon = url.find(':');
  std::string scheme(url.substr(0, colon == std::string_view::npos ? 0 : colon));
  const bool legal =
      !scheme.empty() && is_letter(scheme.front()) && std::all_of(scheme.begin(), scheme.end(), [](char c) {
        return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
      });
  if (!legal) throw BadUrl{"it does not begin with a scheme, as memory: or sqlite:people.db do"};
  for (char& c : scheme)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return scheme;
}

UrlParts split_url(std::string_view url) {
  UrlParts parts;
  parts.scheme = url_scheme(url);
  url.remove_prefix(parts.scheme.size() + 1);
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
      throw BadUrl{"it holds a blank or control character; percent-encode it"};
  if (url.find('#') != std::string_view::npos) throw BadUrl{"it holds a '#'; write %23"};
  const auto question = url.find('?');
  parts.rest = url.substr(0, question);
  auto query = question == std::string_view::npos ? std::string_view{} : url.substr(question + 1);
  parts.at_in_query = query.find('@') != std::string_view::npos;
  while (!query.empty()) {
    const auto item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), item.size() + 1));
    if (item.empty()) continue;
    const auto equals = item.find('=');
    if (equals == std::string_view::npos) throw BadUrl{"an option in its query has no value"};
    parts.query.emplace_back(percent_decode(item.substr(0, equals)), percent_decode(item.substr(equals + 1)));
  }
  return parts;
}

Authority split_authority(const UrlParts& parts) {
  Authority result;
  auto rest = parts.rest;
  if (!rest.starts_with("//")) throw BadUrl{"'" + parts.scheme + ":' must be followed by '//'"};
  rest.remove_prefix(2);
  const auto slash = rest.find('/');
  auto authority = rest.substr(0, slash);
  // A raw '@' behind the hosts mostly means that a '/' or '?' in the password was not encoded: what follows would be
  // taken for names, and shown.
  if (parts.at_in_query || rest.find('@', authority.size()) != std::string_view::npos)
    throw BadUrl{"there is an '@' behind the hosts; write %40, and %2F and %3F for '/' and '?' in a password"};
  if (slash != std::string_view::npos) {
    const auto path = rest.substr(slash + 1);
    result.path = percent_decode(path);
  }
  if (const auto at = authority.find('@'); at != std::string_view::npos) {
    const auto userinfo = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    if (authority.find('@') != std::string_view::npos)
      throw BadUrl{"there is more than one '@' before the path; write %40 in user and password"};
    const auto colon = userinfo.find(':');
    result.user = percent_decode(userinfo.substr(0, colon));
    if (colon != std::string_view::npos) result.password = percent_decode(userinfo.substr(colon + 1));
  }
  while (!authority.empty()) {
    const auto host = authority.substr(0, authority.find(','));
    const bool more = host.size() < authority.size();
    authority.remove_prefix(std::min(authority.size(), host.size() + 1));
    if (host.empty() || (more && authority.empty())) throw BadUrl{"a host in its list of hosts is empty"};
    auto decoded = percent_decode(host);
    try {
      static_cast<void>(normalized_host(decoded, 1));
    } catch (const Refusal& refusal) {
      throw BadUrl{"a host or port is not valid: " + refusal.reason +
                   "; percent-encode reserved characters in user and password"};
    }
    result.hosts.push_back(std::move(decoded));
  }
  return result;
}

std::string percent_decode(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hexadecimal(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hexadecimal(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      throw BadUrl{"a '%' is not followed by two hexadecimal digits; write %25 for the character itself"};
    if (high == 0 && low == 0) throw BadUrl{"it holds an encoded NUL"};
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

std::string percent_encode(std::string_view text, std::string_view keep) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~' ||
        (keep.find(c) != std::string_view::npos)) {
      result += c;
    } else {
      result += '%';
      result += digits[byte >> 4U];
      result += digits[byte & 15U];
    }
  }
  return result;
}

}  // namespace weir::configuration
