#include "observability/operation_metrics.hpp"

#include <weir/pool_stats.hpp>

#include <algorithm>

namespace weir::metrics {
namespace {

constexpr std::array<std::string_view, operation_count> operation_names{
    "create",       "read",         "update",       "patch",        "upsert",     "remove",       "exists",
    "search",       "count",        "stream",       "BATCH create", "BATCH read", "BATCH update", "BATCH patch",
    "BATCH upsert", "BATCH remove", "remove_where", "patch_where",  "begin",      "explain",      "ping"};

/// Status codes come from servers: a limit keeps a strange one from filling the memory.
constexpr std::size_t max_error_series = 256;

enum Index : std::size_t { duration_metric, rows_metric, attempts_metric, budget_metric };

template <std::size_t N>
std::size_t bucket_of(const std::array<double, N>& bounds, double value) {
  return static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
}

template <std::size_t N>
Histogram histogram(const ShardedHistogram<N>& source, const std::array<double, N>& bounds, double scale) {
  const auto reading = source.read();
  Histogram out;
  out.bounds.assign(bounds.begin(), bounds.end());
  out.counts.assign(reading.counts.begin(), reading.counts.end());
  out.sum = static_cast<double>(reading.sum) * scale;
  return out;
}

struct ByKey {
  bool operator()(const DatabaseLabels& a, const DatabaseLabels& b) const { return a.key() < b.key(); }
};

struct Databases {
  std::mutex mutex;
  std::map<DatabaseLabels, std::shared_ptr<DatabaseMetrics>, ByKey> list;
  std::size_t look_at = fewest;  ///< entries, at which those that nobody needs are looked for

  // A program that opens one database after another would otherwise leave an entry for each.
  void forget_unused() {
    if (list.size() < look_at) return;
    std::erase_if(list, [](const auto& entry) { return entry.second.use_count() == 1 && entry.second->empty(); });
    look_at = std::max(fewest, 2 * list.size());
  }

  static constexpr std::size_t fewest = 64;
  static Databases& instance() {
    static auto* const databases = new Databases;  // outlives every thread that may still count
    return *databases;
  }
};

}  // namespace

std::string_view to_string(Operation operation) noexcept {
  return operation_names[static_cast<std::size_t>(operation)];
}

std::string system_name(std::string_view backend) {
  if (backend == "postgres") return "postgresql";
  if (backend == "s3") return "aws.s3";
  return std::string(backend);
}

void set_server(DatabaseLabels& labels, std::string_view endpoint) {
  endpoint = endpoint.substr(0, endpoint.find(','));
  if (endpoint.empty()) return;
  const auto colon = endpoint.rfind(':');
  const bool has_port = endpoint.front() != '/' && colon != std::string_view::npos && colon + 1 < endpoint.size() &&
                        endpoint.find_first_not_of("0123456789", colon + 1) == std::string_view::npos &&
                        (endpoint.front() == '[' ? endpoint[colon - 1] == ']' : endpoint.find(':') == colon);
  auto address = has_port ? endpoint.substr(0, colon) : endpoint;
  if (has_port) labels.server_port = std::string(endpoint.substr(colon + 1));
  if (address.size() > 1 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  labels.server_address = std::string(address);
}

Attributes DatabaseLabels::attributes() const {
  Attributes out;
  const auto add = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out.emplace_back(name, value);
  };
  add("db.system.name", system);
  add("db.namespace", name_space);
  add("db.collection.name", collection);
  add("server.address", server_address);
  add("server.port", server_port);
  return out;
}

struct DatabaseMetrics::Series {
  ShardedHistogram<DurationHistogram::bounds.size()> duration;
  ShardedHistogram<row_bounds.size()> rows;
};

DatabaseMetrics::DatabaseMetrics(DatabaseLabels labels) : labels_(std::move(labels)) {}
DatabaseMetrics::~DatabaseMetrics() {
  for (auto& entry : series_) delete entry.load(std::memory_order_relaxed);
}

DatabaseMetrics::Series& DatabaseMetrics::series(Operation operation) {
  auto& slot = series_[static_cast<std::size_t>(operation)];
  if (auto* known = slot.load(std::memory_order_acquire)) return *known;
  auto made = std::make_unique<Series>();
  Series* expected = nullptr;
  if (slot.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) return *made.release();
  return *expected;
}

DatabaseMetrics::Series& DatabaseMetrics::error_series(Operation operation, const Error& error) {
  ErrorKey key(operation, std::string(weir::to_string(error.kind())), std::string(error.server_code()));
  const std::lock_guard lock(mutex_);
  if (errors_.size() >= max_error_series && !errors_.contains(key)) std::get<2>(key) = "";
  auto& entry = errors_[std::move(key)];
  if (!entry) entry = std::make_unique<Series>();
  return *entry;
}

void DatabaseMetrics::succeeded(Operation operation, std::chrono::nanoseconds duration) noexcept {
  try {
    series(operation).duration.record(DurationHistogram::bucket(duration),
                                      static_cast<std::uint64_t>(duration.count()));
  } catch (...) {  // no memory for a new series: the operation must not fail for it
  }
}

void DatabaseMetrics::failed(Operation operation, std::chrono::nanoseconds duration, const Error& error) noexcept {
  try {
    error_series(operation, error)
        .duration.record(DurationHistogram::bucket(duration), static_cast<std::uint64_t>(duration.count()));
  } catch (...) {  // as above
  }
}

void DatabaseMetrics::returned_rows(Operation operation, std::uint64_t rows) noexcept {
  try {
    series(operation).rows.record(bucket_of(row_bounds, static_cast<double>(rows)), rows);
  } catch (...) {  // as above
  }
}

void DatabaseMetrics::attempt_failed(std::string_view outcome) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    ++outcomes_[outcome];
  } catch (...) {  // as above
  }
}

