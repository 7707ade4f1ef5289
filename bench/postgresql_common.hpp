#pragma once

// What the PostgreSQL benchmarks share: the tables and keys of the peers in peers/pg, and where the server is.

#include "measure.hpp"
#include "tasks.hpp"

#include <weir/postgresql.hpp>
#include <weir/weir.hpp>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace bench {

inline constexpr unsigned row_count = 100'000;
inline constexpr const char* select_row = "SELECT id, name, score, ts FROM bench_narrow WHERE id = $1";

inline std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// The server of the peers' PG* variables, with the case's options and those of BENCH_OPTIONS ("a=b&c=d").
inline std::string postgres_url(const std::string& options = {}) {
  std::string url = "postgresql://" + environment("PGUSER") + "@" + environment("PGHOST") + ":" +
                    environment("PGPORT") + "/" + environment("PGDATABASE") +
                    "?sslmode=disable&create_if_missing=false&schema=" + environment("PGUSER");
  if (!options.empty()) url += "&" + options;
  if (const auto more = environment("BENCH_OPTIONS"); !more.empty()) url += "&" + more;
  return url;
}

inline std::string key(unsigned i) {
  char text[40];
  std::snprintf(text, sizeof text, "%032x", i);
  return text;
}

inline weir::Record document(unsigned i) {
  weir::Record out;
  out.id = key(i);
  out.fields["name"] = "name-" + std::to_string(i);
  out.fields["value"] = i;
  out.fields["score"] = i * 0.5;
  for (const char* tag : {"a", "b", "c"}) out.fields["tags"].push_back(tag);
  out.fields["text"] = std::string(64, '0');
  out.fields["active"] = i % 2 == 0;
  return out;
}

/// A row of bench_narrow by a random key, all of it decoded.
inline weir::awaitable<void> read_row(weir::PostgresDatabase sql, std::int32_t id) {
  const auto rows = co_await sql.query(select_row, id);
  const auto row = rows[0];
  if (row.get<std::int32_t>(0) != id || row.get<std::string>(1).size() != 16 || row.get<double>(2) != id * 0.5)
    std::abort();
  if (row.get<weir::PostgresTime>(3).time_since_epoch().count() == 0) std::abort();
}

inline double share(std::vector<double>& sorted, double part) {
  const auto at = static_cast<std::size_t>(static_cast<double>(sorted.size()) * part);
  return sorted[std::min(sorted.size() - 1, at)];
}

inline std::string percentiles(std::vector<double> microseconds) {
  if (microseconds.empty()) return {};
  std::sort(microseconds.begin(), microseconds.end());
  char text[120];
  std::snprintf(text, sizeof text, ",\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f", share(microseconds, 0.5),
                share(microseconds, 0.99), share(microseconds, 0.999));
  return text;
}

}  // namespace bench
