#pragma once

// What the steps of the tutorial share: a loop, one coroutine on it, and a check that ends the program.

#include <weir/weir.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

// The URL of the database: the program's argument, else one in memory.
inline std::string url_from(int argc, char** argv) { return argc > 1 ? argv[1] : "memory:"; }

// Runs a coroutine on a loop of this thread until it is done; the exit status of the program.
inline int run(weir::awaitable<void> work) {
  boost::asio::io_context loop(1);
  std::exception_ptr failure;
  boost::asio::co_spawn(loop, std::move(work), [&failure](std::exception_ptr error) { failure = error; });
  loop.run();
  if (!failure) return 0;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}

// The examples are run as tests: what they claim is checked.
inline void expect(bool claim, const char* text) {
  if (claim) return;
  std::fprintf(stderr, "not so: %s\n", text);
  std::exit(3);
}
#define EXPECT(claim) expect(static_cast<bool>(claim), #claim)
