#include "backends/s3/settings.hpp"

#include "backends/s3/key.hpp"
#include "net/client_config.hpp"

#include <weir/error.hpp>

#include <chrono>
#include <string>

namespace weir::s3 {
namespace {

using std::chrono::milliseconds;

http::ClientOptions http_options(const Config& config) {
  for (const char* option : {"eject_after", "eject_base", "eject_max"})
    if (config.has(option))
      throw Error(errc::unsupported, std::string("option ") + option +
                                         ": a bucket has one endpoint, which is never set aside; leave it out");
  if (config.get<bool>("sniff")) throw Error(errc::unsupported, "option sniff: a bucket has no nodes to ask for");
  auto out = net::client_options(config);
  if (config.has("proxy")) out.proxy(config.get<std::string>("proxy"));
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
