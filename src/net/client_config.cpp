#include "net/client_config.hpp"

#include "core/config/pool_config.hpp"

#include <weir/error.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace weir::net {
namespace {

// What a configuration can say of a pool and has no meaning here. Whoever says it is told so.
void refuse_idle_options(const Config& config) {
  using std::chrono::milliseconds;
  const auto refuse = [&](const char* option, const char* why) {
    throw Error(errc::unsupported,
                std::string("option ") + option + ": the store speaks HTTP, " + why + "; leave it out");
  };
  for (const char* option : {"validate_after", "keepalive_interval"})
    if (config.has(option) && config.get<milliseconds>(option).count() != 0)
      refuse(option, "which has no ping: a connection is looked at before it is used");
  if (config.has("ping_timeout")) refuse("ping_timeout", "which has no ping");
  if (config.has("reset_timeout")) refuse("reset_timeout", "which has no session to reset");
  for (const char* option : {"heartbeat_interval", "min_heartbeat"})
    if (config.has(option)) refuse(option, "and no monitor looks at it");
  if (config.has("selection_timeout")) refuse("selection_timeout", "where every endpoint suits every request");
  if (config.get<bool>("start_paused")) refuse("start_paused", "and no monitor would ever start the pool");
  if (config.has("pipeline_depth") && config.get<unsigned>("pipeline_depth") != 1)
    refuse("pipeline_depth", "one request on a connection at a time");
}

}  // namespace

http::ClientOptions client_options(const Config& config) {
  using std::chrono::milliseconds;
  const auto text = [&](const char* option) { return config.get<std::string>(option); };
  refuse_idle_options(config);
  auto pool = configuration::pool_options(config);
  // HTTP has no ping: a connection is looked at before it is used.
  pool.validate_after(milliseconds{0}).keepalive_interval(milliseconds{0});
  if (!text("client_key_password").empty())
    throw Error(errc::unsupported, "option client_key_password: the key's file has to be readable without one");
  http::TlsOptions tls;
  tls.verify(config.get<bool>("verify_certs")).ca_file(text("ca_certs"));
  tls.client_cert_file(text("client_cert")).client_key_file(text("client_key"));
  http::ClientOptions out;
  out.pool(std::move(pool)).tls(std::move(tls));
  out.read_idle_timeout(config.get<milliseconds>("read_idle_timeout"));
  out.max_body(config.get<std::uint64_t>("max_response_size"));
  out.low_speed_limit(config.get<std::uint64_t>("low_speed_limit"));
  out.low_speed_time(config.get<milliseconds>("low_speed_time"));
  return out;
}

}  // namespace weir::net
