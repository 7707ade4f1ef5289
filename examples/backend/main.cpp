// A program that uses a backend of its own like any other.

#include "key_value_backend.hpp"

#include <weir/weir.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>

namespace {

weir::awaitable<void> show() {
  const auto db = co_await weir::AsyncDatabase::open("kv:people");
  co_await db.create(weir::Record{}.with_id("ada").set("name", "Ada").set("born", 1815));
  co_await db.create(weir::Record{}.with_id("alan").set("name", "Alan").set("born", 1912));
  co_await db.create(weir::Record{}.with_id("grace").set("name", "Grace").set("born", 1906));
  const auto query = weir::Query(weir::field("born") > 1900).order_by("born");
  const auto found = co_await db.search(query);
  for (const auto& record : found) std::printf("%s\n", record.get<std::string>("name").c_str());
  co_await db.close();
}

}  // namespace

int main() {
  key_value::install();
  boost::asio::io_context io(1);
  int status = 0;
  boost::asio::co_spawn(io, show(), [&status](std::exception_ptr error) {
    if (!error) return;
    status = 1;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
    }
  });
  io.run();
  return status;
}
