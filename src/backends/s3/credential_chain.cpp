#include "backends/s3/credential_chain.hpp"

#include "backends/s3/uri.hpp"
#include "backends/s3/xml.hpp"

#include <weir/error.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace weir::s3 {
namespace {

using std::chrono::milliseconds;

class Search {
 public:
  Search(std::shared_ptr<const ClientOptions> options, Variables variables)
      : options_(std::move(options)), variables_(std::move(variables)) {
    if (const auto url = variables_("AWS_EC2_METADATA_SERVICE_ENDPOINT"); url && !url->empty())
      addresses_.instance = *url;
    for (const char* name : {"AWS_ENDPOINT_URL_STS", "AWS_STS_ENDPOINT"})
      if (const auto url = variables_(name); url && !url->empty()) addresses_.token_service = *url;
    while (addresses_.instance.ends_with('/')) addresses_.instance.pop_back();
  }

  const ClientOptions& options() const { return *options_; }

  std::optional<Identity> given() const {
    if (options_->access_key_id().empty()) return std::nullopt;
    Identity out;
    out.access_key_id = options_->access_key_id();
    out.secret_access_key = options_->secret_access_key();
    out.session_token = options_->session_token();
    return out;
  }
  std::optional<Identity> environment() const { return identity_of_variables(variables_); }

  std::optional<Identity> profile() const {
    const auto credentials = read_profiles(options_->credentials_file(), "AWS_SHARED_CREDENTIALS_FILE", "credentials");
    const auto configuration = read_profiles(options_->config_file(), "AWS_CONFIG_FILE", "config");
    const auto name = profile_name();
    auto found = identity_of_profile(credentials, configuration, name);
    // A profile that somebody names has to be there; one that speaks of other ways must not be passed over in silence.
    if (!found && (!options_->profile().empty() || variables_("AWS_PROFILE")) && !credentials.contains(name) &&
        !configuration.contains(name))
      refuse_credentials("profile " + name + " is in neither of the credentials and configuration files");
    if (!found)
      for (const auto* profiles : {&credentials, &configuration})
        if (const auto section = profiles->find(name); section != profiles->end())
          for (const char* way : {"credential_process", "sso_session", "sso_start_url", "role_arn"})
            if (section->second.contains(way))
              refuse_credentials("profile " + name + " gets its credentials by " + way + ", which weir does not do");
    return found;
  }

