#pragma once

#include "observability/logger.hpp"

#include <weir/pool_events.hpp>

namespace weir::log {

/// At which level the component `pool` writes an event.
Level level_of(PoolEventKind kind) noexcept;

/// Whether an event of this kind would be written: one load and one branch, so that a pool builds it only then (or when
/// a listener is there).
bool wants(PoolEventKind kind) noexcept;
/// Writes it.
void write(const PoolEvent& event) noexcept;
/// Whether every pool's events are written from now on. Nobody following costs a pool nothing.
void follow_pools(bool follow);
/// What write() writes: "db1:5432/people: lease_warning: connection 3 …".
std::string describe(const PoolEvent& event);

}  // namespace weir::log
