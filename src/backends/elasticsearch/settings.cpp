#include "backends/elasticsearch/settings.hpp"

#include "backends/elasticsearch/cloud_id.hpp"
#include "net/client_config.hpp"

#include <weir/error.hpp>

#include <utility>

namespace weir::elasticsearch {
namespace {

using std::chrono::milliseconds;

// At most one of the three; validate() has seen to that where a configuration is opened.
std::string authorization(const Config& config) {
  const auto key = config.get<std::string>("api_key"), token = config.get<std::string>("bearer_token");
  const auto user = config.get<std::string>("user"), password = config.get<std::string>("password");
  const int ways = (key.empty() ? 0 : 1) + (token.empty() ? 0 : 1) + (user.empty() ? 0 : 1);
  if (ways > 1)
    throw Error(errc::invalid_argument,
                "options api_key, bearer_token and user: give one of them, the others would be ignored");
  if (!key.empty()) return "ApiKey " + key;
  if (!token.empty()) return "Bearer " + token;
  return user.empty() ? std::string() : "Basic " + to_base64(user + ":" + password);
}

Refresh refresh_of(const std::string& name) {
  if (name == "none") return Refresh::none;
  if (name == "wait") return Refresh::wait;
  return name == "now" ? Refresh::now : Refresh::automatic;
}

std::string prefix_of(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  if (!text.empty() && text.front() != '/') text.insert(text.begin(), '/');
  return text;
}

}  // namespace

Settings read_settings(const Config& config) {
  Settings out;
  const auto cloud = config.get<std::string>("cloud_id");
  if (!cloud.empty()) {
    out.origins.push_back(cloud_address(cloud));
  } else {
    const std::string scheme = config.get<bool>("tls") ? "https://" : "http://";
    for (const auto& host : config.get<std::vector<std::string>>("hosts")) out.origins.push_back(scheme + host);
  }
  for (const auto& origin : out.origins)
    out.endpoint += (out.endpoint.empty() ? "" : ",") + origin.substr(origin.find("//") + 2);
  out.sniff = config.get<bool>("sniff") && cloud.empty();  // behind a cloud's gateway the nodes' addresses lead nowhere
  out.http = net::client_options(config);
  out.ejection.after = config.get<unsigned>("eject_after");
  out.ejection.base = config.get<milliseconds>("eject_base");
  out.ejection.most = config.get<milliseconds>("eject_max");
  if (out.ejection.base.count() == 0)
    throw Error(errc::invalid_argument, "option eject_base: a node that fails is left alone for some time");
  if (out.origins.size() > 1 || out.sniff) {
    // Nobody waits for a node that is gone while there is another one.
    auto pool = out.http.pool();
    pool.fail_fast(true);
    out.http.pool(std::move(pool));
  }
  auto tls = out.http.tls();
  tls.fingerprint(config.get<std::string>("tls_fingerprint"));
  out.http.tls(std::move(tls));
  if (const auto proxy = config.get<std::string>("proxy"); !proxy.empty()) out.http.proxy(proxy);
  if (const auto secret = authorization(config); !secret.empty()) {
    http::Headers headers;
    headers.add("Authorization", secret);
    out.http.headers(std::move(headers));
  }
  out.timeout = config.get<milliseconds>("timeout");
  out.http.timeout(out.timeout);
  if (config.get<bool>("gzip")) out.http.gzip(true).gzip_requests_from(1024);
  out.prefix = prefix_of(config.get<std::string>("path_prefix"));
  out.index = config.get<std::string>("index");
  if (out.index.empty()) throw Error(errc::invalid_argument, "option index: the name of the index is missing");
  for (const auto& path : config.get<std::vector<std::string>>("text_fields")) out.text_paths.insert(path);
  out.key_field = config.get<std::string>("key_field");
  out.may_create = config.get<bool>("create_if_missing");
  out.refresh = refresh_of(config.get<std::string>("refresh"));
  out.bulk_bytes = config.get<std::uint64_t>("bulk_size");
  out.bulk_actions = config.get<unsigned>("bulk_actions");
  out.bulk_concurrency = config.get<unsigned>("bulk_concurrency");
  out.repeats_writes = config.get<bool>("retry_writes") && config.get<unsigned>("retry.max_attempts") > 1;
  out.keep_alive = config.get<milliseconds>("pit_keep_alive");
  return out;
}

}  // namespace weir::elasticsearch
