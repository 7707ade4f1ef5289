#pragma once

#include <weir/log.hpp>
#include <weir/pool.hpp>
#include <weir/pool_events.hpp>
#include <weir/registry.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <string>

namespace weir::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Thousands of servers go down in these tests: nobody wants to read of each.
inline const bool log_is_off = [] {
  log::set_level("pool", log::Level::off);
  return true;
}();

/// What a pool keeps in these tests: it knows how many of its kind are open, and whether two use it at once.
struct Line {
  explicit Line(std::shared_ptr<std::atomic<int>> count) : open(std::move(count)) { ++*open; }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { --*open; }
  std::shared_ptr<std::atomic<int>> open;
  std::atomic<int> users{0};
  std::atomic<bool> dead{false};
  int number = 0;
};

/// Opens lines; what goes wrong is up to the test.
class Lines : public ConnectionFactory<Line> {
 public:
  awaitable<std::unique_ptr<Line>> connect() override {
    const auto n = ++attempts;
    const std::chrono::milliseconds wait = n > hang_after ? 1h : delay;
    if (wait.count() > 0) {
      asio::steady_timer timer(co_await asio::this_coro::executor, wait);
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (on_connect) on_connect(n);
    auto line = std::make_unique<Line>(open);
    line->number = ++made;
    co_return line;
  }
  awaitable<bool> ping(Line& line) override {
    ++pings;
    if (hang_pings) {
      asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return !line.dead;
  }
  awaitable<bool> reset(Line&) override {
    ++resets;
    if (resetting == Resetting::hangs) {
      asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (resetting == Resetting::throws) throw Error(errc::connection_lost, "gone in the middle of a reset");
    co_return resetting == Resetting::well;
  }
  bool usable(const Line& line) noexcept override { return !line.dead; }
  ReturnAs on_return(const Line&) noexcept override { return answer; }
  void abandon(std::unique_ptr<Line>) noexcept override { ++abandoned; }

  enum class Resetting { well, fails, throws, hangs };

  std::shared_ptr<std::atomic<int>> open = std::make_shared<std::atomic<int>>(0);
  std::chrono::milliseconds delay{0};
  int hang_after = std::numeric_limits<int>::max();  ///< connects after this many never come to an end
  std::function<void(int)> on_connect;
  std::atomic<ReturnAs> answer{ReturnAs::ready};
  std::atomic<bool> hang_pings{false};
  std::atomic<Resetting> resetting{Resetting::well};
  std::atomic<int> attempts{0}, made{0}, pings{0}, resets{0}, abandoned{0};
};

/// Runs a coroutine on a loop of its own to its end; what it throws is a failure.
inline void run_on(asio::io_context& loop, awaitable<void> work) {
  asio::co_spawn(loop, std::move(work), [](std::exception_ptr failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      ADD_FAILURE() << "threw " << e.what();
    }
  });
  loop.restart();
  loop.run();
}

inline void run(awaitable<void> work) {
  asio::io_context loop(1);
  run_on(loop, std::move(work));
}

inline std::shared_ptr<Pool<Line>> pool_here(PoolRegistry& registry, std::shared_ptr<Lines> lines,
                                             PoolOptions options = {}, std::string name = "here") {
  return registry.get<Line>(PoolKey("line", std::move(name)), lines, std::move(options));
}

/// Lets everything that is ready on this loop happen.
inline awaitable<void> turn(int times = 1) {
  for (int i = 0; i < times; ++i) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

/// What `work` throws.
template <class T>
awaitable<std::exception_ptr> failure_of(awaitable<T> work) {
  std::exception_ptr failure;
  try {
    co_await std::move(work);
  } catch (...) {
    failure = std::current_exception();
  }
  co_return failure;
}

inline Error as_error(const std::exception_ptr& failure) {
  if (!failure) {
    ADD_FAILURE() << "nothing was thrown";
    return {errc::server_error, "nothing was thrown"};
  }
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& e) {
    ADD_FAILURE() << "not an Error: " << e.what();
    return {errc::server_error, e.what()};
  }
}

/// Awaits outside of the macro's expressions: g++ 12 is not to be trusted with temporaries around co_await.
#define CO_EXPECT_FAILURE(work, code)                                     \
  do {                                                                    \
    const std::exception_ptr failure_of_work = co_await failure_of(work); \
    EXPECT_EQ(as_error(failure_of_work).kind(), code);                    \
  } while (false)

}  // namespace weir::test
