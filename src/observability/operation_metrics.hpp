#pragma once

#include "observability/sharded_histogram.hpp"

#include <weir/error.hpp>
#include <weir/metrics.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace weir::metrics {

/// What is measured. The text of each is the value of `db.operation.name`.
enum class Operation : std::uint8_t {
  create,
  read,
  update,
  patch,
  upsert,
  remove,
  exists,
  search,
  count,
  stream,
  batch_create,
  batch_read,
  batch_update,
  batch_patch,
  batch_upsert,
  batch_remove,
  remove_where,
  patch_where,
  begin,
  explain,
  ping
};
inline constexpr std::size_t operation_count = 21;
std::string_view to_string(Operation operation) noexcept;

/// Which database the figures belong to; empty ones are left out.
struct DatabaseLabels {
  std::string system;          ///< db.system.name: "postgresql", "sqlite", …
  std::string name_space;      ///< db.namespace
  std::string collection;      ///< db.collection.name
  std::string server_address;  ///< server.address
  std::string server_port;     ///< server.port

  Attributes attributes() const;
  auto key() const { return std::tie(system, name_space, collection, server_address, server_port); }
};
/// The value of `db.system.name` for a backend of ours or of others.
std::string system_name(std::string_view backend);
/// Sets server address and port from "host:port", "[::1]:5432", "/run/socket" or "db1:5432,db2:5432" (the first).
void set_server(DatabaseLabels& labels, std::string_view endpoint);

/// The figures of one database.
///
/// *Thread safety*: every function, from any thread.
class DatabaseMetrics {
 public:
  /// Upper ends of `db.client.response.returned_rows`.
  static constexpr std::array<double, 13> row_bounds{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};

  explicit DatabaseMetrics(DatabaseLabels labels);
  ~DatabaseMetrics();
  DatabaseMetrics(const DatabaseMetrics&) = delete;
  DatabaseMetrics& operator=(const DatabaseMetrics&) = delete;

  void succeeded(Operation operation, std::chrono::nanoseconds duration) noexcept;
  void failed(Operation operation, std::chrono::nanoseconds duration, const Error& error) noexcept;
  void returned_rows(Operation operation, std::uint64_t rows) noexcept;
  /// A failed attempt was judged; `outcome` is static text.
  void attempt_failed(std::string_view outcome) noexcept;
  std::uint64_t attempts_failed(std::string_view outcome) const;
  /// How the tokens left are found (nothing when no database is open any more); the last one counts.
  void budget(std::function<std::optional<double>()> tokens);

  const DatabaseLabels& labels() const { return labels_; }
  /// Adds the points of this database.
  void append(std::vector<Metric>& metrics) const;

  /// The figures of the database with these labels: shared by all handles that have them.
  static std::shared_ptr<DatabaseMetrics> of(const DatabaseLabels& labels);
  /// Nothing was counted yet.
  bool empty() const;
  /// All that counted something or are in use; a counter does not go away with its handle.
  static std::vector<std::shared_ptr<DatabaseMetrics>> all();

 private:
  struct Series;
  using ErrorKey = std::tuple<Operation, std::string, std::string>;  ///< error.type, db.response.status_code

  Series& series(Operation operation);
  Series& error_series(Operation operation, const Error& error);

  const DatabaseLabels labels_;
  std::array<std::atomic<Series*>, operation_count> series_{};
  mutable std::mutex mutex_;
  std::map<ErrorKey, std::unique_ptr<Series>> errors_;
  std::map<std::string_view, std::uint64_t> outcomes_;
  std::function<std::optional<double>()> budget_;
};

/// The metrics that databases have, without points.
std::vector<Metric> operation_instruments();

}  // namespace weir::metrics
