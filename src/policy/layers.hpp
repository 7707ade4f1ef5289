#pragma once

#include "policy/clock.hpp"

#include <weir/backend.hpp>
#include <weir/config.hpp>

#include <memory>

namespace weir::policy {

/// What the API puts around every backend: deadline, retry, retry budget, circuit breaker, metrics, the slow-operation
/// log, and the cut into partitions for stores that do not cut by themselves.
///
/// A backend that is `immediate()` comes back as it is, unless metrics are on. Budget and breaker are shared by all
/// databases of the process with the same `Config::identity()`.
std::shared_ptr<Backend> with_policies(std::shared_ptr<Backend> backend, const Config& config,
                                       Clock& clock = Clock::real());

}  // namespace weir::policy
