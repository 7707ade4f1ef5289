#include "observability/pool_log.hpp"

#include "observability/duration_text.hpp"

#include <cstddef>

namespace weir::log {
namespace {

Component& pool_component() {
  static auto& pool = component("pool");
  return pool;
}

}  // namespace

Level level_of(PoolEventKind kind) noexcept {
  switch (kind) {
    case PoolEventKind::slow_acquire:
    case PoolEventKind::lease_warning:
    case PoolEventKind::backoff_started:
    case PoolEventKind::endpoint_ejected:
    case PoolEventKind::server_limit:
    case PoolEventKind::many_configurations: return Level::warning;
    case PoolEventKind::pool_created:
    case PoolEventKind::pool_cleared:
    case PoolEventKind::pool_closed:
    case PoolEventKind::endpoint_restored: return Level::info;
    case PoolEventKind::pool_ready:
    case PoolEventKind::connection_created:
    case PoolEventKind::connection_ready:
    case PoolEventKind::connection_closed:
    case PoolEventKind::acquire_failed: return Level::debug;
    case PoolEventKind::acquire_started:
    case PoolEventKind::acquired:
    case PoolEventKind::released: return Level::trace;
  }
  return Level::debug;
}

// For each level that the component may have, the events that are at least as grave.
WantedPoolEvents::WantedPoolEvents() noexcept : component_(pool_component()) {
  constexpr std::size_t kinds = static_cast<std::size_t>(PoolEventKind::many_configurations) + 1;
  for (std::size_t level = 0; level < by_level_.size(); ++level)
    for (std::size_t kind = 0; kind < kinds; ++kind)
      if (level_of(static_cast<PoolEventKind>(kind)) >= static_cast<Level>(level))
        by_level_[level] |= std::uint32_t{1} << kind;
}

bool wants(PoolEventKind kind) noexcept { return pool_component().enabled(level_of(kind)); }

void write(const PoolEvent& event) noexcept {
  try {
    pool_component().write(level_of(event.kind), describe(event));
  } catch (...) {  // no memory for the text: the pool goes on
  }
}

std::string describe(const PoolEvent& event) {
  std::string text = event.pool;
  if (!event.endpoint.empty() && event.pool.find(event.endpoint) == std::string::npos)
    text += (text.empty() ? "" : " at ") + event.endpoint;
  if (!text.empty()) text += ": ";
  text += to_string(event.kind);
  if (event.connection_id != 0) text += ", connection " + std::to_string(event.connection_id);
  if (event.reason) text += ", " + std::string(to_string(*event.reason));
  if (!event.operation.empty()) text += ", " + event.operation;
  if (event.duration.count() != 0) text += ", " + duration_text(event.duration);
  if (!event.text.empty()) text += ": " + event.text;
  if (event.error) text += ": " + std::string(event.error->what());
  return text;
}

}  // namespace weir::log
