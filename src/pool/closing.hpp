#pragma once

#include "pool/driver.hpp"

#include <weir/awaitable.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace weir::detail {

/// Closes pools on whatever loops they are, from any loop; done when each is closed, its loop has ended, or its time to
/// drain is over.
awaitable<void> close_drivers(std::vector<std::shared_ptr<PoolDriver>> drivers,
                              std::optional<std::chrono::milliseconds> drain);

/// The same with the pools' own time to drain; true when there were any.
awaitable<bool> close_and_tell(std::vector<std::shared_ptr<PoolDriver>> drivers);

}  // namespace weir::detail
