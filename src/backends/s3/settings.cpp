#include "backends/s3/settings.hpp"

#include "backends/s3/key.hpp"

#include <weir/error.hpp>

namespace weir::s3 {
namespace {

using std::chrono::milliseconds;

PoolOptions pool_options(const Config& config) {
  const auto number = [&](const char* option) { return config.get<unsigned>(option); };
  const auto time = [&](const char* option) { return config.get<milliseconds>(option); };
  PoolOptions out;
  out.max_size(number("max_size")).min_size(number("min_size")).min_idle(number("min_idle"));
  if (config.has("max_idle")) out.max_idle(number("max_idle"));
  out.total_limit(number("total_limit")).max_connecting(number("max_connecting"));
  out.acquire_timeout(time("acquire_timeout")).max_waiters(number("max_waiters")).slow_acquire(time("slow_acquire"));
  out.fail_fast(config.get<bool>("fail_fast"));
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

http::ClientOptions http_options(const Config& config) {
  const auto text = [&](const char* option) { return config.get<std::string>(option); };
  if (!text("client_key_password").empty())
    throw Error(errc::unsupported, "option client_key_password: the key's file has to be readable without one");
  http::TlsOptions tls;
  tls.verify(config.get<bool>("verify_certs")).ca_file(text("ca_certs"));
  tls.client_cert_file(text("client_cert")).client_key_file(text("client_key"));
  http::ClientOptions out;
  out.pool(pool_options(config)).tls(std::move(tls));
  if (config.has("proxy")) out.proxy(text("proxy"));
  out.read_idle_timeout(config.get<milliseconds>("read_idle_timeout"));
  out.max_body(config.get<std::uint64_t>("max_response_size"));
  return out;
}

}  // namespace

Settings read_settings(const Config& config) {
  const auto text = [&](const char* option) { return config.get<std::string>(option); };
  Settings out;
  out.bucket = text("bucket");
  out.prefix = checked_prefix(text("prefix"));
  out.create = config.get<bool>("create_if_missing");
  out.layout = text("layout");
  if (!text("key_field").empty())
    throw Error(errc::unsupported, "option key_field: the objects of others are read with weir::s3::Client");
  auto& client = out.client;
  client.region(text("region")).endpoint_url(text("endpoint_url")).addressing(text("addressing"));
  client.credentials(text("credentials")).profile(text("profile"));
  client.access_key_id(text("access_key_id")).secret_access_key(text("secret_access_key"));
  client.session_token(text("session_token"));
  client.credentials_file(text("credentials_file")).config_file(text("config_file"));
  client.role_arn(text("role_arn")).role_session_name(text("role_session_name"));
  client.web_identity_token_file(text("web_identity_token_file"));
  client.payload_signing(text("payload_signing")).checksums(text("checksum") == "crc32c");
  client.part_size(config.get<std::uint64_t>("part_size"));
  client.multipart_threshold(config.get<std::uint64_t>("multipart_threshold"));
  client.concurrency(config.get<unsigned>("concurrency")).memory_limit(config.get<std::uint64_t>("memory_limit"));
  client.retry(RetryOptions()
                   .max_attempts(config.has("retry.max_attempts") ? config.get<unsigned>("retry.max_attempts")
                                                                  : client.retry().max_attempts())
                   .base(config.get<milliseconds>("retry.base"))
                   .throttle_base(config.get<milliseconds>("retry.throttle_base"))
                   .max(config.get<milliseconds>("retry.max"))
                   .reads(config.get<bool>("retry_reads"))
                   .writes(config.get<bool>("retry_writes")));
  client.retry_budget(config.get<unsigned>("retry.budget"));
  client.http(http_options(config));
  return out;
}

}  // namespace weir::s3
