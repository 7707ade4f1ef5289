#include "core/config/builder.hpp"
#include "core/config/conninfo.hpp"
#include "core/config/nearest.hpp"
#include "core/config/tree.hpp"
#include "core/config/url.hpp"
#include "core/config/values.hpp"

#include <algorithm>

namespace weir::configuration {
namespace {

Given from_part(std::string name, std::string value, const std::string& source, std::string_view part) {
  return {std::move(name), Json(std::move(value)), false,
          source.empty() ? std::string(part) : source + ", " + std::string(part)};
}

void add_opaque(Builder& builder, const UrlParts& parts, const std::string& source) {
  const auto& info = builder.options().info();
  auto rest = parts.rest;
  // sqlite:people.db, sqlite:///tmp/people.db and memory:// are what people write.
  if (info.family != family::registered && rest.starts_with("//")) rest.remove_prefix(2);
  auto value = percent_decode(rest);
  if (!value.empty()) builder.add(from_part(info.opaque_option, std::move(value), source, "URL"), form::query);
}

void add_authority(Builder& builder, const UrlParts& parts, const std::string& source) {
  const auto& info = builder.options().info();
  const auto authority = split_authority(parts);
  if (authority.user) builder.add(from_part("user", *authority.user, source, "URL"), form::query);
  if (authority.password) builder.add(from_part("password", *authority.password, source, "URL"), form::query);
  if (!authority.hosts.empty()) {
    auto given = from_part("hosts", "", source, "URL");
    given.value = Json(authority.hosts);
    builder.add(given, form::query);
  }
  if (const auto plus = parts.scheme.find('+'); plus != std::string::npos)
    builder.add(from_part("tls", parts.scheme.substr(plus) == "+https" ? "true" : "false", source, "scheme of the URL"),
                form::query);
  if (!authority.path) return;
  auto path = *authority.path;
  if (info.family == family::elasticsearch) {
    while (path.ends_with('/')) path.pop_back();
    if (path.find('/') != std::string::npos)
      throw BadUrl{"its path names one index; a path before it is the option path_prefix"};
  }
  if (!path.empty()) builder.add(from_part(info.path_option, std::move(path), source, "URL"), form::query);
}

void add_bucket(Builder& builder, const UrlParts& parts, const std::string& source) {
  auto rest = parts.rest;
  if (!rest.starts_with("//")) throw BadUrl{"'s3:' must be followed by '//'"};
  rest.remove_prefix(2);
  const auto slash = rest.find('/');
  const auto bucket = rest.substr(0, slash);
  if (bucket.find_first_of("@:") != std::string_view::npos)
    throw BadUrl{
        "there is an '@' or ':' before its path; credentials are the options access_key_id and secret_access_key"};
  if (!bucket.empty()) builder.add(from_part("bucket", percent_decode(bucket), source, "URL"), form::query);
  if (slash != std::string_view::npos && slash + 1 < rest.size())
    builder.add(from_part("prefix", percent_decode(rest.substr(slash + 1)), source, "URL"), form::query);
}

std::string bad_url(const std::string& source, const BadUrl& bad) {
  return "the URL" + (source.empty() ? "" : " (" + source + ")") + " cannot be read: " + bad.reason;
}

}  // namespace

void Builder::add_url(std::string_view url, const std::string& source) {
  const auto& info = options_->info();
  if (!source.empty() && info.family == family::postgres && url.find("://") == std::string_view::npos)
    return add_conninfo(*this, url, source);
  try {
    const auto parts = split_url(url);
    // Not by looking the scheme up again: whoever registers the backend's options anew meanwhile replaces the set
    // there.
    if (std::find(info.schemes.begin(), info.schemes.end(), parts.scheme) == info.schemes.end())
      refuse(info.name, "the URL" + (source.empty() ? "" : " (" + source + ")") + " is for another backend");
    lenient_ = info.family == family::mongodb;
    switch (info.style) {
      case UrlStyle::opaque: add_opaque(*this, parts, source); break;
      case UrlStyle::authority: add_authority(*this, parts, source); break;
      case UrlStyle::bucket: add_bucket(*this, parts, source); break;
    }
    for (const auto& [name, value] : parts.query) add(from_part(name, value, source, "URL query"), form::query);
    lenient_ = false;
  } catch (const BadUrl& bad) {
    refuse(info.name, bad_url(source, bad));
  }
}

std::shared_ptr<const OptionSet> backend_of_url(std::string_view url, const std::string& source) {
  try {
    const auto scheme = url_scheme(url);
    if (auto found = find_scheme(scheme)) return found;
    const std::string where = source.empty() ? "" : " (" + source + ")";
    if (scheme == "mongodb+srv")
      refuse("mongodb", "mongodb+srv is not supported" + where + "; name the hosts in a mongodb:// URL");
    if (!presentable_name(scheme)) refuse("", "the scheme of the URL is unknown" + where);
    refuse("", "unknown scheme '" + scheme + "' of a URL" + where + "; the nearest known one is '" +
                   nearest(scheme, known_schemes()) + "'");
  } catch (const BadUrl& bad) {
    refuse("", bad_url(source, bad));
  }
}

std::shared_ptr<const Config::State> read_url(std::string_view url) {
  Builder builder(backend_of_url(url, ""));
  builder.add_url(url, "");
  return builder.finish();
}

}  // namespace weir::configuration
