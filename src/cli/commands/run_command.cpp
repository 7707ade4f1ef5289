#include "cli/commands/commands.hpp"

#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <exception>
#include <optional>

namespace weir::cli {
namespace {

awaitable<ExitCode> dispatch(Program& program) {
  switch (program.arguments.command) {
    case Command::ping: return ping(program);
    case Command::get: return get(program);
    case Command::put: return put(program);
    case Command::rm: return remove(program);
    case Command::search: return search(program);
    case Command::count: return count(program);
    case Command::import: return import_file(program);
    case Command::export_: return export_file(program);
    case Command::copy: return copy_records(program);
    case Command::archive: return archive_records(program);
    case Command::explain: return explain(program);
    case Command::stats: break;
  }
  return stats(program);
}

}  // namespace

awaitable<ExitCode> run_command(Program& program) {
  ExitCode code = ExitCode::done;
  std::exception_ptr error;
  try {
    code = co_await dispatch(program);
  } catch (...) {
    error = std::current_exception();
  }
  // Closing waits for the threads of a store, also after Ctrl-C: the coroutine must be able to wait again.
  co_await boost::asio::this_coro::reset_cancellation_state();
  const auto drain = program.interrupt.raised() || error ? std::optional(std::chrono::milliseconds(0)) : std::nullopt;
  for (const auto& database : program.opened) {
    try {
      co_await database.close(drain);
    } catch (...) {
      if (!error) error = std::current_exception();  // the first is what the user is to know
    }
  }
  if (error) std::rethrow_exception(error);
  co_return code;
}

}  // namespace weir::cli
