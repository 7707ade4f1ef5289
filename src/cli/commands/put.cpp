#include "cli/commands/commands.hpp"
#include "cli/import_job.hpp"
#include "cli/output.hpp"

namespace weir::cli {

awaitable<ExitCode> put(Program& program) {
  const auto database = co_await open_database(program, program.arguments.database);
  Output ids;
  ImportJob job(program, database, program.arguments.on_conflict.value_or(OnConflict::upsert), &ids);
  const auto code = co_await job.run();
  ids.finish();
  co_return code;
}

awaitable<ExitCode> import_file(Program& program) {
  const auto database = co_await open_database(program, program.arguments.database);
  ImportJob job(program, database, program.arguments.on_conflict.value_or(OnConflict::insert), nullptr);
  const auto code = co_await job.run();
  co_return code;
}

}  // namespace weir::cli
