#include "cli/commands/commands.hpp"
#include "cli/commands/health_text.hpp"
#include "cli/output.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace weir::cli {
namespace {

std::string reading(const Program& program, const Health& health, const PoolStats& pool) {
  if (program.terminal.is_terminal()) return to_text(health) + "\n" + to_text(pool);
  Json json = Json::object();
  json["time"] =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  json["health"] = to_json(health);
  json["pool"] = to_json(pool);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

awaitable<ExitCode> stats(Program& program) {
  const auto& arguments = program.arguments;
  const auto database = co_await open_database(program, arguments.database);
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  Output output;
  for (;;) {
    const auto health = co_await database.ping();
    output.buffer() += reading(program, health, database.stats());
    output.flush();
    if (!arguments.watch) co_return health.reachable ? ExitCode::done : ExitCode::store;
    if (program.interrupt.raised()) co_return ExitCode::interrupted;
    pause.expires_after(arguments.interval);
    constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
    co_await pause.async_wait(token);
    if (program.interrupt.raised()) co_return ExitCode::interrupted;
  }
}

}  // namespace weir::cli
