#pragma once

#include "observability/logger.hpp"

#include <weir/pool_events.hpp>

#include <cstdint>

namespace weir::log {

/// At which level the component `pool` writes an event.
Level level_of(PoolEventKind kind) noexcept;

/// The kinds that would be written, a bit for each by its number: one load, so that a pool builds no other events
/// (unless a listener is there).
std::uint32_t wanted_pool_events() noexcept;
bool wants(PoolEventKind kind) noexcept;
/// Writes it.
void write(const PoolEvent& event) noexcept;
/// What write() writes: "db1:5432/people: lease_warning: connection 3 …".
std::string describe(const PoolEvent& event);

}  // namespace weir::log
