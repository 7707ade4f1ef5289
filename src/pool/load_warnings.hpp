#pragma once

#include "pool/driver.hpp"

namespace weir::detail {

/// Tells the listeners of a new pool, and of what it does to the server: the sum over the loops, and how many pools go
/// to one endpoint. No lock is held.
void announce_new_pool(PoolDriver& driver);
/// The sum over the loops once more, now that the factory may know what the server allows.
void announce_server_load(PoolDriver& driver);

}  // namespace weir::detail
