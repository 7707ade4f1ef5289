#include "core/config/pool_config.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace weir::configuration {

PoolOptions pool_options(const Config& config) {
  const auto number = [&](const char* option) { return config.get<unsigned>(option); };
  const auto time = [&](const char* option) { return config.get<std::chrono::milliseconds>(option); };
  PoolOptions out;
  out.max_size(number("max_size")).min_size(number("min_size")).min_idle(number("min_idle"));
  if (config.has("max_idle")) out.max_idle(number("max_idle"));
  out.total_limit(number("total_limit")).max_connecting(number("max_connecting"));
  out.acquire_timeout(time("acquire_timeout")).max_waiters(number("max_waiters")).slow_acquire(time("slow_acquire"));
  out.fail_fast(config.get<bool>("fail_fast"));
  out.connect_timeout(time("connect_timeout")).attempt_delay(time("attempt_delay"));
  out.reconnect_min(time("reconnect_min")).reconnect_max(time("reconnect_max"));
  out.tcp_user_timeout(time("tcp_user_timeout")).tcp_keepalive_idle(time("tcp_keepalive"));
  out.tcp_keepalive_interval(time("tcp_keepalive_interval")).tcp_keepalive_count(number("tcp_keepalive_count"));
  out.idle_timeout(time("idle_timeout")).max_lifetime(time("max_lifetime"));
  out.max_uses(config.get<std::uint64_t>("max_uses"));
  out.reuse(config.get<std::string>("reuse") == "fifo" ? Reuse::fifo : Reuse::lifo);
  out.lease_warning(time("lease_warning")).drain_timeout(time("drain_timeout"));
  out.housekeeping(time("housekeeping")).loop_threads(number("loop_threads"));
  return out;
}

}  // namespace weir::configuration
