#include "observability/operation_metrics.hpp"
#include "observability/pool_metrics.hpp"
#include "observability/prometheus.hpp"
#include "observability/settings.hpp"

#include <weir/log.hpp>
#include <weir/metrics.hpp>
#include <weir/registry.hpp>

#include <iterator>

namespace weir {

namespace metrics {
namespace {
std::atomic<bool> per_loop{false};
}  // namespace

void enable(bool on) noexcept { observability::set(observability::metrics_on, on); }
bool enabled() noexcept { return observability::on(observability::metrics_on); }
void set_per_loop(bool on) noexcept { per_loop.store(on, std::memory_order_relaxed); }

std::vector<Metric> collect() {
  auto out = operation_instruments();
  for (const auto& database : DatabaseMetrics::all()) database->append(out);
  auto pools = pool_metrics(named_pools(PoolRegistry::snapshot(), per_loop.load(std::memory_order_relaxed)));
  std::move(pools.begin(), pools.end(), std::back_inserter(out));
  return out;
}

std::string prometheus() { return render_prometheus(collect()); }

}  // namespace metrics

namespace log {

void set_slow_operation(std::chrono::milliseconds threshold) {
  const std::chrono::nanoseconds limit = threshold;
  observability::slow_threshold.store(limit.count(), std::memory_order_relaxed);
  observability::set(observability::slow_log_on, limit.count() > 0);
}

std::chrono::milliseconds slow_operation() noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::nanoseconds(observability::slow_threshold.load(std::memory_order_relaxed)));
}

}  // namespace log
}  // namespace weir
