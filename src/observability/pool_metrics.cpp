#include "observability/pool_metrics.hpp"

#include <iterator>
#include <map>
#include <set>

namespace weir::metrics {
namespace {

Metric metric(const char* name, const char* unit, Instrument instrument, const char* description) {
  Metric out;
  out.name = name;
  out.unit = unit;
  out.description = description;
  out.instrument = instrument;
  return out;
}

Point point(const NamedPool& pool, double value) {
  Point out;
  out.attributes.emplace_back("db.client.connection.pool.name", pool.name);
  out.value = value;
  return out;
}

Point point(const NamedPool& pool, const char* attribute, std::string_view text, double value) {
  auto out = point(pool, value);
  out.attributes.emplace_back(attribute, text);
  return out;
}

Point point(const NamedPool& pool, const DurationHistogram& source) {
  auto out = point(pool, 0);
  Histogram histogram;
  histogram.bounds.assign(DurationHistogram::bounds.begin(), DurationHistogram::bounds.end());
  histogram.counts.assign(source.counts.begin(), source.counts.end());
  histogram.sum = std::chrono::duration<double>(source.sum).count();
  out.histogram = std::move(histogram);
  return out;
}

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

struct Scalar {
  const char* name;
  const char* unit;
  Instrument instrument;
  const char* description;
  double (*value)(const PoolStats&);
};

double number(std::uint64_t value) { return static_cast<double>(value); }

constexpr Scalar scalars[] = {
    {"db.client.connection.idle.max", "{connection}", Instrument::up_down_counter,
     "The maximum number of idle open connections allowed.", [](const PoolStats& s) { return number(s.max_idle); }},
    {"db.client.connection.idle.min", "{connection}", Instrument::up_down_counter,
     "The minimum number of idle open connections allowed.", [](const PoolStats& s) { return number(s.min); }},
    {"db.client.connection.max", "{connection}", Instrument::up_down_counter,
     "The maximum number of open connections allowed.", [](const PoolStats& s) { return number(s.max); }},
    {"db.client.connection.pending_requests", "{request}", Instrument::up_down_counter,
     "The number of current pending requests for an open connection.",
     [](const PoolStats& s) { return number(s.waiters); }},
    {"db.client.connection.timeouts", "{timeout}", Instrument::counter,
     "The number of connection timeouts that have occurred trying to obtain a connection from the pool.",
     [](const PoolStats& s) { return number(s.timeouts); }},
    {"weir.pool.rejected", "{request}", Instrument::counter,
     "Requests for a connection that were refused at once: queue full, pool paused or closed.",
     [](const PoolStats& s) { return number(s.rejected); }},
    {"weir.pool.cancelled", "{request}", Instrument::counter, "Requests for a connection that their callers gave up.",
     [](const PoolStats& s) { return number(s.cancelled); }},
    {"weir.pool.round_trip", "s", Instrument::gauge, "How long the last ping in the background took.",
     [](const PoolStats& s) { return seconds(s.round_trip); }},
    {"weir.pool.oldest_lease", "s", Instrument::gauge, "Age of the lease that is out longest.",
     [](const PoolStats& s) { return seconds(s.oldest_lease); }},
    {"weir.pool.oldest_wait", "s", Instrument::gauge, "Age of the request that waits longest.",
     [](const PoolStats& s) { return seconds(s.oldest_wait); }},
    {"weir.pool.memory", "By", Instrument::up_down_counter, "What pools themselves hold, without their connections.",
     [](const PoolStats& s) { return number(s.memory_bytes); }},
    {"weir.pool.recommended_max", "{connection}", Instrument::gauge,
     "What the maximum should have been for the last five minutes.",
     [](const PoolStats& s) { return number(s.recommended_max); }},
};

}  // namespace

std::vector<NamedPool> named_pools(const std::vector<PoolInfo>& pools, bool per_loop) {
  std::map<std::string, std::set<std::uint64_t>> digests;
  for (const auto& pool : pools) digests[pool.key].insert(pool.digest);
  std::map<std::string, NamedPool> by_name;
  for (const auto& pool : pools) {
    auto name = pool.key;
    const auto& alike = digests[pool.key];
    if (alike.size() > 1) name += "~" + std::to_string(1 + std::distance(alike.begin(), alike.find(pool.digest)));
    if (per_loop) name += "#" + std::to_string(pool.loop);
    const auto [entry, first] = by_name.try_emplace(name);
    entry->second.name = name;
    if (first)
      entry->second.stats = pool.stats;
    else
      entry->second.stats += pool.stats;
  }
  std::vector<NamedPool> out;
  for (auto& entry : by_name) out.push_back(std::move(entry.second));
  return out;
}

std::vector<Metric> pool_metrics(const std::vector<NamedPool>& pools) {
  constexpr auto state = "db.client.connection.state";
  auto count = metric("db.client.connection.count", "{connection}", Instrument::up_down_counter,
                      "The number of connections that are currently in state described by the state attribute.");
  auto create_time = metric("db.client.connection.create_time", "s", Instrument::histogram,
                            "The time it took to create a new connection.");
  auto wait_time = metric("db.client.connection.wait_time", "s", Instrument::histogram,
                          "The time it took to obtain an open connection from the pool.");
  auto use_time = metric("db.client.connection.use_time", "s", Instrument::histogram,
                         "The time between borrowing a connection and returning it to the pool.");
  auto closed = metric("weir.pool.connections_closed", "{connection}", Instrument::counter,
                       "Connections that were closed, by reason.");
  auto connect_failures = metric("weir.pool.connect_failures", "{connection}", Instrument::counter,
                                 "Connections that could not be made, by the kind of error.");
  for (const auto& pool : pools) {
    count.points.push_back(point(pool, state, "idle", number(pool.stats.idle)));
    count.points.push_back(point(pool, state, "used", number(pool.stats.used)));
    count.points.push_back(point(pool, state, "pending", number(pool.stats.pending)));
    create_time.points.push_back(point(pool, pool.stats.connect_time));
    wait_time.points.push_back(point(pool, pool.stats.wait_time));
    use_time.points.push_back(point(pool, pool.stats.use_time));
    for (std::size_t i = 0; i < close_reason_count; ++i) {
      const auto reason = static_cast<CloseReason>(i);
      closed.points.push_back(point(pool, "reason", to_string(reason), number(pool.stats.closed_by(reason))));
    }
    for (std::size_t kind = 0; kind < error_kinds; ++kind)
      if (const auto failed = pool.stats.connects_failed_by[kind]; failed != 0)
        connect_failures.points.push_back(
            point(pool, "error.type", to_string(static_cast<errc>(kind)), number(failed)));
  }
  std::vector<Metric> out;
  out.push_back(std::move(count));
  for (const auto& scalar : scalars) {
    auto entry = metric(scalar.name, scalar.unit, scalar.instrument, scalar.description);
    for (const auto& pool : pools) entry.points.push_back(point(pool, scalar.value(pool.stats)));
    out.push_back(std::move(entry));
  }
  out.push_back(std::move(create_time));
  out.push_back(std::move(wait_time));
  out.push_back(std::move(use_time));
  out.push_back(std::move(closed));
  out.push_back(std::move(connect_failures));
  return out;
}

}  // namespace weir::metrics
