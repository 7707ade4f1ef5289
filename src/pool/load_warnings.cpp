#include "pool/load_warnings.hpp"

#include "pool/listeners.hpp"
#include "pool/loop_record.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace weir::detail {
namespace {

constexpr std::size_t many = 8;

struct Load {
  std::uint64_t connections = 0;  ///< that the pools of this key may open, over all loops
  std::size_t loops = 0;
  std::size_t pools_here = 0;  ///< to this endpoint, on the loop of the new pool
};

Load load_of(const PoolDriver& driver) {
  const auto& mine = driver.pool_key();
  Load out;
  auto& process = Process::instance();
  const std::lock_guard lock(process.mutex());
  for (const auto* const loop : process.loops()) {
    if (!loop->usable()) continue;  // the parent's, and its mutex with a thread that is not here
    const std::lock_guard inner(loop->mutex());
    for (const auto& [key_and_type, entry] : loop->pools()) {
      const auto& other = key_and_type.first;
      if (other.backend() != mine.backend() || other.endpoint() != mine.endpoint()) continue;
      out.connections += entry.driver->stats().max;
      ++out.loops;
      if (entry.driver->is_on(*loop) && driver.is_on(*loop)) ++out.pools_here;
    }
  }
  if (const auto limit = driver.options().total_limit(); limit != 0)
    out.connections = std::min<std::uint64_t>(out.connections, limit);
  return out;
}

void warn_of_server(PoolDriver& driver, const Load& load) {
  const auto allowed = driver.server_limit();
  if (!allowed || load.connections * 5 <= *allowed * 4) return;
  driver.announce(PoolEventKind::server_limit,
                  "the " + std::to_string(load.loops) + " pools to " + driver.pool_key().to_string() + " may open " +
                      std::to_string(load.connections) + " connections together, the server allows " +
                      std::to_string(*allowed));
}

}  // namespace

void announce_new_pool(PoolDriver& driver) {
  driver.announce(PoolEventKind::pool_created);
  if (!Listeners::instance().want(PoolEventKind::server_limit)) return;
  const auto load = load_of(driver);
  if (load.pools_here == many + 1)
    driver.announce(PoolEventKind::many_configurations, std::to_string(load.pools_here) +
                                                            " pools with different settings go to " +
                                                            driver.pool_key().to_string() + " on one loop");
  warn_of_server(driver, load);
}

void announce_server_load(PoolDriver& driver) {
  if (Listeners::instance().want(PoolEventKind::server_limit) && driver.server_limit())
    warn_of_server(driver, load_of(driver));
}

}  // namespace weir::detail
