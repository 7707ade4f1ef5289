#pragma once

#include "observability/logger.hpp"

#include <weir/pool_events.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::log {

/// At which level the component `pool` writes an event.
Level level_of(PoolEventKind kind) noexcept;

/// The kinds that would be written, a bit for each by its number, so that a pool builds no other events (unless a
/// listener is there).
class WantedPoolEvents {
 public:
  WantedPoolEvents() noexcept;
  /// Two loads.
  std::uint32_t now() const noexcept { return by_level_[static_cast<std::size_t>(component_.level())]; }

 private:
  const Component& component_;
  std::array<std::uint32_t, static_cast<std::size_t>(Level::off) + 1> by_level_{};
};
bool wants(PoolEventKind kind) noexcept;
/// Writes it.
void write(const PoolEvent& event) noexcept;
/// What write() writes: "db1:5432/people: lease_warning: connection 3 …".
std::string describe(const PoolEvent& event);

}  // namespace weir::log
