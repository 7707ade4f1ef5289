#include <weir/error.hpp>
#include <weir/pool_options.hpp>

#include <array>
#include <string_view>

namespace weir {
namespace {

[[noreturn]] void refuse_options(std::string text) { throw Error(errc::invalid_argument, std::move(text)); }

// Every duration with its name: for the check, and for the text.
template <class Options, class Visit>
void each_duration(const Options& o, Visit visit) {
  visit("acquire_timeout", o.acquire_timeout());
  visit("slow_acquire", o.slow_acquire());
  visit("selection_timeout", o.selection_timeout());
  visit("connect_timeout", o.connect_timeout());
  visit("attempt_delay", o.attempt_delay());
  visit("reconnect_min", o.reconnect_min());
  visit("reconnect_max", o.reconnect_max());
  visit("tcp_user_timeout", o.tcp_user_timeout());
  visit("tcp_keepalive_idle", o.tcp_keepalive_idle());
  visit("tcp_keepalive_interval", o.tcp_keepalive_interval());
  visit("idle_timeout", o.idle_timeout());
  visit("max_lifetime", o.max_lifetime());
  visit("validate_after", o.validate_after());
  visit("keepalive_interval", o.keepalive_interval());
  visit("housekeeping", o.housekeeping());
  visit("ping_timeout", o.ping_timeout());
  visit("reset_timeout", o.reset_timeout());
  visit("heartbeat_interval", o.heartbeat_interval());
  visit("min_heartbeat", o.min_heartbeat());
  visit("eject_base", o.eject_base());
  visit("eject_max", o.eject_max());
  visit("lease_warning", o.lease_warning());
  visit("drain_timeout", o.drain_timeout());
}

template <class Options, class Visit>
void each_number(const Options& o, Visit visit) {
  visit("max_size", std::uint64_t{o.max_size()});
  visit("min_size", std::uint64_t{o.min_size()});
  visit("min_idle", std::uint64_t{o.min_idle()});
  visit("max_idle", std::uint64_t{o.idle_limit()});
  visit("total_limit", std::uint64_t{o.total_limit()});
  visit("max_connecting", std::uint64_t{o.max_connecting()});
  visit("pipeline_depth", std::uint64_t{o.pipeline_depth()});
  visit("max_waiters", std::uint64_t{o.max_waiters()});
  visit("fail_fast", std::uint64_t{o.fail_fast()});
  visit("tcp_keepalive_count", std::uint64_t{o.tcp_keepalive_count()});
  visit("start_paused", std::uint64_t{o.start_paused()});
  visit("max_uses", o.max_uses());
  visit("eject_after", std::uint64_t{o.eject_after()});
  visit("loop_threads", std::uint64_t{o.loop_threads()});
}

void no_more_than(std::string_view small, std::uint64_t low, std::string_view large, std::uint64_t high) {
  if (low <= high) return;
  refuse_options(std::string(small) + " (" + std::to_string(low) + ") is larger than " + std::string(large) + " (" +
                 std::to_string(high) + ")");
}

void at_least_one(std::string_view name, std::uint64_t value) {
  if (value == 0) refuse_options(std::string(name) + " must be at least 1");
}

}  // namespace

void PoolOptions::validate() const {
  each_duration(*this, [](std::string_view name, milliseconds value) {
    // A year is more than anybody means and keeps every sum of a time and a duration far from overflow.
    constexpr milliseconds longest = std::chrono::hours{24 * 366};
    if (value < milliseconds::zero()) refuse_options(std::string(name) + " is negative");
    if (value > longest) refuse_options(std::string(name) + " is longer than a year");
  });
  at_least_one("max_size", max_size_);
  at_least_one("max_connecting", max_connecting_);
  at_least_one("pipeline_depth", pipeline_depth_);
  at_least_one("eject_after", eject_after_);
  no_more_than("pipeline_depth", pipeline_depth_, "its own limit", 4096);
  no_more_than("min_size", min_size_, "max_size", max_size_);
  no_more_than("min_idle", min_idle_, "max_size", max_size_);
  if (max_idle_) no_more_than("min_idle", min_idle_, "max_idle", *max_idle_);
  if (total_limit_ != 0) no_more_than("min_size", min_size_, "total_limit", total_limit_);
  const auto ms = [](milliseconds value) { return static_cast<std::uint64_t>(value.count()); };
  no_more_than("reconnect_min", ms(reconnect_min_), "reconnect_max", ms(reconnect_max_));
  no_more_than("eject_base", ms(eject_base_), "eject_max", ms(eject_max_));
  if (connect_timeout_ == milliseconds::zero()) refuse_options("connect_timeout must be at least 1 ms");
  if (ping_timeout_ == milliseconds::zero()) refuse_options("ping_timeout must be at least 1 ms");
  if (reset_timeout_ == milliseconds::zero()) refuse_options("reset_timeout must be at least 1 ms");
}

std::string PoolOptions::to_string() const {
  static const PoolOptions defaults;
  std::string out;
  const auto add = [&out](std::string_view name, const std::string& value) {
    if (!out.empty()) out += ' ';
    out.append(name).append("=").append(value);
  };
  std::array<std::uint64_t, 14> numbers{};
  std::array<milliseconds, 23> durations{};
  std::size_t next = 0;
  each_number(defaults, [&](std::string_view, std::uint64_t value) { numbers.at(next++) = value; });
  next = 0;
  each_number(*this, [&](std::string_view name, std::uint64_t value) {
    const bool follows_max_size = name == "max_idle" && !max_idle_;
    if (value != numbers.at(next++) && !follows_max_size)
      add(name, value == unlimited && name == "max_size" ? std::string("unlimited") : std::to_string(value));
  });
  next = 0;
  each_duration(defaults, [&](std::string_view, milliseconds value) { durations.at(next++) = value; });
  next = 0;
  each_duration(*this, [&](std::string_view name, milliseconds value) {
    if (value != durations.at(next++)) add(name, std::to_string(value.count()) + "ms");
  });
  if (reuse_ != defaults.reuse_) add("reuse", reuse_ == Reuse::fifo ? "fifo" : "lifo");
  return out.empty() ? "defaults" : out;
}

}  // namespace weir
