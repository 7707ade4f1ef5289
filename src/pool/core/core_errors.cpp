#include "pool/core/core.hpp"

#include <string>

namespace weir::detail {
namespace {

std::string in_words(Duration duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (ms < 10'000) return std::to_string(ms) + " ms";
  return std::to_string(ms / 1000) + " s";
}

}  // namespace

std::string PoolCore::describe(const std::string& operation, const std::source_location& where) {
  if (!operation.empty()) return operation;
  std::string_view file = where.file_name();
  if (file.empty()) return {};
  if (const auto slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  return std::string(file) + ":" + std::to_string(where.line());
}

// What people want to know when a pool has no connection: how many there are, who has them, and why there are no more.
std::string PoolCore::situation(TimePoint now) const {
  const auto max = options_.max_size();
  const auto limit = counters_.max.load();
  std::string out = std::to_string(counters_.used.load()) + " in use of " +
                    (max == PoolOptions::unlimited ? std::string("unlimited") : "at most " + std::to_string(limit)) +
                    ", " + std::to_string(counters_.idle.load()) + " idle, " +
                    std::to_string(counters_.pending.load()) + " connecting, " + std::to_string(waiters()) + " waiting";
  const LeaseRecord* oldest = nullptr;
  each_slot([&](const Slot& slot) {
    for (std::uint32_t i = 0; i < options_.pipeline_depth(); ++i) {
      const auto& record = slot.records[i];
      const auto since = record.since.load(std::memory_order_relaxed);
      if (since != 0 && (oldest == nullptr || since < oldest->since.load(std::memory_order_relaxed))) oldest = &record;
    }
  });
  if (oldest != nullptr) {
    const TimePoint since{Duration{oldest->since.load(std::memory_order_relaxed)}};
    out += "; the oldest lease is out for " + in_words(std::max(Duration{0}, now - since));
    if (const auto who = describe(oldest->operation, oldest->where); !who.empty()) out += " (" + who + ")";
  }
  if (wants_permit_) out += "; total_limit " + std::to_string(options_.total_limit()) + " is used up by all loops";
  for (const auto& endpoint : endpoints_) {
    if (endpoint.failures == 0 || !endpoint.last_error) continue;
    out += "; " + std::to_string(endpoint.failures) + (endpoint.failures == 1 ? " attempt" : " attempts") +
           " to connect failed since " + in_words(now - endpoint.failing_since) +
           ", the last with: " + endpoint.last_error->what();
  }
  return out;
}

Error PoolCore::timeout_error(TimePoint now, const Waiter& waiter) const {
  const auto waited = in_words(now - waiter.since);
  if (waiter.deadline < waiter.limit)
    return {errc::timeout, "the deadline passed in phase acquire, after waiting " + waited + ": " + situation(now)};
  return {errc::pool_timeout, "no connection within " + waited + ": " + situation(now)};
}

Error PoolCore::closed_error() const { return {errc::pool_closed, "the pool is closed"}; }

Error PoolCore::full_error() const {
  return {errc::pool_full, "max_waiters " + std::to_string(options_.max_waiters()) + " callers are waiting already"};
}

Error PoolCore::paused_error() const {
  std::string text = "the pool is paused";
  if (pause_cause_) text += std::string(": ") + pause_cause_->what();
  return {errc::unavailable, std::move(text)};
}

PoolEvent PoolCore::event(PoolEventKind kind, TimePoint now) const {
  PoolEvent out;
  out.kind = kind;
  out.time = now;
  return out;
}

PoolEvent PoolCore::event(PoolEventKind kind, TimePoint now, const Slot& slot) const {
  auto out = event(kind, now);
  out.connection_id = slot.id;
  out.endpoint = endpoints_[slot.endpoint].name;
  return out;
}

}  // namespace weir::detail
