#include "backends/s3/credential_files.hpp"

#include <weir/error.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace weir::s3 {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::optional<Identity> paired(std::string key, std::string secret, std::string token, const std::string& where) {
  if (key.empty() && secret.empty()) return std::nullopt;
  if (key.empty() || secret.empty()) refuse_credentials(where + " holds only one of access key and secret key");
  Identity out;
  out.access_key_id = std::move(key);
  out.secret_access_key = std::move(secret);
  out.session_token = std::move(token);
  return out;
}

std::string value_of(const Profiles& profiles, std::string_view profile, const std::string& key) {
  const auto section = profiles.find(profile);
  if (section == profiles.end()) return {};
  const auto found = section->second.find(key);
  return found == section->second.end() ? std::string() : found->second;
}

}  // namespace

void refuse_credentials(std::string why) { throw Error(errc::authentication_failed, std::move(why)); }

Profiles parse_profiles(std::string_view text) {
  Profiles out;
  std::map<std::string, std::string>* section = nullptr;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto content = trimmed(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (content.front() == '[') {
      const auto close = content.find(']');
      if (close == std::string_view::npos) {
        section = nullptr;
        continue;
      }
      auto name = trimmed(content.substr(1, close - 1));
      if (name.starts_with("profile ") || name.starts_with("profile\t")) name = trimmed(name.substr(8));
      if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front())
        name = name.substr(1, name.size() - 2);
      section = &out[std::string(name)];
      continue;
    }
    if (section == nullptr || line.front() == ' ' || line.front() == '\t') continue;
    const auto equals = content.find('=');
    if (equals == std::string_view::npos) continue;
    std::string key(trimmed(content.substr(0, equals)));
    for (char& c : key)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    auto value = trimmed(content.substr(equals + 1));
    for (const std::string_view comment : {" #", "\t#", " ;", "\t;"})
      if (const auto at = value.find(comment); at != std::string_view::npos) value = trimmed(value.substr(0, at));
    (*section)[std::move(key)] = value;
  }
  return out;
}

std::optional<Identity> identity_of_profile(const Profiles& credentials, const Profiles& configuration,
                                            std::string_view profile) {
  for (const auto* profiles : {&credentials, &configuration}) {
    auto found =
        paired(value_of(*profiles, profile, "aws_access_key_id"), value_of(*profiles, profile, "aws_secret_access_key"),
               value_of(*profiles, profile, "aws_session_token"), "profile " + std::string(profile));
    if (found) return found;
  }
  return std::nullopt;
}

std::optional<Identity> identity_of_variables(const Variables& variables) {
  return paired(variables("AWS_ACCESS_KEY_ID").value_or(""), variables("AWS_SECRET_ACCESS_KEY").value_or(""),
                variables("AWS_SESSION_TOKEN").value_or(""), "the environment");
}

Identity identity_of_service(std::string_view json) {
  const auto document = nlohmann::json::parse(json, nullptr, false);
  if (!document.is_object())
    refuse_credentials("the credentials' service answered with something else than a JSON object");
  const auto text = [&document](const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (const auto code = text("Code"); !code.empty() && code != "Success")
    refuse_credentials("the credentials' service answered " + code.substr(0, 60));
  Identity out;
  out.access_key_id = text("AccessKeyId");
  out.secret_access_key = text("SecretAccessKey");
  out.session_token = text("Token");
  if (out.access_key_id.empty() || out.secret_access_key.empty())
    refuse_credentials("the credentials' service answered without credentials");
  if (const auto expires = text("Expiration"); !expires.empty()) {
    out.expires = parse_iso_time(expires);
    if (!out.expires) refuse_credentials("the credentials' service answered with an expiration that is no time");
  }
  return out;
}

bool is_container_address(std::string_view host) noexcept {
  if (host == "localhost" || host == "::1" || host == "169.254.170.2" || host == "169.254.170.23" ||
      host == "fd00:ec2::23")
    return true;
  // 127.0.0.0/8, and no name that begins like it.
  std::array<char, INET_ADDRSTRLEN> text{};
  if (host.size() >= text.size()) return false;
  std::copy(host.begin(), host.end(), text.begin());
  ::in_addr address{};
  return ::inet_pton(AF_INET, text.data(), &address) == 1 && ntohl(address.s_addr) >> 24U == 127U;
}

}  // namespace weir::s3
