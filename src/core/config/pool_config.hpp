#pragma once

#include <weir/config.hpp>
#include <weir/export.hpp>
#include <weir/pool_options.hpp>

namespace weir::configuration {

/// What every store with connections takes from its configuration for its pools. What only some have (pings, resets,
/// heartbeats, several endpoints, shared leases) is as PoolOptions has it, for the store to set.
WEIR_API PoolOptions pool_options(const Config& config);

}  // namespace weir::configuration
