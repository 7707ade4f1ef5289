#include "cli/commands/commands.hpp"

namespace weir::cli {

awaitable<ExitCode> run_command(Program& program) {
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
    case Command::explain: return explain(program);
    case Command::stats: break;
  }
  return stats(program);
}

}  // namespace weir::cli
