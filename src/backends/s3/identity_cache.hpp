#pragma once

#include "backends/s3/credential_files.hpp"
#include "net/waiting_list.hpp"

#include <weir/awaitable.hpp>
#include <weir/error.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace weir::s3 {

using IdentityPointer = std::shared_ptr<const Identity>;

/// Keeps credentials until shortly before they end. Whoever finds them missing fetches them; all others, on any loop,
/// wait for that one, or go on with the old ones as long as these are valid.
///
/// *Thread safety*: any thread.
class IdentityCache : public std::enable_shared_from_this<IdentityCache> {
 public:
  using Fetch = std::function<awaitable<Identity>()>;
  using Now = std::function<WallTime()>;
  IdentityCache(Fetch fetch, Now now) : fetch_(std::move(fetch)), now_(std::move(now)) {}

  /// Those that are there and need not be fetched again; null: `get` has to see.
  IdentityPointer at_hand();
  /// Fetched again from five minutes before they end. `timeout` when they are not there at the deadline; the fetching
  /// goes on for those who come later.
  awaitable<IdentityPointer> get(std::optional<std::chrono::steady_clock::time_point> deadline = {});
  /// The store says that these have ended.
  void refused(const IdentityPointer& identity);
  std::uint64_t refreshes() const noexcept { return refreshes_.load(std::memory_order_relaxed); }

 private:
  class Turn;  ///< that somebody fetches

  struct Fetching;  ///< what came of one fetching
  static awaitable<void> fetch(std::shared_ptr<IdentityCache> cache, std::shared_ptr<Fetching> fetching);
  bool valid(WallTime now) const;
  bool due(WallTime now) const;
  void end_turn();

  const Fetch fetch_;
  const Now now_;
  std::mutex mutex_;
  IdentityPointer current_;
  bool fetching_ = false;
  WallTime not_before_ = WallTime::min();  ///< after a failure while the old ones are still valid
  net::WaitingList waiters_{mutex_};       ///< for the end of the fetching
  std::atomic<std::uint64_t> refreshes_{0};
};

}  // namespace weir::s3
