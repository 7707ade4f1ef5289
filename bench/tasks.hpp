#pragma once

// What programs with coroutines share: one loop on one thread, and many tasks on it.

#include <weir/awaitable.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <utility>

namespace bench {

// One loop, one thread; ends the program when the coroutine throws.
inline void run(weir::awaitable<void> body) {
  boost::asio::io_context loop(1);
  boost::asio::co_spawn(loop, std::move(body), [](std::exception_ptr error) {
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "%s\n", failure.what());
    }
    std::exit(1);
  });
  loop.run();
}

// Counts tasks that have ended, for the coroutine that waits for all of them.
template <class Task>
weir::awaitable<void> all(int tasks, Task task) {
  const auto executor = co_await boost::asio::this_coro::executor;
  auto left = std::make_shared<int>(tasks);
  boost::asio::steady_timer done(executor, boost::asio::steady_timer::time_point::max());
  for (int i = 0; i < tasks; ++i) {
    boost::asio::co_spawn(executor, task(i), [left, &done](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
      if (--*left == 0) done.cancel();
    });
  }
  boost::system::error_code ignored;
  co_await done.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
}

}  // namespace bench