std::uint64_t DatabaseMetrics::attempts_failed(std::string_view outcome) const {
  const std::lock_guard lock(mutex_);
  const auto found = outcomes_.find(outcome);
  return found == outcomes_.end() ? 0 : found->second;
}

void DatabaseMetrics::budget(std::function<std::optional<double>()> tokens) {
  const std::lock_guard lock(mutex_);
  budget_.swap(tokens);
}

void DatabaseMetrics::append(std::vector<Metric>& metrics) const {
  const auto base = labels_.attributes();
  const auto add_series = [&](Operation operation, const Series& series, const std::string& type,
                              const std::string& status) {
    Point point;
    point.attributes = base;
    point.attributes.emplace_back("db.operation.name", to_string(operation));
    auto rows = point;
    if (!type.empty()) point.attributes.emplace_back("error.type", type);
    if (!status.empty()) point.attributes.emplace_back("db.response.status_code", status);
    point.histogram = histogram(series.duration, DurationHistogram::bounds, 1e-9);
    if (point.histogram->count() != 0) metrics[duration_metric].points.push_back(std::move(point));
    rows.histogram = histogram(series.rows, row_bounds, 1);
    if (rows.histogram->count() != 0) metrics[rows_metric].points.push_back(std::move(rows));
  };
  for (std::size_t i = 0; i < operation_count; ++i)
    if (const auto* known = series_[i].load(std::memory_order_acquire))
      add_series(static_cast<Operation>(i), *known, {}, {});
  const std::lock_guard lock(mutex_);
  for (const auto& [key, entry] : errors_) add_series(std::get<0>(key), *entry, std::get<1>(key), std::get<2>(key));
  for (const auto& [outcome, number] : outcomes_) {
    Point point;
    point.attributes = base;
    point.attributes.emplace_back("outcome", outcome);
    point.value = static_cast<double>(number);
    metrics[attempts_metric].points.push_back(std::move(point));
  }
  if (const auto tokens = budget_ ? budget_() : std::nullopt) {
    Point point;
    point.attributes = base;
    point.value = *tokens;
    metrics[budget_metric].points.push_back(std::move(point));
  }
}

std::shared_ptr<DatabaseMetrics> DatabaseMetrics::of(const DatabaseLabels& labels) {
  auto& databases = Databases::instance();
  const std::lock_guard lock(databases.mutex);
  if (const auto known = databases.list.find(labels); known != databases.list.end()) return known->second;
  databases.forget_unused();
  return databases.list.emplace(labels, std::make_shared<DatabaseMetrics>(labels)).first->second;
}

std::vector<std::shared_ptr<DatabaseMetrics>> DatabaseMetrics::all() {
  auto& databases = Databases::instance();
  const std::lock_guard lock(databases.mutex);
  std::vector<std::shared_ptr<DatabaseMetrics>> out;
  for (const auto& [labels, database] : databases.list) out.push_back(database);
  return out;
}

bool DatabaseMetrics::empty() const {
  for (const auto& series : series_)
    if (series.load(std::memory_order_acquire) != nullptr) return false;
  const std::lock_guard lock(mutex_);
  return errors_.empty() && outcomes_.empty();
}

std::vector<Metric> operation_instruments() {
  const auto metric = [](const char* name, const char* unit, Instrument instrument, const char* description) {
    Metric out;
    out.name = name;
    out.unit = unit;
    out.description = description;
    out.instrument = instrument;
    return out;
  };
  std::vector<Metric> out;
  out.push_back(metric("db.client.operation.duration", "s", Instrument::histogram,
                       "Duration of database client operations, retries included."));
  out.push_back(metric("db.client.response.returned_rows", "{row}", Instrument::histogram,
                       "The number of records returned by an operation."));
  out.push_back(metric("weir.retry.attempts", "{attempt}", Instrument::counter,
                       "Failed attempts, by what was decided about them."));
  out.push_back(metric("weir.retry.budget", "{token}", Instrument::gauge, "Tokens left in the retry budget."));
  return out;
}

}  // namespace weir::metrics
