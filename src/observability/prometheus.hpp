#pragma once

#include <weir/metrics.hpp>

#include <string>
#include <vector>

namespace weir::metrics {

/// The Prometheus text format 0.0.4. Names are translated as OpenTelemetry's "Prometheus and OpenMetrics
/// Compatibility" says: other characters than letters, digits and colons become underscores, the unit is appended in
/// full, counters end with `_total`. Metrics without points are left out.
std::string render_prometheus(const std::vector<Metric>& metrics);

}  // namespace weir::metrics
