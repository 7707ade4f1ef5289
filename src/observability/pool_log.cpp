#include "observability/pool_log.hpp"

#include "observability/duration_text.hpp"

#include <memory>
#include <mutex>

namespace weir::log {
namespace {

Component& pool_component() {
  static auto& pool = component("pool");
  return pool;
}

class LoggingListener final : public PoolListener {
 public:
  void on_event(const PoolEvent& event) override {
    if (wants(event.kind)) write(event);
  }
};

}  // namespace

void follow_pools(bool follow) {
  // Never destroyed: pools of threads that outlive main may still tell something.
  static auto* const mutex = new std::mutex;
  static auto* const listener = new std::shared_ptr<PoolListener>(std::make_shared<LoggingListener>());
  static bool following = false;
  const std::lock_guard lock(*mutex);
  if (follow == following) return;
  following = follow;
  if (follow)
    add_pool_listener(*listener);
  else
    remove_pool_listener(*listener);
}

Level level_of(PoolEventKind kind) noexcept {
  switch (kind) {
    case PoolEventKind::slow_acquire:
    case PoolEventKind::lease_warning:
    case PoolEventKind::backoff_started:
    case PoolEventKind::endpoint_ejected:
    case PoolEventKind::server_limit: return Level::warning;
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
