#pragma once

#include <weir/weir.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <exception>

// Runs one coroutine to its end; its exception is the program's failure.
inline int run(weir::awaitable<void> work) {
  boost::asio::io_context loop(1);
  int status = 0;
  boost::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr error) {
    if (!error) return;
    status = 1;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "%s\n", failure.what());
    }
  });
  loop.run();
  if (status == 0) std::puts("ok");
  return status;
}

inline void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

// Stores a record and reads it back.
inline weir::awaitable<void> round_trip(std::string url) {
  auto db = co_await weir::AsyncDatabase::open(std::move(url));
  auto id = co_await db.create(weir::Record{}.set("name", "Ada"));
  auto found = co_await db.read(id);
  require(found && found->get<std::string>("name") == "Ada", "the record is not what was stored");
  co_await db.close();
}
