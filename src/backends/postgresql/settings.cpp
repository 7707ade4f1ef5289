#include "backends/postgresql/settings.hpp"

#include "core/config/pool_config.hpp"

#include <weir/error.hpp>

#include <utility>

namespace weir::postgres {
namespace {

using std::chrono::milliseconds;

// "host:port", "[IPv6]:port" or "/folder:port", as the configuration has normalised them.
ConnectSettings::Host split(const std::string& text) {
  const auto colon = text.rfind(':');
  ConnectSettings::Host host{text.substr(0, colon), text.substr(colon + 1)};
  if (host.name.starts_with('[') && host.name.ends_with(']')) host.name = host.name.substr(1, host.name.size() - 2);
  return host;
}

std::string seconds(milliseconds duration) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(duration).count());
}

std::shared_ptr<const ConnectSettings> connect_settings(const Config& config) {
  auto out = std::make_shared<ConnectSettings>();
  for (const std::string& host : config.get<std::vector<std::string>>("hosts")) out->hosts.push_back(split(host));
  const auto add = [&](const char* keyword, std::string value) {
    if (!value.empty()) out->keywords.emplace_back(keyword, std::move(value));
  };
  const auto text = [&](const char* option) { return config.get<std::string>(option); };
  add("dbname", text("database"));
  add("user", text("user"));
  add("password", text("password"));
  add("passfile", text("passfile"));
  add("service", text("service"));
  add("sslmode", text("sslmode"));
  add("sslrootcert", text("ca_certs"));
  add("sslcert", text("client_cert"));
  add("sslkey", text("client_key"));
  add("sslpassword", text("client_key_password"));
  add("sslcrl", text("crl"));
  add("channel_binding", text("channel_binding"));
  add("application_name", text("application_name"));
  add("options", text("options"));
  add("client_encoding", "UTF8");
  add("tcp_user_timeout", std::to_string(config.get<milliseconds>("tcp_user_timeout").count()));
  const auto keepalive = config.get<milliseconds>("tcp_keepalive");
  add("keepalives", keepalive.count() > 0 ? "1" : "0");
  if (keepalive.count() > 0) add("keepalives_idle", seconds(keepalive));
  add("keepalives_interval", seconds(config.get<milliseconds>("tcp_keepalive_interval")));
  add("keepalives_count", std::to_string(config.get<unsigned>("tcp_keepalive_count")));
  out->target_session_attrs = text("target_session_attrs");
  out->shuffle_hosts = text("load_balance_hosts") == "random";
  out->server_timeouts = config.get<bool>("server_timeouts");
  out->statement_cache = config.get<unsigned>("statement_cache_size");
  out->connect_timeout = config.get<milliseconds>("connect_timeout");
  return out;
}

std::string endpoint_of(const Config& config) {
  std::string out;
  for (const std::string& host : config.get<std::vector<std::string>>("hosts")) out += (out.empty() ? "" : ",") + host;
  return out;
}

// What the options common to all backends promise and this one does not do.
void refuse_unsupported(const Config& config) {
  const auto refuse = [](const char* option, const char* why) {
    throw Error(errc::unsupported, std::string("option ") + option + ": " + why);
  };
  if (config.get<bool>("sniff")) refuse("sniff", "PostgreSQL names no other servers; list them in `hosts`");
  if (config.get<milliseconds>("read_idle_timeout") != std::chrono::minutes(1))
    refuse("read_idle_timeout", "there is no limit of its own for silence; use timeout and tcp_user_timeout");
}

}  // namespace

PoolOptions pool_options(const Config& config) {
  const auto time = [&](const char* option) { return config.get<milliseconds>(option); };
  auto out = configuration::pool_options(config);
  out.pipeline_depth(config.get<unsigned>("pipeline_depth"));
  out.selection_timeout(time("selection_timeout")).start_paused(config.get<bool>("start_paused"));
  out.validate_after(time("validate_after")).keepalive_interval(time("keepalive_interval"));
  out.ping_timeout(time("ping_timeout")).reset_timeout(time("reset_timeout"));
  out.heartbeat_interval(time("heartbeat_interval")).min_heartbeat(time("min_heartbeat"));
  out.eject_after(config.get<unsigned>("eject_after"));
  out.eject_base(time("eject_base")).eject_max(time("eject_max"));
  return out;
}

Settings::Settings(const Config& config)
    : table(config.get<std::string>("schema"), config.get<std::string>("table"),
            config.get<std::vector<std::string>>("index")),
      statements(table),
      connect(connect_settings(config)),
      pool(pool_options(config)),
      key("postgres", endpoint_of(config), config.identity()),
      reads_key("postgres", endpoint_of(config), config.identity() + " reads"),
      endpoint(endpoint_of(config)),
      may_create(config.get<bool>("create_if_missing")),
      timeout(config.get<milliseconds>("timeout")),
      stall(config.get<milliseconds>("pipeline_stall")),
      max_shared_result(config.get<std::uint64_t>("max_shared_result")),
      coalesce_reads(config.get<bool>("coalesce_reads")) {
  refuse_unsupported(config);
  mapped = config.get<std::string>("storage") == "columns";
  key_field = config.get<std::string>("key_field");
  if (!mapped && !key_field.empty()) throw Error(errc::invalid_argument, "option key_field: only with storage=columns");
  if (mapped && !table.indexes().empty())
    throw Error(errc::invalid_argument, "option index: an existing table has the indexes that it has");
  if (const auto reads = config.get<std::string>("read_from"); reads != "primary") {
    auto elsewhere = std::make_shared<ConnectSettings>(*connect);
    elsewhere->target_session_attrs = reads == "standby" ? "standby" : "any";
    connect_reads = std::move(elsewhere);
  }
}

}  // namespace weir::postgres
