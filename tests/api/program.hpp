#pragma once

// What the programs of this folder share. They are written as a user writes them: only public headers, only <weir/...>
// and Asio. Each is built with every compiler and run under the sanitizers.

#include <weir/weir.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

namespace asio = boost::asio;

// Runs one coroutine on a loop of its own; the exit status of the program.
inline int run(weir::awaitable<void> work) {
  asio::io_context loop(1);
  int status = 0;
  asio::co_spawn(loop, std::move(work), [&](std::exception_ptr error) {
    if (!error) return;
    status = 1;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& failure) {
      std::printf("threw %s\n", failure.what());
    }
  });
  loop.run();
  std::puts(status == 0 ? "ok" : "FAIL");
  return status;
}

#define CHECK(condition)                                          \
  do {                                                            \
    if (!(condition)) {                                           \
      std::printf("%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::exit(3);                                               \
    }                                                             \
  } while (false)
