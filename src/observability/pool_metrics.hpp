#pragma once

#include <weir/metrics.hpp>
#include <weir/pool_stats.hpp>

#include <string>
#include <vector>

namespace weir::metrics {

/// The figures of one pool under the name it is reported with: "host:port/namespace", "#" and a number per loop.
struct NamedPool {
  std::string name;
  PoolStats stats;
};

/// The instruments of pools with a point for each of them.
std::vector<Metric> pool_metrics(const std::vector<NamedPool>& pools);

}  // namespace weir::metrics
