#pragma once

#include <weir/awaitable.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <exception>

namespace weir::test {

/// Runs a coroutine to its end on a loop of its own.
inline void run(awaitable<void> body) {
  boost::asio::io_context loop(1);
  std::exception_ptr error;
  bool ended = false;
  boost::asio::co_spawn(loop, std::move(body), [&](std::exception_ptr e) {
    error = e;
    ended = true;
  });
  loop.run();
  if (error) std::rethrow_exception(error);
  if (!ended) throw std::logic_error("the coroutine never ended");
}

/// The same on a loop that several threads run.
inline void run_on_threads(awaitable<void> body, unsigned threads = 4) {
  boost::asio::thread_pool pool(threads);
  auto done = boost::asio::co_spawn(pool, std::move(body), boost::asio::use_future);
  done.get();
  pool.join();
}

}  // namespace weir::test
