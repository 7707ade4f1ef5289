#include "backends/elasticsearch/settings.hpp"

#include "backends/elasticsearch/cloud_id.hpp"

#include <weir/error.hpp>

#include <utility>

namespace weir::elasticsearch {
namespace {

using std::chrono::milliseconds;

PoolOptions pool_options(const Config& config, bool several) {
  const auto number = [&](const char* option) { return config.get<unsigned>(option); };
  const auto time = [&](const char* option) { return config.get<milliseconds>(option); };
  PoolOptions out;
  out.max_size(number("max_size")).min_size(number("min_size")).min_idle(number("min_idle"));
  if (config.has("max_idle")) out.max_idle(number("max_idle"));
  out.total_limit(number("total_limit")).max_connecting(number("max_connecting"));
  out.acquire_timeout(time("acquire_timeout")).max_waiters(number("max_waiters")).slow_acquire(time("slow_acquire"));
  // Nobody waits for a node that is gone while there is another one.
  out.fail_fast(several || config.get<bool>("fail_fast"));
  out.connect_timeout(time("connect_timeout")).attempt_delay(time("attempt_delay"));
  out.reconnect_min(time("reconnect_min")).reconnect_max(time("reconnect_max"));
  out.tcp_user_timeout(time("tcp_user_timeout")).tcp_keepalive_idle(time("tcp_keepalive"));
  out.tcp_keepalive_interval(time("tcp_keepalive_interval")).tcp_keepalive_count(number("tcp_keepalive_count"));
  out.idle_timeout(time("idle_timeout")).max_lifetime(time("max_lifetime"));
  out.max_uses(config.get<std::uint64_t>("max_uses"));
  // HTTP has no ping: a connection is looked at before it is used.
  out.validate_after(milliseconds{0}).keepalive_interval(milliseconds{0});
  out.reuse(config.get<std::string>("reuse") == "fifo" ? Reuse::fifo : Reuse::lifo);
  out.lease_warning(time("lease_warning")).drain_timeout(time("drain_timeout"));
  out.loop_threads(number("loop_threads"));
  return out;
}

http::TlsOptions tls_options(const Config& config) {
  const auto text = [&](const char* option) { return config.get<std::string>(option); };
  if (!text("client_key_password").empty())
    throw Error(errc::unsupported, "option client_key_password: the key's file has to be readable without one");
  http::TlsOptions out;
  out.verify(config.get<bool>("verify_certs")).ca_file(text("ca_certs"));
  out.client_cert_file(text("client_cert")).client_key_file(text("client_key"));
  out.fingerprint(text("tls_fingerprint"));
  return out;
}

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
  out.http.pool(pool_options(config, out.origins.size() > 1 || out.sniff)).tls(tls_options(config));
  if (const auto proxy = config.get<std::string>("proxy"); !proxy.empty()) out.http.proxy(proxy);
  if (const auto secret = authorization(config); !secret.empty()) {
    http::Headers headers;
    headers.add("Authorization", secret);
    out.http.headers(std::move(headers));
  }
  out.timeout = config.get<milliseconds>("timeout");
  out.http.timeout(out.timeout).read_idle_timeout(config.get<milliseconds>("read_idle_timeout"));
  out.http.max_body(config.get<std::uint64_t>("max_response_size"));
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
  out.keep_alive = config.get<milliseconds>("pit_keep_alive");
  return out;
}

}  // namespace weir::elasticsearch
