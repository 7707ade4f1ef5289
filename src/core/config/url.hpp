#pragma once

// Cutting URLs into parts (RFC 3986, with several hosts as libpq and MongoDB have them). Messages never hold a piece of
// the URL beyond its scheme: a badly written one has its password anywhere.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::configuration {

/// Why a URL cannot be read; holds nothing of it.
struct BadUrl {
  std::string reason;
};

struct UrlParts {
  std::string scheme;                                      ///< lower case
  std::string_view rest;                                   ///< between the scheme's colon and the query, still encoded
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded
  bool at_in_query = false;                                ///< an '@' stands there unencoded
};

struct Authority {
  std::optional<std::string> user;      ///< decoded
  std::optional<std::string> password;  ///< decoded
  std::vector<std::string> hosts;       ///< decoded, each with its port where one was given
  std::optional<std::string> path;      ///< decoded, without the first slash; none without that slash
};

/// The scheme in lower case. Throws BadUrl.
std::string url_scheme(std::string_view url);
/// Throws BadUrl.
UrlParts split_url(std::string_view url);
/// Reads "//user:password@h1:1,h2:2/path". Throws BadUrl.
Authority split_authority(const UrlParts& parts);

/// Throws BadUrl for a bad sequence or an encoded NUL.
std::string percent_decode(std::string_view text);
/// Everything but unreserved characters and those in `keep`.
std::string percent_encode(std::string_view text, std::string_view keep = {});

}  // namespace weir::configuration
