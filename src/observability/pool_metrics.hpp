#pragma once

#include <weir/metrics.hpp>
#include <weir/pool_stats.hpp>
#include <weir/registry.hpp>

#include <string>
#include <vector>

namespace weir::metrics {

/// The figures of one pool under the name it is reported with: "host:port/namespace", "#" and a number per loop.
struct NamedPool {
  std::string name;
  PoolStats stats;
};

/// Pools under the names they are reported with. The loops' pools of one key are added up, unless each is wanted by
/// itself; keys that look alike without their secrets are told apart by a digest.
std::vector<NamedPool> named_pools(const std::vector<PoolInfo>& pools, bool per_loop);
/// The instruments of pools with a point for each of them.
std::vector<Metric> pool_metrics(const std::vector<NamedPool>& pools);

}  // namespace weir::metrics