  awaitable<std::optional<Identity>> web_identity() const {
    const auto file = first(options_->web_identity_token_file(), "AWS_WEB_IDENTITY_TOKEN_FILE");
    const auto role = first(options_->role_arn(), "AWS_ROLE_ARN");
    if (file.empty() || role.empty()) co_return std::nullopt;
    auto token = read_file(file, "the web identity's token");
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) token.pop_back();
    auto session = first(options_->role_session_name(), "AWS_ROLE_SESSION_NAME");
    if (session.empty()) session = "weir";
    const Parameters parameters{{"Action", "AssumeRoleWithWebIdentity"},
                                {"RoleArn", role},
                                {"RoleSessionName", session},
                                {"Version", "2011-06-15"},
                                {"WebIdentityToken", token}};
    auto address = addresses_.token_service;
    if (address.empty()) {
      auto region = options_->region();
      if (region.empty()) region = first({}, "AWS_REGION");
      if (region.empty()) region = "us-east-1";
      address = "https://sts." + region + ".amazonaws.com";
    }
    http::ClientOptions http = options_->http();
    http.timeout(milliseconds(10'000));
    const auto answer =
        co_await ask(address, std::move(http),
                     http::Request("POST", "/")
                         .headers(http::Headers().add("Content-Type", "application/x-www-form-urlencoded"))
                         .body(query_text(parameters))
                         .idempotent(true),
                     "the token service");
    const auto role_document = parse_role(answer);
    Identity out;
    out.access_key_id = role_document.access_key_id;
    out.secret_access_key = role_document.secret_access_key;
    out.session_token = role_document.session_token;
    out.expires = role_document.expires;
    co_return out;
  }

  awaitable<std::optional<Identity>> container() const {
    auto relative = first({}, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const auto full = first({}, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative.empty() && full.empty()) co_return std::nullopt;
    auto origin = addresses_.container;
    if (relative.empty()) {
      const auto scheme = full.find("://");
      if (scheme == std::string::npos) refuse_credentials("AWS_CONTAINER_CREDENTIALS_FULL_URI is no address");
      const auto path = full.find('/', scheme + 3);
      origin = full.substr(0, path);
      relative = path == std::string::npos ? "/" : full.substr(path);
      auto host = origin.substr(scheme + 3);
      if (host.starts_with('['))
        host = host.substr(1, host.find(']') - 1);
      else
        host = host.substr(0, host.rfind(':'));
      if (!origin.starts_with("https://") && !is_container_address(host))
        refuse_credentials("AWS_CONTAINER_CREDENTIALS_FULL_URI: without TLS only this machine, ECS and EKS are asked");
    }
    if (!relative.starts_with('/')) relative.insert(relative.begin(), '/');
    auto token = first({}, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (const auto file = first({}, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty())
      token = read_file(file, "the container's authorization token");
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    http::Headers headers;
    if (!token.empty()) headers.add("Authorization", token);
    const auto answer =
        co_await ask(origin, service_options(milliseconds(2'000)),
                     http::Request("GET", relative).headers(std::move(headers)), "the container's credentials service");
    co_return identity_of_service(answer);
  }

  /// Version 2 of the instance's service only: it wants a token first.
  awaitable<std::optional<Identity>> instance() const {
    if (const auto off = first({}, "AWS_EC2_METADATA_DISABLED"); off == "true" || off == "True" || off == "TRUE")
      co_return std::nullopt;
    const std::string what = "the instance's credentials service";
    const auto options = service_options(milliseconds(1'000));
    const auto token = co_await ask(addresses_.instance, options,
                                    http::Request("PUT", "/latest/api/token")
                                        .headers(http::Headers().add("X-aws-ec2-metadata-token-ttl-seconds", "21600")),
                                    what);
    http::Headers headers;
    headers.add("X-aws-ec2-metadata-token", token);
    const std::string path = "/latest/meta-data/iam/security-credentials/";
    auto role = co_await ask(addresses_.instance, options, http::Request("GET", path).headers(headers), what);
    role = role.substr(0, role.find('\n'));
    if (role.empty()) co_return std::nullopt;
    const auto answer = co_await ask(addresses_.instance, options,
                                     http::Request("GET", path + encoded(role)).headers(std::move(headers)), what);
    co_return identity_of_service(answer);
  }

 private:
  std::string first(std::string option, const char* variable) const {
    return option.empty() ? variables_(variable).value_or("") : std::move(option);
  }
  std::string profile_name() const {
    auto name = first(options_->profile(), "AWS_PROFILE");
    return name.empty() ? "default" : name;
  }

  static http::ClientOptions service_options(milliseconds timeout) {
    http::ClientOptions out;
    out.proxy("off").timeout(timeout).max_body(64 * 1024);
    out.pool(http::ClientOptions::default_pool().connect_timeout(timeout).acquire_timeout(timeout).max_size(1));
    return out;
  }

  static awaitable<std::string> ask(std::string origin, http::ClientOptions options, http::Request request,
                                    std::string what) {
    const http::Client client(std::move(origin), std::move(options));
    const auto answer = co_await client.send(std::move(request));
    if (answer.status != 200) {
      auto text = what + " answered " + std::to_string(answer.status);
      if (const auto error = parse_error(answer.body.view())) text += ", " + error->code.substr(0, 60);
      throw Error(errc::authentication_failed, text, {}, answer.status >= 500 || answer.status == 429);
    }
    co_return answer.body.to_string();
  }

  static std::string read_file(const std::string& path, const std::string& what) {
    std::ifstream file(path, std::ios::binary);
    if (!file) refuse_credentials(what + " cannot be read from " + path + ": " + std::strerror(errno));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Profiles read_profiles(const std::string& option, const char* variable, const char* usual) const {
    auto path = first(option, variable);
    const bool named = !path.empty();
    if (!named) {
      const auto home = variables_("HOME");
      if (!home) return {};
      path = *home + "/.aws/" + usual;
    } else if (path.starts_with("~/")) {
      path = variables_("HOME").value_or("") + path.substr(1);
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      if (!option.empty()) refuse_credentials("the file " + path + " cannot be read: " + std::strerror(errno));
      return {};
    }
    return parse_profiles(std::string(std::istreambuf_iterator<char>(file), {}));
  }

  std::shared_ptr<const ClientOptions> options_;
  Variables variables_;
  ServiceAddresses addresses_;
};

awaitable<std::optional<Identity>> immediately(std::optional<Identity> found) { co_return found; }

awaitable<std::optional<Identity>> from(const Search& search, std::string_view source) {
  if (source == "static") return immediately(search.given());
  if (source == "environment") return immediately(search.environment());
  if (source == "profile") return immediately(search.profile());
  if (source == "web_identity") return search.web_identity();
  if (source == "container") return search.container();
  if (source == "instance") return search.instance();
  throw Error(errc::invalid_argument, "option credentials: there is no source of that name");
}

}  // namespace

awaitable<Identity> find_identity(std::shared_ptr<const ClientOptions> options, Variables variables) {
  const Search search(options, std::move(variables));
  Identity out;
  if (options->credentials_source()) {
    auto fetched = co_await options->credentials_source()->fetch();
    out.access_key_id = fetched.access_key_id();
    out.secret_access_key = fetched.secret_access_key();
    out.session_token = fetched.session_token();
    out.expires = fetched.expires();
    co_return out;
  }
  const auto& source = options->credentials();
  if (source == "anonymous") {
    out.anonymous = true;
    co_return out;
  }
  if (source != "auto") {
    auto found = co_await from(search, source);
    if (!found) refuse_credentials("there are no credentials where the option credentials=" + source + " says");
    co_return std::move(*found);
  }
  std::string tried;
  static constexpr std::array<const char*, 6> sources{"static",       "environment", "profile",
                                                      "web_identity", "container",   "instance"};
  for (const char* name : sources) {
    std::string why;
    try {
      auto found = co_await from(search, name);
      if (found) co_return std::move(*found);
    } catch (const Error& error) {
      if (error.kind() == errc::cancelled) throw;
      // Somebody set it up and it is broken: going on would take somebody else's. Only that no instance's service
      // answers means nothing: there is none outside of AWS.
      if (std::string_view(name) != "instance") throw;
      why = std::string(" (") + std::string(error.message()) + ")";
    }
    tried.append(tried.empty() ? "" : ", ").append(name).append(why);
  }
  refuse_credentials("no credentials were found; looked at: " + tried);
}

}  // namespace weir::s3
