#include "cli/commands/health_text.hpp"

#include "cli/progress.hpp"

namespace weir::cli {
namespace {

double milliseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

}  // namespace

Json to_json(const Health& health) {
  Json json = Json::object();
  json["reachable"] = health.reachable;
  json["product"] = health.product;
  json["version"] = health.version;
  json["endpoint"] = health.endpoint;
  if (health.reachable) json["round_trip_ms"] = milliseconds(health.round_trip);
  if (!health.error.empty()) json["error"] = health.error;
  if (health.server_connections) {
    auto& server = json["server_connections"];
    server["current"] = health.server_connections->current;
    server["available"] = health.server_connections->available;
    server["total_created"] = health.server_connections->total_created;
  }
  return json;
}

Json to_json(const PoolStats& stats) {
  Json json = Json::object();
  json["state"] = to_string(stats.state);
  json["max"] = stats.max;
  json["idle"] = stats.idle;
  json["used"] = stats.used;
  json["pending"] = stats.pending;
  json["waiters"] = stats.waiters;
  json["acquires"] = stats.acquires;
  json["acquires_waited"] = stats.acquires_waited;
  json["timeouts"] = stats.timeouts;
  json["rejected"] = stats.rejected;
  json["connects"] = stats.connects;
  json["connects_failed"] = stats.connects_failed;
  json["closed"] = stats.closed_total();
  json["wait_mean_ms"] = milliseconds(stats.wait_time.mean());
  json["use_mean_ms"] = milliseconds(stats.use_time.mean());
  json["connect_mean_ms"] = milliseconds(stats.connect_time.mean());
  json["retries"] = stats.retries;
  json["memory_bytes"] = stats.memory_bytes;
  if (stats.recommended_max > 0) json["recommended_max"] = stats.recommended_max;
  if (!stats.last_connect_error.empty()) json["last_connect_error"] = stats.last_connect_error;
  return json;
}

std::string to_text(const Health& health) {
  std::string text = health.product;
  if (!health.version.empty()) text += (text.empty() ? "" : " ") + health.version;
  if (!health.endpoint.empty()) text += (text.empty() ? "" : " at ") + health.endpoint;
  if (text.empty()) text = "the store";
  if (!health.reachable) return text + " does not answer: " + health.error;
  text += " answers in " + elapsed_text(health.round_trip);
  if (health.server_connections)
    text += "; the server has " + grouped(health.server_connections->current) + " connections, " +
            grouped(health.server_connections->available) + " more are possible";
  return text;
}

std::string to_text(const PoolStats& stats) {
  std::string text;
  const auto row = [&text](std::string name, const std::string& value) {
    constexpr std::size_t column = 16;
    name.resize(column, ' ');
    text += "  " + name + value + "\n";
  };
  row("connections", grouped(stats.used) + " used, " + grouped(stats.idle) + " idle, " + grouped(stats.pending) +
                         " being opened, " + grouped(stats.max) + " at most (" + std::string(to_string(stats.state)) +
                         ")");
  row("acquires", grouped(stats.acquires) + ", " + grouped(stats.acquires_waited) + " waited, " +
                      grouped(stats.timeouts) + " timed out, " + grouped(stats.rejected) + " refused; " +
                      grouped(stats.waiters) + " wait now");
  row("mean times", elapsed_text(stats.wait_time.mean()) + " waiting, " + elapsed_text(stats.use_time.mean()) +
                        " in use, " + elapsed_text(stats.connect_time.mean()) + " connecting");
  row("connects", grouped(stats.connects) + ", " + grouped(stats.connects_failed) + " failed, " +
                      grouped(stats.closed_total()) + " closed again");
  if (stats.recommended_max > 0) row("advice", "max_size " + grouped(stats.recommended_max) + " would fit this load");
  if (!stats.last_connect_error.empty()) row("last error", stats.last_connect_error);
  return text;
}

}  // namespace weir::cli
