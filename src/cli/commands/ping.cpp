#include "cli/commands/commands.hpp"
#include "cli/commands/health_text.hpp"
#include "cli/failure.hpp"
#include "cli/output.hpp"

namespace weir::cli {

awaitable<ExitCode> ping(Program& program) {
  const auto database = co_await open_database(program, program.arguments.database);
  const auto health = co_await database.ping();
  Output output;
  if (!program.terminal.is_terminal())
    output.buffer() = to_json(health).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  else if (health.reachable)
    output.buffer() = to_text(health) + "\n";
  output.finish();
  if (!health.reachable) throw Failure(ExitCode::store, to_text(health));
  co_return ExitCode::done;
}

}  // namespace weir::cli
