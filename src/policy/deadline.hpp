#pragma once

#include "net/strand_call.hpp"
#include "policy/clock.hpp"

#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

/// Deadlines for operations that know none.
namespace weir::policy {

/// How long an operation that was cancelled at its deadline may take to say what became of it.
inline constexpr Duration deadline_grace = std::chrono::milliseconds{100};

class DeadlineOptions {
 public:
  DeadlineOptions() = default;
  TimePoint deadline = TimePoint::max();
  /// What a timeout says about the write.
  bool may_apply = false;
  /// Whether an operation that does not end when it is cancelled is left to itself. Otherwise the call lasts as long as
  /// it does: streams and transactions must not be used while an operation of theirs is under way.
  bool may_abandon = false;
};

namespace detail {

/// An operation and the coroutine that watches it; both run on one strand.
class Watched {
 public:
  Watched(Clock& watch, const boost::asio::any_io_executor& strand) : clock(watch), timer(strand) {}
  Clock& clock;
  boost::asio::steady_timer timer;
  boost::asio::cancellation_signal signal;
  bool ended = false;
  std::exception_ptr error;
};

/// Waits until the operation has ended; throws `timeout` or `cancelled` when it is to be waited for no longer. What the
/// operation ended with after it was cancelled is replaced by these, unless it is an error of its own.
awaitable<void> watch(std::shared_ptr<Watched> watched, DeadlineOptions options);

template <class T>
class Result : public Watched {
 public:
  using Watched::Watched;
  std::optional<T> value;
};

template <class T>
awaitable<void> fill(std::shared_ptr<Result<T>> result, awaitable<T> operation, std::shared_ptr<const void> keep) {
  const auto kept = std::move(keep);
  result->value.emplace(co_await std::move(operation));
}

inline awaitable<void> keep_alive(awaitable<void> operation, std::shared_ptr<const void> keep) {
  const auto kept = std::move(keep);
  co_await std::move(operation);
}

void start(const boost::asio::any_io_executor& strand, std::shared_ptr<Watched> watched, awaitable<void> operation);

template <class T>
awaitable<T> supervise(Clock* clock, boost::asio::any_io_executor strand, awaitable<T> operation,
                       DeadlineOptions options, std::shared_ptr<const void> keep) {
  if constexpr (std::is_void_v<T>) {
    auto watched = std::make_shared<Watched>(*clock, strand);
    start(strand, watched, keep_alive(std::move(operation), std::move(keep)));
    co_await watch(watched, options);
  } else {
    auto result = std::make_shared<Result<T>>(*clock, strand);
    start(strand, result, fill<T>(result, std::move(operation), std::move(keep)));
    co_await watch(result, options);
    co_return std::move(*result->value);
  }
}

template <class T>
awaitable<T> within_deadline(Clock* clock, awaitable<T> operation, DeadlineOptions options,
                             std::shared_ptr<const void> keep) {
  const boost::asio::any_io_executor strand = boost::asio::make_strand(co_await boost::asio::this_coro::executor);
  co_return co_await net::call_on_strand<T>(
      strand, supervise<T>(clock, strand, std::move(operation), options, std::move(keep)));
}

}  // namespace detail

/// Runs `operation` until its deadline, then cancels it and throws `timeout`. Works on loops that many threads run: the
/// operation, the timer and the cancellation meet on a strand. `keep` stays alive as long as the operation, which may
/// be longer than the call.
template <class T>
awaitable<T> within_deadline(Clock& clock, awaitable<T> operation, DeadlineOptions options,
                             std::shared_ptr<const void> keep) {
  return detail::within_deadline<T>(&clock, std::move(operation), options, std::move(keep));
}

}  // namespace weir::policy
